import type { Ending, ReceiptBody, SettledLine, Spend } from './ledger.ts';
import { FAILURE_WINDOW_MS, failureLimit } from '../idempotency/rows.ts';
import { type KeptAnswer, REPLAY_TTL_MS } from '../idempotency/idempotency.ts';

/**
 * One call of the ledger, as it travels to whoever writes: each field is the JSON text of one row for one statement, ready to stand beside
 * the rows of other calls. Times are the caller's, stamped when the call was made.
 */
export type LedgerCall = {
  readonly kind: 'reserve' | 'charge' | 'settle' | 'release' | 'undo';
  /** The row of the procedure that the call is named after. */
  readonly row: string;
  /** The row by which the outcome is found: for a spend its id and key, for the others the JSON text of the request id. */
  readonly look: string;
  /** Claims the Idempotency-Key before a spend. */
  readonly claim?: string;
  /** Gives the claim up afterwards, if nothing came of it. */
  readonly unclaim?: string;
  /** Keeps the answer under the Idempotency-Key afterwards, if the hold came to what it says. */
  readonly remember?: string;
  /** Counts a failure of the target. */
  readonly fail?: string;
  /** Ends the count of the target's failures. */
  readonly heal?: string;
};

/** Sets money aside for `ttlMs`. The claim of its Idempotency-Key ends with the hold. */
export function reserveCall(spend: Spend, now: number, ttlMs: number): LedgerCall {
  const expiresAt = now + ttlMs;
  const row = JSON.stringify({ ...spend, ...failureLimit(now), now, expiresAt });
  return { kind: 'reserve', row, look: lookOf(spend, now), ...claimOf(spend, now, expiresAt) };
}

/** A claim of a charge is answered in the same batch; were it ever not, it would be free again after this. Milliseconds. */
const CHARGE_CLAIM_MS = 60_000;

/** Sets money aside and takes it in one step. `answer` is kept under the Idempotency-Key. */
export function chargeCall(spend: Spend, receipt: ReceiptBody, answer: KeptAnswer | null, now: number): LedgerCall {
  const row = JSON.stringify({ ...spend, target: null, body: receipt, now });
  return {
    kind: 'charge',
    row,
    look: lookOf({ ...spend, target: null }, now),
    ...claimOf(spend, now, now + CHARGE_CLAIM_MS),
    ...(answer === null || spend.onceDigest == null
      ? {}
      : { remember: memoryOf(spend.id, spend.keyHash, spend.onceDigest, answer, 'settled', now) }),
  };
}

/** Takes what was delivered. The answer is kept under the Idempotency-Key, and the target's failures are forgotten. */
export function settleCall(
  id: Spend['id'],
  lines: readonly SettledLine[],
  receipt: ReceiptBody,
  ending: Ending | undefined,
  now: number,
): LedgerCall {
  const { keyHash, onceDigest = null, answer = null, target = null } = ending ?? {};
  return {
    kind: 'settle',
    row: JSON.stringify({ id, lines, body: receipt, now }),
    look: JSON.stringify(id),
    ...(keyHash === undefined || onceDigest === null || answer === null
      ? {}
      : { remember: memoryOf(id, keyHash, onceDigest, answer, 'settled', now) }),
    ...(target === null ? {} : { heal: JSON.stringify({ id, target }) }),
  };
}

/** Gives a hold back. A definite answer is kept under the Idempotency-Key, else the key is free again; the target's failure is counted. */
export function releaseCall(id: Spend['id'], reason: string, ending: Ending | undefined, now: number): LedgerCall {
  const { keyHash, onceDigest = null, answer = null, target = null } = ending ?? {};
  const hasClaim = keyHash !== undefined && onceDigest !== null;
  return {
    kind: 'release',
    row: JSON.stringify({ id, reason, now }),
    look: JSON.stringify(id),
    ...(hasClaim && answer !== null ? { remember: memoryOf(id, keyHash, onceDigest, answer, 'released', now) } : {}),
    ...(hasClaim && answer === null ? { unclaim: JSON.stringify({ keyHash, digest: onceDigest, requestId: id }) } : {}),
    ...(target === null ? {} : { fail: JSON.stringify({ id, target, code: reason, now, since: now - FAILURE_WINDOW_MS }) }),
  };
}

/** Undoes a request whose caller was told that it failed, whatever came of it. */
export function undoCall(id: Spend['id'], onceDigest: string | null, now: number): LedgerCall {
  return { kind: 'undo', row: JSON.stringify({ id, digest: onceDigest, now }), look: JSON.stringify(id) };
}

function lookOf({ id, keyHash, onceDigest, target }: Spend, now: number): string {
  return JSON.stringify({ id, keyHash, now, onceDigest, target });
}

function claimOf({ id, keyHash, fingerprint, onceDigest: digest }: Spend, now: number, expiresAt: number) {
  if (digest == null) return {};
  return {
    claim: JSON.stringify({ keyHash, digest, fingerprint, requestId: id, now, expiresAt }),
    unclaim: JSON.stringify({ keyHash, digest, requestId: id }),
  };
}

function memoryOf(
  requestId: string,
  keyHash: string,
  digest: string,
  { status, sealed }: KeptAnswer,
  state: 'settled' | 'released',
  now: number,
): string {
  return JSON.stringify({ keyHash, digest, requestId, state, status, sealed, expiresAt: now + REPLAY_TTL_MS });
}
