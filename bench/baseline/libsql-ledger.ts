// The baseline of the benchmark: the ledger as it was while every call was a transaction and an HTTP request of its own. Kept here to be
// measured beside the one in src, and only with the steps of a read; it books the same rows by the same procedures. Never deployed.
import type { InStatement, ResultSet } from '@libsql/client/web';
import { z } from 'zod';
import type { Clock } from '../../src/core/clock.ts';
import type { Database } from '../../src/db/client.ts';
import { microCredits, sum } from '../../src/core/money.ts';
import { err, ok, type Result } from '../../src/core/result.ts';
import { CALL_POLICY, callDatabase, type Unreachable } from '../../src/db/call.ts';
import { type KeyScope, missingRoom, missingScope } from '../../src/billing/keys/limits.ts';
import type { Ending, Hold, Ledger, ReceiptBody, Settlement, SettleRefusal, Spend, SpendRefusal } from '../../src/billing/ledger/ledger.ts';
import { balanceOf, HoldRow, keyEnd, LineRow, resolvedLine, SpendRow } from './ledger-rows.ts';
import * as statement from './ledger-statements.ts';
import { afterRelease, afterSettle, withClaim } from './once.ts';
import { claimedOf, failureLimit, repeatedFailure } from './replay-rows.ts';
import { readFailing, readReplay } from './replay-statements.ts';
import type { StoredResponse } from '../../src/billing/idempotency/idempotency.ts';

/** `reserve` ends at most fifty expired holds of an account at a time; after an outage more may wait, and they go in as many rounds. */
const MAX_SPEND_ROUNDS = 4;

/** Release reasons are codes of ours, not prose. */
const MAX_REASON_CHARACTERS = 100;

/** What the baseline is made of. A call has five seconds and three tries. */
type LedgerDeps = { readonly client: Database; readonly clock: Clock };

/** The part of a ledger that reads pay with. */
export type PaidSteps = Pick<Ledger, 'reserve' | 'charge' | 'settle' | 'release' | 'recall'>;

type Batch = (statements: (attempt: number) => InStatement[]) => Promise<Result<readonly (readonly unknown[])[], Unreachable>>;

type Context = { readonly batch: Batch; readonly clock: Clock };

/**
 * The ledger in libSQL. Every write is one batch with mode 'write' and one HTTP request: a procedure of migrations/0000_ledger.sql and
 * the rows that tell what came of it. Outcomes are read from rows, never from error codes. Throws only on bugs: an id used again for
 * another request, a line or an amount that the procedures refuse.
 */
export function createBaselineLedger(deps: LedgerDeps): PaidSteps {
  const { client, clock } = deps;
  const batch: Batch = async (statements) => {
    const answer = await callDatabase((attempt) => client.batch(statements(attempt), 'write'), CALL_POLICY);
    return answer.ok ? ok(answer.value.map((set: ResultSet) => set.rows)) : answer;
  };
  const context: Context = { batch, clock };
  return {
    reserve: (spend, ttlMs) => reserve(context, spend, ttlMs),
    charge: (spend, receipt, answer = null) => charge(context, spend, receipt, answer),
    settle: (id, lines, receipt, ending) => settle(context, id, lines, receipt, ending),
    release: (id, reason, ending) => release(context, id, reason, ending),
    recall: (...asked) => recall(context, ...asked),
  };
}

async function reserve(context: Context, spend: Spend, ttlMs: number): Promise<Result<Hold, SpendRefusal>> {
  const found = await findSpend(context, spend, (now) =>
    withClaim(spend, now, ttlMs, [statement.callReserve({ ...spend, ...failureLimit(now), now, expiresAt: now + ttlMs })], null),
  );
  if (!found.ok) return found;
  const { row, hold } = found.value;
  if (hold.state !== 'open') return err({ kind: 'already_resolved' });
  return ok({ id: spend.id, accountId: hold.account_id, keyId: hold.key_id, amount: hold.amount, balance: balanceOf(row) });
}

