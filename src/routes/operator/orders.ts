import { z } from '@hono/zod-openapi';
import type { ErrorCode, Refusal } from '../../errors.ts';
import { OVERLOADED_RETRY_SECONDS } from '../../errors/retry-seconds.ts';
import { jsonObject } from '../../http/json-body.ts';

/** Characters after trimming. The database has the same limit. */
const LONGEST_REASON = 500;

export const reason = z
  .string()
  .trim()
  .min(1)
  .max(LONGEST_REASON)
  // SQLite stores half a surrogate pair that came in JSON, and libSQL's server then fails every reader of the row.
  .refine((text) => !/[\p{Cc}\p{Cs}]/u.test(text), 'must not contain control characters or lone surrogates')
  .openapi({
    description: 'Why, for the list of operator actions.',
    example: 'Ticket 4711: the read was billed although the video was cut off.',
  });

export const ReasonBody = jsonObject({ reason }).openapi('OwnerReason', {
  example: { reason: 'Ticket 4711: key found in a public repository.' },
});

/** Longer than any id. Characters. */
const LONGEST_ID = 100;

/** An id in a path. Its shape is not checked further: an id of nothing is 404. */
export const idInPath = z
  .string()
  .min(1)
  .max(LONGEST_ID)
  // libSQL's server rejects a lone surrogate, which would look like an outage.
  .refine((text) => text.isWellFormed(), 'must not contain lone surrogates');

export function deskRefusal(
  refusal: { readonly kind: 'unknown' | 'unreachable' },
  what: string,
): Refusal<Extract<ErrorCode, 'not_found' | 'overloaded'>> {
  return refusal.kind === 'unknown'
    ? { code: 'not_found', message: `There is no such ${what}.` }
    : { code: 'overloaded', retryAfterSeconds: OVERLOADED_RETRY_SECONDS };
}

export const overloaded: Refusal<'overloaded'> = { code: 'overloaded', retryAfterSeconds: OVERLOADED_RETRY_SECONDS };

export function creditRefusal(refusal: {
  readonly kind: 'unknown' | 'unreachable' | 'other_credit' | 'beyond_limits';
}): Refusal<Extract<ErrorCode, 'not_found' | 'overloaded' | 'idempotency_mismatch' | 'invalid_request'>> {
  switch (refusal.kind) {
    case 'unknown':
    case 'unreachable':
      return deskRefusal({ kind: refusal.kind }, 'account');
    case 'other_credit':
      return { code: 'idempotency_mismatch', message: 'This ref was already used for another credit.' };
    case 'beyond_limits':
      return { code: 'invalid_request', message: "The credit would exceed the account's limits." };
  }
}
