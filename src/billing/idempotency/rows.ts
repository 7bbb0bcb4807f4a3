import { z } from 'zod';
import type { Id } from '../../core/ids.ts';
import type { MicroCredits } from '../../core/money.ts';
import { microsColumn } from '../../db/columns.ts';
import type { Claimed } from './idempotency.ts';

export const ReplayRow = z.object({
  fingerprint: z.string(),
  request_id: z.string(),
  status: z.int().nullable(),
  answer: z.string().nullable(),
  balance_micros: microsColumn.nullable(),
  expires_at: z.int(),
  /** The key of the request's hold; null where it has none. */
  key_id: z.string().nullable(),
});

/** The streak of failures of a key on a target. */
export const FailingRow = z.object({ failures: z.int(), code: z.string(), last_at: z.int() });

/** Older failures do not count. */
export const FAILURE_WINDOW_MS = 600_000;

/** Consecutive failures within the window before a target is refused. */
const MOST_FAILURES = 3;

/** How long the target is then refused: an agent in a loop reaches a provider once in two minutes. */
const COOLING_MS = 120_000;

/**
 * Decides whether the row of an Idempotency-Key stands in the way of this request; null when the key is free or is this request's own.
 * `who` is the account and the key that ask, and what the account can spend now. A response that was paid for belongs to the key that paid:
 * another one may not have its scopes, ceiling or budget.
 */
export function claimedOf(
  row: z.infer<typeof ReplayRow> | null,
  request: { readonly id: string; readonly fingerprint: string },
  who: { readonly accountId: Id<'acct'> | null; readonly keyId: Id<'key'> | null; readonly available: MicroCredits | null },
  now: number,
): Claimed | null {
  if (row === null || row.expires_at <= now || row.request_id === request.id) return null;
  if (row.fingerprint !== request.fingerprint || (row.key_id !== null && row.key_id !== who.keyId)) return { kind: 'mismatch' };
  if (row.status === null) return { kind: 'in_flight', until: row.expires_at };
  const replay = { status: row.status, sealed: row.answer, requestId: row.request_id, available: row.balance_micros };
  return { kind: 'replayed', replay, accountId: who.accountId, availableNow: who.available };
}

export function replayOf(rows: unknown): z.infer<typeof ReplayRow> | null {
  return z.array(ReplayRow).max(1).parse(rows)[0] ?? null;
}

/** Why a target is refused after its failures; null when it is not. `retryAt` in unix milliseconds. */
export function repeatedFailure(
  row: z.infer<typeof FailingRow> | null,
  now: number,
): { readonly failures: number; readonly code: string; readonly retryAt: number } | null {
  if (row === null || row.failures < MOST_FAILURES) return null;
  const retryAt = row.last_at + COOLING_MS;
  return retryAt <= now ? null : { failures: row.failures, code: row.code, retryAt };
}

/** The same limits as arguments of the statement that opens a hold. */
export function failureLimit(now: number): { readonly mostFailures: number; readonly failedAfter: number } {
  return { mostFailures: MOST_FAILURES, failedAfter: now - COOLING_MS };
}
