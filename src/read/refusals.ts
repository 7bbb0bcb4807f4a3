import type { KeyRefusal } from '../billing/accounts/accounts.ts';
import type { SettleRefusal, SpendRefusal } from '../billing/ledger/ledger.ts';
import { MICRO_CREDITS_PER_CENT, SMALLEST_TOP_UP } from '../billing/topups/top-ups.ts';
import type { LimitRefusal } from '../billing/keys/limits.ts';
import { isoTime } from '../core/clock.ts';
import type { ErrorCode, Refusal } from '../errors.ts';
import type { TargetRefusal } from '../instagram/target.ts';
import type { Claimed } from '../billing/idempotency/idempotency.ts';
import { secondsUntil } from '../limits/limiter.ts';
import { type MicroCredits, formatUsd, minus } from '../core/money.ts';
import type { MediaFailure } from '../providers/failover.ts';

/** How long a caller should wait when the database did not answer. Seconds. */
const OVERLOADED_RETRY_SECONDS = 2;
/** How long a caller should wait for busy or failing providers that didn't say. Seconds. */
const PROVIDER_RETRY_SECONDS = 30;
/** How long to wait for something only the operator can change. Seconds. */
const UNCONFIGURED_RETRY_SECONDS = 300;
/** A read takes a few seconds; asking for it every two is often enough. Seconds. */
const IN_FLIGHT_RETRY_SECONDS = 2;

/** The codes a read can end with. Routes declare them all, and the compiler holds them to it. */
export const READ_ERRORS = [
  'invalid_cursor',
  'unauthorized',
  'insufficient_credits',
  'price_above_max',
  'key_budget_exceeded',
  'forbidden',
  'account_frozen',
  'private_post',
  'post_not_found',
  'unsupported_url',
  'share_link_unresolved',
  'not_a_reel',
  'idempotency_in_flight',
  'idempotency_answer_lost',
  'idempotency_mismatch',
  'repeated_failure',
  'provider_unavailable',
  'provider_unconfigured',
  'provider_busy',
  'overloaded',
  'provider_timeout',
] as const satisfies readonly ErrorCode[];

/** Why a read delivered nothing, as the caller is told. */
export type ReadRefusal = Refusal<(typeof READ_ERRORS)[number]>;

/** The answer of an earlier request under the same Idempotency-Key. No code of the API's: it is answered as it was. */
export type Replayed = { readonly code: 'replayed'; readonly claimed: Claimed & { readonly kind: 'replayed' } };

/** The answer to an input that names nothing readable. */
export function targetRefusal(refusal: TargetRefusal): ReadRefusal {
  return { code: 'unsupported_url', message: refusal.message, details: { reason: refusal.reason } };
}

/** A refusal that is the same whenever it is answered. */
type LastingRefusal = Exclude<SpendRefusal, Claimed | { kind: 'repeated_failure' }>;

