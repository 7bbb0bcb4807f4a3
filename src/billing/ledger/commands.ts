import type { Ending, ReceiptBody, SettledLine, Spend } from './ledger.ts';
import { FAILURE_WINDOW_MS, failureLimit } from '../idempotency/rows.ts';
import { type StoredResponse, IDEMPOTENCY_TTL_MS } from '../idempotency/idempotency.ts';

/**
 * One call of the ledger as it travels to the writer. Each field except `kind` and `payer` is the JSON text of one row for one statement,
 * ready to be joined with the rows of other calls; its times are the caller's. The field names are a wire format: requests send calls to
 * the Durable Object, and an `undo` can wait in its storage across deployments. All but `row` and `look` are named after the SQL procedure
 * they feed.
 */
export type LedgerCall = {
  readonly kind: 'reserve' | 'charge' | 'settle' | 'release' | 'undo';
  /** The hash of the key whose account takes a turn of the writer for this call. Without it the call is the service's own. */
  readonly payer?: string;
  /** Row of the procedure that `kind` names. */
  readonly row: string;
  /** Selects the outcome: by id and key for a spend, by request id for the others. */
  readonly look: string;
  /** Claims the Idempotency-Key before a spend. */
  readonly claim?: string;
  /** Releases that claim afterwards if no money is held or taken. */
  readonly unclaim?: string;
  /** Stores the response under the Idempotency-Key if the hold reached the state given in the row. */
  readonly remember?: string;
  /** Records a failure of the target. */
  readonly fail?: string;
  /** Resets the target's failure count. */
  readonly heal?: string;
};

/** The arguments of `Ledger.settle`. */
export type SettleRequest = {
  readonly id: Spend['id'];
  readonly lines: readonly SettledLine[];
  readonly receipt: ReceiptBody;
  readonly ending: Ending | undefined;
};

/** The arguments of `Ledger.release`. */
export type ReleaseRequest = Pick<SettleRequest, 'id' | 'ending'> & { readonly reason: string };

/** Sets money aside for `ttlMs`. The claim of the Idempotency-Key expires with the hold. */
export function reserveCall(spend: Spend, now: number, ttlMs: number): LedgerCall {
  const expiresAt = now + ttlMs;
  const row = JSON.stringify({ ...spend, ...failureLimit(now), now, expiresAt });
  return { kind: 'reserve', payer: spend.keyHash, row, look: outcomeQuery(spend, now), ...claimRows(spend, now, expiresAt) };
}

/** The batch that makes a charge's claim also stores the response; should that ever fail, the claim ends after this time. */
const CHARGE_CLAIM_MS = 60_000;

/** Sets money aside and takes it in one step, and stores `answer` under the Idempotency-Key. */
export function chargeCall(
  { spend, receipt, answer }: { readonly spend: Spend; readonly receipt: ReceiptBody; readonly answer: StoredResponse | null },
  now: number,
): LedgerCall {
  const row = JSON.stringify({ ...spend, target: null, body: receipt, now });
  return {
    kind: 'charge',
    payer: spend.keyHash,
    row,
    look: outcomeQuery({ ...spend, target: null }, now),
    ...claimRows(spend, now, now + CHARGE_CLAIM_MS),
    ...(answer === null || spend.idempotencyKeyHash == null
      ? {}
      : { remember: responseRow(claimOf(spend.id, spend.keyHash, spend.idempotencyKeyHash), { answer, state: 'settled' }, now) }),
  };
}

/** Takes what was delivered, stores the response under the Idempotency-Key and resets the target's failure count. */
export function settleCall({ id, lines, receipt, ending }: SettleRequest, now: number): LedgerCall {
  const { keyHash, idempotencyKeyHash = null, answer = null, target = null } = ending ?? {};
  return {
    kind: 'settle',
    ...payerOf(keyHash),
    row: JSON.stringify({ id, lines, body: receipt, now }),
    look: JSON.stringify(id),
    ...(keyHash === undefined || idempotencyKeyHash === null || answer === null
      ? {}
      : { remember: responseRow(claimOf(id, keyHash, idempotencyKeyHash), { answer, state: 'settled' }, now) }),
    ...(target === null ? {} : { heal: JSON.stringify({ id, target }) }),
  };
}

/**
 * Gives a hold back and records the target's failure. A response is stored under the Idempotency-Key; without one the claim is released,
 * so that the caller may retry.
 */
export function releaseCall({ id, reason, ending }: ReleaseRequest, now: number): LedgerCall {
  const { keyHash, idempotencyKeyHash = null, answer = null, target = null } = ending ?? {};
  const claim = keyHash !== undefined && idempotencyKeyHash !== null ? claimOf(id, keyHash, idempotencyKeyHash) : null;
  return {
    kind: 'release',
    ...payerOf(keyHash),
    row: JSON.stringify({ id, reason, now }),
    look: JSON.stringify(id),
    ...(claim !== null && answer !== null ? { remember: responseRow(claim, { answer, state: 'released' }, now) } : {}),
    ...(claim !== null && answer === null ? { unclaim: JSON.stringify(claim) } : {}),
    ...(target === null ? {} : { fail: JSON.stringify({ id, target, code: reason, now, since: now - FAILURE_WINDOW_MS }) }),
  };
}

/** Compensates a request that was answered as failed, whatever became of it. */
export function compensateCall(id: Spend['id'], idempotencyKeyHash: string | null, now: number): LedgerCall {
  return { kind: 'undo', row: JSON.stringify({ id, digest: idempotencyKeyHash, now }), look: JSON.stringify(id) };
}

function payerOf(keyHash: string | undefined): Pick<LedgerCall, 'payer'> {
  return keyHash === undefined ? {} : { payer: keyHash };
}

function outcomeQuery({ id, keyHash, idempotencyKeyHash, target }: Spend, now: number): string {
  return JSON.stringify({ id, keyHash, now, idempotencyKeyHash, target });
}

type Claim = { readonly keyHash: string; readonly digest: string; readonly requestId: string };

function claimOf(requestId: string, keyHash: string, digest: string): Claim {
  return { keyHash, digest, requestId };
}

function claimRows({ id, keyHash, fingerprint, idempotencyKeyHash: digest }: Spend, now: number, expiresAt: number) {
  if (digest == null) return {};
  return {
    claim: JSON.stringify({ keyHash, digest, fingerprint, requestId: id, now, expiresAt }),
    unclaim: JSON.stringify(claimOf(id, keyHash, digest)),
  };
}

function responseRow(
  claim: Claim,
  response: { readonly answer: StoredResponse; readonly state: 'settled' | 'released' },
  now: number,
): string {
  const { status, sealed } = response.answer;
  return JSON.stringify({ ...claim, state: response.state, status, sealed, expiresAt: now + IDEMPOTENCY_TTL_MS });
}
