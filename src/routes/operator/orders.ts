import { z } from '@hono/zod-openapi';
import type { ErrorCode, Refusal } from '../../errors.ts';
import { OVERLOADED_RETRY_SECONDS } from '../../errors/retry-seconds.ts';

/** Long enough for a sentence and a ticket's number. Characters after trimming; the database holds the same. */
const LONGEST_REASON = 500;

/** Why the owner does something: kept with the action for good. */
export const reason = z
  .string()
  .trim()
  .min(1)
  .max(LONGEST_REASON)
  // SQLite keeps half a surrogate pair that came in JSON, and the database's server then fails whoever reads it.
  .refine((text) => !/[\p{Cc}\p{Cs}]/u.test(text), 'must not contain control characters or halves of characters')
  .openapi({ example: 'Ticket 4711: the read was billed although the video was cut off.' });

/** A body that gives nothing but a reason. */
export const ReasonBody = z
  .strictObject({ reason })
  .openapi('OwnerReason', { example: { reason: 'Ticket 4711: key found in a public repository.' } });

/** Longer ids were never made. Characters. */
const LONGEST_ID = 100;

/** An id in a path. What there is no such thing of is answered as not found, so its shape needs no more proof. */
export const idInPath = z
  .string()
  .min(1)
  .max(LONGEST_ID)
  // The database's server takes no half of a surrogate pair, and would look as if it were down.
  .refine((text) => text.isWellFormed(), 'must not contain halves of characters');

/** The answer when there is no such thing, or the database didn't answer. */
export function deskRefusal(
  refusal: { readonly kind: 'unknown' | 'unreachable' },
  what: string,
): Refusal<Extract<ErrorCode, 'not_found' | 'overloaded'>> {
  return refusal.kind === 'unknown'
    ? { code: 'not_found', message: `There is no such ${what}.` }
    : { code: 'overloaded', retryAfterSeconds: OVERLOADED_RETRY_SECONDS };
}

/** The answer when the database didn't answer. */
export const overloaded: Refusal<'overloaded'> = { code: 'overloaded', retryAfterSeconds: OVERLOADED_RETRY_SECONDS };

/** The answer when a credit was not booked. */
export function creditRefusal(refusal: {
  readonly kind: 'unknown' | 'unreachable' | 'other_credit' | 'beyond_limits';
}): Refusal<Extract<ErrorCode, 'not_found' | 'overloaded' | 'idempotency_mismatch' | 'invalid_request'>> {
  switch (refusal.kind) {
    case 'unknown':
    case 'unreachable':
      return deskRefusal({ kind: refusal.kind }, 'account');
    case 'other_credit':
      return { code: 'idempotency_mismatch', message: 'This ref was used before for another credit.' };
    case 'beyond_limits':
      return { code: 'invalid_request', message: 'The account would be lifted or sunk beyond what the ledger holds.' };
  }
}