/** The answer when no money could be set aside, or another request has done so before. */
export function spendRefusal(refusal: SpendRefusal, now: number): ReadRefusal | Replayed {
  switch (refusal.kind) {
    case 'replayed':
      return { code: 'replayed', claimed: refusal };
    case 'in_flight':
    case 'mismatch':
      return claimRefusal(refusal, now);
    case 'repeated_failure':
      return {
        code: 'repeated_failure',
        message: `The last ${refusal.failures} reads of this target with this key failed; it is left alone for a while.`,
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

/** The answer when the key or its account can't pay. An unknown, a revoked and an expired key look the same from outside. */
export function lastingRefusal(refusal: LastingRefusal): ReadRefusal {
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

/** The answer when the account could pay, but its key may not. A key's ceiling is a ceiling like any other, so it has the same code. */
function limitRefusal(refusal: LimitRefusal): Refusal<'forbidden' | 'price_above_max' | 'key_budget_exceeded'> {
  switch (refusal.kind) {
    case 'scope_missing':
      return scopeRefusal(refusal);
    case 'above_key_ceiling':
      return {
        code: 'price_above_max',
        message: `This request may cost up to ${formatUsd(refusal.required)}; its key allows ${formatUsd(refusal.ceiling)} a call.`,
        details: { reason: 'key_ceiling', requiredMicroCredits: refusal.required, maxCostMicroCredits: refusal.ceiling },
      };
    case 'key_budget_exceeded':
      return {
        code: 'key_budget_exceeded',
        message: `This request may cost up to ${formatUsd(refusal.required)}; of its key's budget of ${formatUsd(refusal.budget)}, ${formatUsd(refusal.spent)} is used.`,
        details: {
          requiredMicroCredits: refusal.required,
          budgetMicroCredits: refusal.budget,
          spentMicroCredits: refusal.spent,
          resetsAt: refusal.resetsAt === null ? null : isoTime(refusal.resetsAt),
        },
      };
  }
}

/** The answer when a key may not do that at all. */
export function scopeRefusal({ scope }: Extract<LimitRefusal, { kind: 'scope_missing' }>): Refusal<'forbidden'> {
  return { code: 'forbidden', message: `This key lacks the scope "${scope}".`, details: { reason: 'scope_missing', scope } };
}

/** The answer to a second request under an Idempotency-Key that can't be given the first one's. */
export function claimRefusal(
  claimed: Exclude<Claimed, { kind: 'replayed' }>,
  now: number,
): Refusal<'idempotency_in_flight' | 'idempotency_mismatch'> {
  switch (claimed.kind) {
    case 'in_flight':
      // Usually it is over soon; at the latest then a crashed request gives the key free.
      return { code: 'idempotency_in_flight', retryAfterSeconds: Math.min(IN_FLIGHT_RETRY_SECONDS, secondsUntil(claimed.until, now)) };
    case 'mismatch':
      return { code: 'idempotency_mismatch' };
  }
}

/** The answer to a request that set a ceiling below the most it could cost now. */
export function priceAboveMax(maximum: MicroCredits, ceiling: number): ReadRefusal {
  return {
    code: 'price_above_max',
    message: `This request may cost up to ${formatUsd(maximum)}, more than the ceiling that it set.`,
    details: { reason: 'request_ceiling', requiredMicroCredits: maximum, maxCostMicroCredits: ceiling },
  };
}

/** The answer when a hold could not be settled: nothing is delivered, so nothing may be charged. */
export function settleRefusal(refusal: SettleRefusal): ReadRefusal {
  switch (refusal.kind) {
    case 'busy':
      return { code: 'overloaded', retryAfterSeconds: refusal.retryAfterSeconds };
    case 'not_open':
    case 'unreachable':
      return { code: 'overloaded', retryAfterSeconds: OVERLOADED_RETRY_SECONDS };
  }
}

function insufficientCredits(required: MicroCredits, available: MicroCredits): ReadRefusal {
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

/** The answer when no provider is configured for what was asked. */
export const providerUnconfigured: ReadRefusal = { code: 'provider_unconfigured', retryAfterSeconds: UNCONFIGURED_RETRY_SECONDS };

/** The answer of the reel endpoint for a post of another kind. */
export const notAReel: ReadRefusal = { code: 'not_a_reel', details: { endpoint: '/v1/post' } };

/** The definite news about a post that can't be read; it may be remembered for a while. */
export type AbsentReason = 'not_found' | 'private' | 'login_required' | 'age_restricted';

/** The answer for a post that definitely can't be read. */
export function absentRefusal(reason: AbsentReason): ReadRefusal {
  switch (reason) {
    case 'not_found':
      return { code: 'post_not_found' };
    case 'private':
      return { code: 'private_post', message: 'The account is private, so its posts cannot be read.', details: { reason } };
    case 'login_required':
      return { code: 'private_post', message: 'The platform shows this post to logged-in people only.', details: { reason } };
    case 'age_restricted':
      return { code: 'private_post', message: 'The platform restricts this post by age.', details: { reason } };
  }
}

/**
 * Whether a refusal after the hold is the same for every repeat, so that it is remembered under an Idempotency-Key: what is so about the
 * request and the post. Providers' and our own troubles pass, and the same key may try again.
 */
export function isDefinite(code: ReadRefusal['code']): boolean {
  return DEFINITE.includes(code);
}

const DEFINITE: readonly string[] = ['invalid_cursor', 'private_post', 'post_not_found', 'share_link_unresolved', 'not_a_reel'];

/** Whether a refusal after the hold is a failure of the target, which the loop breaker counts. A bug or a lost settlement is none. */
export function isFailureOfTarget(code: ReadRefusal['code']): boolean {
  return code !== 'overloaded' && code !== 'invalid_cursor';
}

/** Whether a failure is news about the post itself, worth remembering, and which. */
export function absentReason(kind: MediaFailure['kind']): AbsentReason | null {
  switch (kind) {
    case 'not_found':
    case 'private':
    case 'login_required':
    case 'age_restricted':
      return kind;
    case 'unavailable':
    case 'blocked':
    case 'rate_limited':
    case 'out_of_credit':
    case 'misconfigured':
    case 'timed_out':
    case 'server_error':
    case 'bad_response':
    case 'unconfigured':
    case 'overloaded':
      return null;
  }
}

/** The answer when no provider delivered. The vendor's own words stay inside. */
export function providerRefusal(failure: MediaFailure): ReadRefusal {
  const retryAfterSeconds = failure.retryAfterSeconds ?? PROVIDER_RETRY_SECONDS;
  switch (failure.kind) {
    case 'not_found':
    case 'private':
    case 'login_required':
    case 'age_restricted':
      return absentRefusal(failure.kind);
    case 'unavailable':
      return { code: 'post_not_found', message: 'The post is gone or not public; the data providers cannot tell which.' };
    case 'rate_limited':
    case 'out_of_credit':
      return { code: 'provider_busy', retryAfterSeconds };
    case 'timed_out':
      return { code: 'provider_timeout' };
    case 'blocked':
    case 'misconfigured':
    case 'server_error':
    case 'bad_response':
      return { code: 'provider_unavailable' };
    case 'unconfigured':
      return providerUnconfigured;
    case 'overloaded':
      return { code: 'overloaded', retryAfterSeconds: OVERLOADED_RETRY_SECONDS };
  }
}

/** The answer when a share link led nowhere that can be read, or could not be followed. */
export function shareLinkRefusal(kind: 'unresolved' | 'timed_out' | 'unreachable'): ReadRefusal {
  switch (kind) {
    case 'unresolved':
      return { code: 'share_link_unresolved' };
    case 'timed_out':
      return { code: 'provider_timeout' };
    case 'unreachable':
      return { code: 'provider_unavailable' };
  }
}

/** The answer when a key opens nothing, for endpoints that only look. */
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
