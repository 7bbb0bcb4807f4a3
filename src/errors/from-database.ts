import type { KeyRefusal } from '../billing/accounts/accounts.ts';
import type { Claimed } from '../billing/idempotency/idempotency.ts';
import type { LimitRefusal } from '../billing/keys/limits.ts';
import type { OutcomeUnknown, SettleRefusal, SpendRefusal } from '../billing/ledger/ledger.ts';
import { MICRO_CREDITS_PER_CENT, SMALLEST_TOP_UP } from '../billing/topups/top-ups.ts';
import { isoTime, secondsUntil } from '../core/clock.ts';
import { formatUsd, type MicroCredits, minus } from '../core/money.ts';
import type { Refusal } from '../errors.ts';
import { IN_FLIGHT_RETRY_SECONDS, OVERLOADED_RETRY_SECONDS } from './retry-seconds.ts';

/** The stored response of an earlier request under the same Idempotency-Key. Not an error code: it is sent as it was. */
export type Replayed = { readonly code: 'replayed'; readonly claimed: Claimed & { readonly kind: 'replayed' } };

/** A refusal that does not depend on when it is sent. */
type LastingRefusal = Exclude<SpendRefusal, Claimed | { kind: 'repeated_failure' }>;

type SpendError = Refusal<
  | 'unauthorized'
  | 'forbidden'
  | 'account_frozen'
  | 'insufficient_credits'
  | 'price_above_max'
  | 'key_budget_exceeded'
  | 'repeated_failure'
  | 'idempotency_in_flight'
  | 'idempotency_mismatch'
  | 'overloaded'
>;

/** Maps a payment that moved no money; `replayed` carries the response to send again. */
export function spendRefusal(refusal: SpendRefusal | OutcomeUnknown, now: number): SpendError | Replayed {
  switch (refusal.kind) {
    case 'replayed':
      return { code: 'replayed', claimed: refusal };
    case 'in_flight':
    case 'mismatch':
      return claimRefusal(refusal, now);
    case 'outcome_unknown':
      return outcomeUnknown;
    case 'repeated_failure':
      return {
        code: 'repeated_failure',
        message: `The last ${refusal.failures} reads of this target with this key failed, so it is paused for a while.`,
        details: { failures: refusal.failures, lastCode: refusal.code },
        retryAfterSeconds: secondsUntil(refusal.retryAt, now),
      };
    case 'unknown_key':
    case 'key_revoked':
    case 'key_expired':
    case 'account_frozen':
    case 'insufficient_credits':
    case 'scope_missing':
    case 'above_key_ceiling':
    case 'key_budget_exceeded':
    case 'already_resolved':
    case 'unreachable':
    case 'busy':
      return lastingRefusal(refusal);
  }
}

/** Maps a key or account that cannot pay. Unknown, revoked and expired keys are indistinguishable to the caller. */
export function lastingRefusal(refusal: LastingRefusal): SpendError {
  switch (refusal.kind) {
    case 'unknown_key':
    case 'key_revoked':
    case 'key_expired':
      return { code: 'unauthorized' };
    case 'account_frozen':
      return { code: 'account_frozen' };
    case 'insufficient_credits':
      return insufficientCredits(refusal.required, refusal.balance.available);
    case 'scope_missing':
    case 'above_key_ceiling':
    case 'key_budget_exceeded':
      return limitRefusal(refusal);
    case 'busy':
      return { code: 'overloaded', retryAfterSeconds: refusal.retryAfterSeconds };
    case 'already_resolved':
    case 'unreachable':
      return { code: 'overloaded', retryAfterSeconds: OVERLOADED_RETRY_SECONDS };
  }
}

