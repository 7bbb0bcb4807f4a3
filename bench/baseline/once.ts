// How the baseline wraps a spend in the claim of its Idempotency-Key: see libsql-ledger.ts beside this file.
import type { InStatement } from '@libsql/client/web';
import type { Ending, Spend } from '../../src/billing/ledger/ledger.ts';
import { FAILURE_WINDOW_MS } from './replay-rows.ts';
import * as statement from './replay-statements.ts';
import { type StoredResponse, IDEMPOTENCY_TTL_MS } from '../../src/billing/idempotency/idempotency.ts';

/**
 * A spend's own statements with the claim of its Idempotency-Key around them: claimed first, answered after a charge, and given up when
 * no hold came of it. Without a key they stay as they are.
 */
export function withClaim(
  spend: Spend,
  now: number,
  ttlMs: number,
  statements: readonly InStatement[],
  answer: StoredResponse | null,
): InStatement[] {
  const { id, idempotencyKeyHash: digest } = spend;
  if (digest == null) return [...statements];
  const owner = { keyHash: spend.keyHash };
  const claim = { ...owner, digest, fingerprint: spend.fingerprint, requestId: id, now, expiresAt: now + ttlMs };
  return [
    statement.forgetOver(owner, digest, now),
    statement.claimOnce(claim),
    ...statements,
    statement.dropEmptyClaim(owner, digest, id),
    ...(answer === null ? [] : [statement.answerClaim(owner, digest, id, { ...answer, expiresAt: now + IDEMPOTENCY_TTL_MS }, 'settled')]),
  ];
}

/** What a settlement leaves behind: the answer under its key, and no more failures of its target. */
export function afterSettle(id: string, ending: Ending | undefined, now: number): InStatement[] {
  if (ending === undefined) return [];
  return [...memory(id, ending, now, 'settled'), ...(ending.target === null ? [] : [statement.forgetFailing(id, ending.target)])];
}

/** What a release leaves behind: the answer under its key or a free key, and one more failure of its target. */
export function afterRelease(id: string, code: string, ending: Ending | undefined, now: number): InStatement[] {
  if (ending === undefined) return [];
  const failure = { id, target: ending.target, code, now };
  return [...memory(id, ending, now, 'released'), ...(ending.target === null ? [] : [statement.countFailure(failure, FAILURE_WINDOW_MS)])];
}

function memory(
  id: string,
  { keyHash, idempotencyKeyHash: digest, answer }: Ending,
  now: number,
  state: 'settled' | 'released',
): InStatement[] {
  if (digest === null) return [];
  const owner = { keyHash };
  // A settled hold keeps its claim even without an answer: forgetting it would let the same key be charged twice.
  if (answer === null) return state === 'settled' ? [] : [statement.dropUnsettledClaim(owner, digest, id)];
  return [statement.answerClaim(owner, digest, id, { ...answer, expiresAt: now + IDEMPOTENCY_TTL_MS }, state)];
}