/** A claim of a charge is answered in the same batch; were it ever not, it would be free again after this. Milliseconds. */
const CHARGE_CLAIM_MS = 60_000;

async function charge(context: Context, spend: Spend, receipt: ReceiptBody, answer: StoredResponse | null): ReturnType<Ledger['charge']> {
  const found = await findSpend(context, { ...spend, target: null }, (now) =>
    withClaim(spend, now, CHARGE_CLAIM_MS, [statement.callCharge({ ...spend, body: receipt, now })], answer),
  );
  if (!found.ok) return found;
  const { row, hold, lines } = found.value;
  if (hold.state === 'open') throw new Error('the ledger refused to settle a charge');
  if (hold.settled === null) return err({ kind: 'already_resolved' });
  const settlement: Settlement = {
    id: spend.id,
    reserved: hold.amount,
    settled: hold.settled,
    refunded: microCredits(hold.amount - hold.settled),
    lines: lines.map(resolvedLine),
    balance: balanceOf(row),
  };
  return ok({ ...settlement, accountId: hold.account_id, keyId: hold.key_id });
}

type FoundSpend = {
  readonly row: SpendRow;
  readonly hold: NonNullable<SpendRow['hold']>;
  readonly lines: readonly z.infer<typeof LineRow>[];
};

/** Sends a spend, and sends it again while the account's own expired holds still stand in its way. */
async function findSpend(context: Context, spend: Spend, call: (now: number) => InStatement[]): Promise<Result<FoundSpend, SpendRefusal>> {
  const required = sum(spend.lines.map((line) => line.amount));
  for (let round = 1; round <= MAX_SPEND_ROUNDS; round++) {
    const now = context.clock();
    const answer = await context.batch(() => [
      ...call(now),
      ...(spend.idempotencyKeyHash == null ? [] : [readReplay({ keyHash: spend.keyHash }, spend.idempotencyKeyHash)]),
      ...(spend.target == null ? [] : [readFailing(spend.keyHash, spend.target)]),
      statement.readSpend(spend.id, spend.keyHash, now),
      statement.readLines(spend.id),
    ]);
    if (!answer.ok) return answer;
    const sets = [...answer.value];
    const [lines, spends] = [sets.pop(), sets.pop()];
    const failing = spend.target == null ? [] : sets.pop();
    const replays = spend.idempotencyKeyHash == null ? [] : sets.pop();
    const row = z.array(SpendRow).max(1).parse(spends)[0];
    if (row === undefined) return err({ kind: 'unknown_key' });
    if (row.hold !== null) return ok({ row, hold: ownHold(row, spend), lines: z.array(LineRow).parse(lines) });
    const refusal = whyNoKey(row, spend.scope, now) ?? whyNotAgain(row, spend, { replays, failing }, now) ?? whyNoHold(row, required, now);
    const roundsLeft = round < MAX_SPEND_ROUNDS;
    if (refusal === null) continue;
    const mayComeFree = refusal.kind === 'insufficient_credits' || refusal.kind === 'key_budget_exceeded';
    if (mayComeFree && row.holds_waiting_to_expire && roundsLeft) continue;
    return err(refusal);
  }
  throw new Error('the ledger refused a spend that the account could afford');
}

function ownHold(row: SpendRow, spend: Spend): NonNullable<SpendRow['hold']> {
  const { hold } = row;
  if (hold === null || hold.account_id !== row.account_id || hold.fingerprint !== spend.fingerprint) {
    throw new Error('a request id was used again for another request');
  }
  return hold;
}

/** Why the key may not spend, or not on this. A test key spends nothing: to the ledger it isn't there. */
function whyNoKey(row: SpendRow, scope: KeyScope | undefined, now: number): SpendRefusal | null {
  const end = keyEnd(row, now);
  if (end !== null) return end;
  if (row.lineage.some((key) => key.mode === 'test')) return { kind: 'unknown_key' };
  return scope === undefined ? null : missingScope(row.lineage, scope);
}

