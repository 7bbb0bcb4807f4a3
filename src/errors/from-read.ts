import type { ErrorCode, Refusal } from '../errors.ts';
import type { TargetRefusal } from '../instagram/target.ts';
import { formatUsd, type MicroCredits } from '../core/money.ts';
import { MISS_WINDOW_SECONDS, type MissVerdict } from '../limits/miss-allowance.ts';
import type { MediaFailure } from '../providers/failover.ts';
import { OVERLOADED_RETRY_SECONDS, PROVIDER_RETRY_SECONDS, UNCONFIGURED_RETRY_SECONDS } from './retry-seconds.ts';

/** What a refusal after the hold means for the next request. */
type ReadErrorRow = {
  /**
   * The refusal holds for every repeat, so it is stored under the Idempotency-Key: it is about the request or the post. Failures of
   * providers or of this service are not stored, so that the same key may try again.
   */
  readonly stored: boolean;
  /** The failure counts against the target, so that repeated failures pause it. */
  readonly countsAgainstTarget: boolean;
  /** The provider was asked and the answer is about the target, so it counts against the account's allowance of misses. */
  readonly isMiss: boolean;
};

const STORED: ReadErrorRow = { stored: true, countsAgainstTarget: true, isMiss: true };
const RETRYABLE: ReadErrorRow = { stored: false, countsAgainstTarget: true, isMiss: false };
const NOT_THE_TARGETS_FAULT: ReadErrorRow = { stored: false, countsAgainstTarget: false, isMiss: false };

/** Every code a read can end with, in the order of the API description. */
const READ_ERROR_ROWS = {
  invalid_cursor: { stored: true, countsAgainstTarget: false, isMiss: false },
  unauthorized: RETRYABLE,
  insufficient_credits: RETRYABLE,
  price_above_max: RETRYABLE,
  key_budget_exceeded: RETRYABLE,
  forbidden: RETRYABLE,
  account_frozen: RETRYABLE,
  private_post: STORED,
  post_not_found: STORED,
  unsupported_url: RETRYABLE,
  share_link_unresolved: STORED,
  not_a_reel: STORED,
  idempotency_in_flight: RETRYABLE,
  idempotency_answer_lost: RETRYABLE,
  idempotency_mismatch: RETRYABLE,
  repeated_failure: RETRYABLE,
  too_many_misses: NOT_THE_TARGETS_FAULT,
  provider_unavailable: RETRYABLE,
  provider_unconfigured: RETRYABLE,
  provider_busy: RETRYABLE,
  overloaded: NOT_THE_TARGETS_FAULT,
  provider_timeout: RETRYABLE,
  cache_miss: RETRYABLE,
} as const satisfies Partial<Record<ErrorCode, ReadErrorRow>>;

type ReadErrorCode = keyof typeof READ_ERROR_ROWS;

/** The codes of READ_ERROR_ROWS. Routes declare them all, and the compiler holds them to it. */
export const READ_ERRORS = Object.keys(READ_ERROR_ROWS) as readonly ReadErrorCode[]; // safe because the table has only these keys

/** Why a read delivered nothing, as the caller is told. */
export type ReadRefusal = Refusal<ReadErrorCode>;

/** Whether a refusal after the hold is stored for a repeat under the same Idempotency-Key. */
export function isStored(code: ReadErrorCode): boolean {
  return READ_ERROR_ROWS[code].stored;
}

/** Whether a refusal after the hold counts as a failure of its target. */
export function countsAgainstTarget(code: ReadErrorCode): boolean {
  return READ_ERROR_ROWS[code].countsAgainstTarget;
}

/** Whether a refusal after the hold counts as a miss of the account. */
export function isMiss(code: ReadErrorCode): boolean {
  return READ_ERROR_ROWS[code].isMiss;
}

/** Refuses to look for one more target that may not exist; null where the account may. */
export function missRefusal(verdict: MissVerdict): ReadRefusal | null {
  return verdict.allowed ? null : tooManyMisses(verdict);
}

/** Maps an allowance of misses that has no room. */
export function tooManyMisses({ allowance, missed, inProgress, retryAfterSeconds }: Exclude<MissVerdict, { allowed: true }>): ReadRefusal {
  const reason = missed < allowance ? 'reads_in_progress' : 'allowance_used_up';
  const seen = reason === 'allowance_used_up' ? '' : ', and as many more as may miss are being read';
  return {
    code: 'too_many_misses',
    message: `In the last hour ${missed} targets of this account did not exist or could not be read, of ${allowance} that may${seen}. Try again in ${retryAfterSeconds} seconds.`,
    details: { reason, missed, inProgress, allowance, windowSeconds: MISS_WINDOW_SECONDS, retryAfterSeconds },
    retryAfterSeconds,
  };
}

/** Maps an input that names nothing readable. */
export function targetRefusal({ reason, message, targets }: TargetRefusal): ReadRefusal {
  return { code: 'unsupported_url', message, details: { reason, ...(targets === undefined ? {} : { targets }) } };
}

/** Refuses a request whose own ceiling is below the most it could cost now. */
export function priceAboveMax(maximum: MicroCredits, ceiling: number): ReadRefusal {
  return {
    code: 'price_above_max',
    message: `This request may cost up to ${formatUsd(maximum)}, more than its maxCostMicroCredits allows.`,
    details: { reason: 'request_ceiling', requiredMicroCredits: maximum, maxCostMicroCredits: ceiling },
  };
}

/** No provider is configured for what was asked. */
export const providerUnconfigured: ReadRefusal = { code: 'provider_unconfigured', retryAfterSeconds: UNCONFIGURED_RETRY_SECONDS };

/** The reel endpoint refuses posts of another type. */
export const notAReel: ReadRefusal = { code: 'not_a_reel', details: { endpoint: '/v1/post' } };

/** Why a post definitely cannot be read; cached for a while. */
export type AbsentReason = 'not_found' | 'private' | 'login_required' | 'age_restricted';

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

/** The reason to cache when a failure is definite; null when it says nothing about the post. */
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

/** Maps the failure of all providers. Vendors' own messages are never passed on. */
export function providerRefusal(failure: MediaFailure): ReadRefusal {
  const retryAfterSeconds = failure.retryAfterSeconds ?? PROVIDER_RETRY_SECONDS;
  switch (failure.kind) {
    case 'not_found':
    case 'private':
    case 'login_required':
    case 'age_restricted':
      return absentRefusal(failure.kind);
    case 'unavailable':
      return { code: 'post_not_found', message: 'The post was deleted or is not public; the data providers cannot tell which.' };
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

/** Maps a share link that leads to no post, or could not be followed. */
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