/** Maps a limit of the key itself. Its ceiling has the same code as a ceiling set by the request. */
function limitRefusal(refusal: LimitRefusal): Refusal<'forbidden' | 'price_above_max' | 'key_budget_exceeded'> {
  switch (refusal.kind) {
    case 'scope_missing':
      return scopeRefusal(refusal);
    case 'above_key_ceiling':
      return {
        code: 'price_above_max',
        message: `This request may cost up to ${formatUsd(refusal.required)}; its key allows ${formatUsd(refusal.ceiling)} per request.`,
        details: { reason: 'key_ceiling', requiredMicroCredits: refusal.required, maxCostMicroCredits: refusal.ceiling },
      };
    case 'key_budget_exceeded':
      return {
        code: 'key_budget_exceeded',
        message: `This request may cost up to ${formatUsd(refusal.required)}; its key has used ${formatUsd(refusal.spent)} of its budget of ${formatUsd(refusal.budget)}.`,
        details: {
          requiredMicroCredits: refusal.required,
          budgetMicroCredits: refusal.budget,
          spentMicroCredits: refusal.spent,
          resetsAt: refusal.resetsAt === null ? null : isoTime(refusal.resetsAt),
        },
      };
  }
}

/** Maps a key that lacks the scope of the operation. */
export function scopeRefusal({ scope }: Extract<LimitRefusal, { kind: 'scope_missing' }>): Refusal<'forbidden'> {
  return { code: 'forbidden', message: `This key lacks the scope "${scope}".`, details: { reason: 'scope_missing', scope } };
}

/** A secret that a rotation replaced, where more than a read is asked of it: somebody else may have it. */
export const secretRetiring: Refusal<'forbidden'> = {
  code: 'forbidden',
  message: "This secret was replaced by a rotation: until it ends it can read. Use the key's new secret.",
  details: { reason: 'secret_retiring' },
};

/** Maps an Idempotency-Key that is in use, or was used for a different request. */
export function claimRefusal(
  claimed: Exclude<Claimed, { kind: 'replayed' }>,
  now: number,
): Refusal<'idempotency_in_flight' | 'idempotency_mismatch'> {
  switch (claimed.kind) {
    case 'in_flight':
      // `until` is when a crashed request releases the key.
      return { code: 'idempotency_in_flight', retryAfterSeconds: Math.min(IN_FLIGHT_RETRY_SECONDS, secondsUntil(claimed.until, now)) };
    case 'mismatch':
      return { code: 'idempotency_mismatch' };
  }
}

const outcomeUnknown: Refusal<'overloaded'> = {
  code: 'overloaded',
  message: 'The service lost contact with its database. Send the request again with the same Idempotency-Key to learn its outcome.',
  retryAfterSeconds: OVERLOADED_RETRY_SECONDS,
  billed: null,
};

/** Maps a hold that could not be settled: nothing is delivered, and nothing is charged unless the response is kept for a repeat. */
export function settleRefusal(refusal: SettleRefusal | OutcomeUnknown): Refusal<'overloaded'> {
  switch (refusal.kind) {
    case 'busy':
      return { code: 'overloaded', retryAfterSeconds: refusal.retryAfterSeconds };
    case 'outcome_unknown':
      return outcomeUnknown;
    case 'not_open':
    case 'unreachable':
      return { code: 'overloaded', retryAfterSeconds: OVERLOADED_RETRY_SECONDS };
  }
}

function insufficientCredits(required: MicroCredits, available: MicroCredits): Refusal<'insufficient_credits'> {
  const shortfall = minus(required, available);
  const cents = Math.ceil(Math.max(shortfall, SMALLEST_TOP_UP) / MICRO_CREDITS_PER_CENT);
  return {
    code: 'insufficient_credits',
    message: `This request may cost up to ${formatUsd(required)}, but ${formatUsd(available)} is available.`,
    details: {
      requiredMicroCredits: required,
      availableMicroCredits: available,
      shortfallMicroCredits: shortfall,
      topUp: { method: 'POST', path: '/v1/topups/checkout', body: { microCredits: cents * MICRO_CREDITS_PER_CENT } },
    },
  };
}

/** Maps a key that is not valid, for operations that move no money. */
export function identityRefusal(refusal: KeyRefusal): Refusal<'unauthorized' | 'overloaded'> {
  switch (refusal.kind) {
    case 'unknown_key':
    case 'key_revoked':
    case 'key_expired':
      return { code: 'unauthorized' };
    case 'unreachable':
      return { code: 'overloaded', retryAfterSeconds: OVERLOADED_RETRY_SECONDS };
  }
}