/** What an earlier request with the same Idempotency-Key, or the failures of the same target, have to say. */
function whyNotAgain(
  row: SpendRow,
  spend: Spend,
  found: { readonly replays: unknown; readonly failing: unknown },
  now: number,
): SpendRefusal | null {
  const balance = balanceOf(row);
  const claimed = claimedOf(found.replays, spend, { accountId: row.account_id, available: balance.available }, now);
  if (claimed !== null) return claimed;
  const repeated = repeatedFailure(found.failing, now);
  return repeated === null ? null : { kind: 'repeated_failure', accountId: row.account_id, balance, ...repeated };
}

/** Why the key or its account refuse this price; null when they don't, and money that came free since is worth another try. */
function whyNoHold(row: SpendRow, required: ReturnType<typeof sum>, now: number): SpendRefusal | null {
  if (row.status !== 'active') return { kind: 'account_frozen', accountId: row.account_id };
  const limit = missingRoom(row.lineage, required, now);
  if (limit !== null) return limit;
  const balance = balanceOf(row);
  if (balance.available < required) return { kind: 'insufficient_credits', accountId: row.account_id, required, balance };
  return null;
}

async function recall(
  context: Context,
  ...[keyHash, idempotencyKeyHash, fingerprint, scope]: Parameters<Ledger['recall']>
): ReturnType<Ledger['recall']> {
  const now = context.clock();
  const answer = await context.batch(() => [statement.readSpend('', keyHash, now), readReplay({ keyHash }, idempotencyKeyHash)]);
  if (!answer.ok) return answer;
  const row = z.array(SpendRow).max(1).parse(answer.value[0])[0];
  if (row === undefined) return err({ kind: 'unknown_key' });
  const refusal = whyNoKey(row, scope, now);
  if (refusal !== null) return err(refusal);
  const balance = balanceOf(row);
  const who = { accountId: row.account_id, available: balance.available };
  return ok({ accountId: row.account_id, balance, claimed: claimedOf(answer.value[1], { id: '', fingerprint }, who, now) });
}

async function settle(
  context: Context,
  id: Spend['id'],
  lines: Parameters<Ledger['settle']>[1],
  receipt: ReceiptBody,
  ending: Ending | undefined,
): Promise<Result<Settlement, SettleRefusal>> {
  const now = context.clock();
  const answer = await context.batch(() => [
    statement.callSettle({ id, lines, body: receipt, now }),
    statement.readHold(id),
    statement.readLines(id),
    ...afterSettle(id, ending, now),
  ]);
  if (!answer.ok) return answer;
  const hold = z.array(HoldRow).max(1).parse(answer.value[1])[0];
  if (hold === undefined || hold.state === 'released' || hold.state === 'expired') return err({ kind: 'not_open' });
  if (hold.settled_micros === null) throw new Error('the ledger refused the lines of a settlement');
  return ok({
    id,
    reserved: hold.amount_micros,
    settled: hold.settled_micros,
    refunded: microCredits(hold.amount_micros - hold.settled_micros),
    lines: z.array(LineRow).parse(answer.value[2]).map(resolvedLine),
    balance: balanceOf(hold),
  });
}

async function release(context: Context, id: Spend['id'], reason: string, ending: Ending | undefined): ReturnType<Ledger['release']> {
  const row = { id, reason: reason.slice(0, MAX_REASON_CHARACTERS), now: context.clock() };
  const answer = await context.batch(() => [
    statement.callRelease(row),
    statement.readHold(id),
    ...afterRelease(id, row.reason, ending, row.now),
  ]);
  if (!answer.ok) return answer;
  const hold = z.array(HoldRow).max(1).parse(answer.value[1])[0];
  return ok({ state: hold?.state ?? null, balance: hold === undefined ? null : balanceOf(hold) });
}
