import type { InStatement } from '@libsql/client/web';
import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../db/client.ts';
import type { Id } from '../../core/ids.ts';
import { microCredits, sum } from '../../core/money.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { CALL_POLICY, type CallPolicy, callDatabase, type Unreachable } from '../../db/call.ts';
import { idColumn } from '../../db/columns.ts';
import { isTest, type KeyScope, missingRoom, missingScope, roomOf } from '../keys/limits.ts';
import type { Hold, Ledger, Settlement, SettleRefusal, Spend, SpendRefusal } from './ledger.ts';
import {
  chargeCall,
  type LedgerCall,
  releaseCall,
  type ReleaseRequest,
  reserveCall,
  settleCall,
  type SettleRequest,
  compensateCall,
} from './commands.ts';
import type { Outcome } from './batch.ts';
import { type HeldSpend, holdOutcome, resolvedLines, spendOutcome, type UnheldSpend } from './outcomes.ts';
import { BalanceRow, balanceOf, keyEnd, PayerRow } from './rows.ts';
import * as statement from './statements.ts';
import type { Busy, LedgerWriter, WriteFailure } from './writer.ts';
import { claimedOf, repeatedFailure, replayOf } from '../idempotency/rows.ts';
import { readReplayOfKey } from '../idempotency/statements.ts';

/** `reserve` expires at most fifty overdue holds of an account; after an outage there may be more, and the spend is sent again. */
const MAX_SPEND_ROUNDS = 4;

/** Keeps one statement far below the second that other writers can wait. */
export const MAX_EXPIRE_PAGE = 1_000;

/** Release reasons are our own codes, not prose. */
const MAX_REASON_CHARACTERS = 100;

/** `client` reads, `writer` writes. `policy` is for tests; by default a call has five seconds and three tries. */
export type LedgerDeps = {
  readonly client: Database;
  readonly clock: Clock;
  readonly policy?: CallPolicy;
  readonly writer: Pick<LedgerWriter, 'submit' | 'compensate'>;
};

type Context = Required<LedgerDeps>;

/**
 * Creates the ledger over libSQL. Every write calls the SQL procedures of the migrations, batched with other waiting calls into one HTTP
 * request. Outcomes are read from rows, never from error codes. Throws only on bugs: an id reused for another request, or a line or an
 * amount that the procedures refuse.
 */
export function createLedger(deps: LedgerDeps): Ledger {
  const { clock, writer } = deps;
  const context: Context = { policy: CALL_POLICY, ...deps };
  return {
    reserve: (spend, ttlMs) => reserve(context, spend, ttlMs),
    charge: (spend, receipt, answer = null) => charge(context, { spend, receipt, answer }),
    settle: (id, lines, receipt, ending) => settle(context, { id, lines, receipt, ending }),
    release: (id, reason, ending) => release(context, { id, reason, ending }),
    compensate: (id, idempotencyKeyHash) => writer.compensate(compensateCall(id, idempotencyKeyHash, clock())),
    recall: (...asked) => recall(context, ...asked),
    credit: (entry) => credit(context, entry),
    expireHolds: (page) => expireHolds(context, page),
    overdueHolds: (limit) => overdueHolds(context, limit),
  };
}

/** A statement that the database refuses is a bug, and throws. */
async function submit(context: Context, call: LedgerCall): Promise<Result<Outcome, Unreachable | Busy>> {
  const written = await context.writer.submit(call);
  return written.ok ? written : err(orBug(written.error));
}

function orBug(failure: WriteFailure): Unreachable | Busy {
  if (failure.kind === 'refused') throw new Error(`${failure.code}: ${failure.message}`);
  return failure;
}

async function reserve(context: Context, spend: Spend, ttlMs: number): Promise<Result<Hold, SpendRefusal>> {
  const found = await submitSpend(context, spend, (now) => reserveCall(spend, now, ttlMs));
  if (!found.ok) return found;
  const { hold } = found.value;
  if (hold.state !== 'open') return err({ kind: 'already_resolved' });
  return ok({ id: spend.id, accountId: hold.accountId, keyId: hold.keyId, amount: hold.amount, balance: balanceOf(found.value) });
}

async function charge(context: Context, request: Parameters<typeof chargeCall>[0]): ReturnType<Ledger['charge']> {
  const { spend } = request;
  const found = await submitSpend(context, spend, (now) => chargeCall(request, now));
  if (!found.ok) return found;
  const { hold } = found.value;
  if (hold.state === 'open') throw new Error('the ledger refused to settle a charge');
  if (hold.settled === null) return err({ kind: 'already_resolved' });
  const settlement = settlementOf(spend.id, { ...found.value, ...hold, settled: hold.settled });
  return ok({ ...settlement, accountId: hold.accountId, keyId: hold.keyId });
}

function settlementOf(
  id: Spend['id'],
  row: Parameters<typeof balanceOf>[0] & Pick<HeldSpend['hold'], 'amount' | 'lines'> & { readonly settled: Settlement['settled'] },
): Settlement {
  return {
    id,
    reserved: row.amount,
    settled: row.settled,
    refunded: microCredits(row.amount - row.settled),
    lines: resolvedLines(row.lines),
    balance: balanceOf(row),
  };
}

/** Submits a spend, and again while overdue holds of the account still use up its money. */
async function submitSpend(context: Context, spend: Spend, call: (now: number) => LedgerCall): Promise<Result<HeldSpend, SpendRefusal>> {
  const required = sum(spend.lines.map((line) => line.amount));
  for (let round = 1; round <= MAX_SPEND_ROUNDS; round++) {
    const now = context.clock();
    const answer = await submit(context, call(now));
    if (!answer.ok) return answer;
    const found = spendOutcome(answer.value);
    if (found === null) return err({ kind: 'unknown_key' });
    if ('hold' in found) return ok(ensureOwnSpend(found, spend));
    const refusal = keyRefusal(found, spend.scope, now) ?? repeatRefusal(found, spend, now) ?? priceRefusal(found, required, now);
    if (refusal === null) continue;
    const mayComeFree = refusal.kind === 'insufficient_credits' || refusal.kind === 'key_budget_exceeded';
    if (mayComeFree && found.holdsWaitingToExpire && round < MAX_SPEND_ROUNDS) continue;
    return err(refusal);
  }
  throw new Error('the ledger refused a spend that the account could afford');
}

function ensureOwnSpend(found: HeldSpend, spend: Spend): HeldSpend {
  if (found.hold.accountId !== found.accountId || found.hold.fingerprint !== spend.fingerprint) {
    throw new Error('a request id was used again for another request');
  }
  return found;
}

/** Why the key may not make this spend. To the ledger a test key is unknown, because it never spends. */
function keyRefusal(
  row: Pick<UnheldSpend, 'lineage' | 'retires_at'>,
  scope: KeyScope | undefined,
  now: number,
): Exclude<SpendRefusal, Busy> | null {
  const end = keyEnd(row, now);
  if (end !== null) return end;
  if (isTest(row.lineage)) return { kind: 'unknown_key' };
  return scope === undefined ? null : missingScope(row.lineage, scope);
}

/** The key itself is the last of its lineage. */
function keyIdOf(lineage: UnheldSpend['lineage']): Id<'key'> {
  return (lineage.at(-1) ?? lineage[0]).id;
}

/** Refuses because of an earlier request with the same Idempotency-Key, or of repeated failures of the target. */
function repeatRefusal(found: UnheldSpend, spend: Spend, now: number): SpendRefusal | null {
  const balance = balanceOf(found);
  const claimed = claimedOf(
    found.replay,
    spend,
    { accountId: found.accountId, keyId: keyIdOf(found.lineage), available: balance.available },
    now,
  );
  if (claimed !== null) return claimed;
  const repeated = repeatedFailure(found.failing, now);
  return repeated === null ? null : { kind: 'repeated_failure', accountId: found.accountId, balance, ...repeated };
}

/** Why the key or the account can't pay this price; null when they can by now, so that another try is worthwhile. */
function priceRefusal(found: UnheldSpend, required: ReturnType<typeof sum>, now: number): SpendRefusal | null {
  if (found.status !== 'active') return { kind: 'account_frozen', accountId: found.accountId };
  const limit = missingRoom(found.lineage, required, now);
  const balance = balanceOf(found);
  if (limit !== null) return { ...limit, room: roomOf(found.lineage, balance.available) };
  if (balance.available < required) return { kind: 'insufficient_credits', accountId: found.accountId, required, balance };
  return null;
}

async function recall(
  context: Context,
  ...[keyHash, idempotencyKeyHash, fingerprint, scope]: Parameters<Ledger['recall']>
): ReturnType<Ledger['recall']> {
  const now = context.clock();
  const reads = [statement.readPayer(keyHash, now), readReplayOfKey(keyHash, idempotencyKeyHash)];
  const answer = await callDatabase(() => context.client.batch(reads, 'read'), context.policy);
  if (!answer.ok) return answer;
  const [payers, replays] = answer.value;
  const row = z.array(PayerRow).max(1).parse(payers?.rows)[0];
  if (row === undefined) return err({ kind: 'unknown_key' });
  const refusal = keyRefusal(row, scope, now);
  if (refusal !== null) return err(refusal);
  const balance = balanceOf(row);
  const who = { accountId: row.account_id, keyId: keyIdOf(row.lineage), available: balance.available };
  return ok({ accountId: row.account_id, balance, claimed: claimedOf(replayOf(replays?.rows), { id: '', fingerprint }, who, now) });
}

async function settle(context: Context, request: SettleRequest): Promise<Result<Settlement, SettleRefusal>> {
  const answer = await submit(context, settleCall(request, context.clock()));
  if (!answer.ok) return answer;
  const hold = holdOutcome(answer.value);
  if (hold === null || hold.state === 'released' || hold.state === 'expired') return err({ kind: 'not_open' });
  if (hold.settled === null) throw new Error('the ledger refused the lines of a settlement');
  return ok(settlementOf(request.id, { ...hold, settled: hold.settled }));
}

async function release(context: Context, request: ReleaseRequest): ReturnType<Ledger['release']> {
  const reason = request.reason.slice(0, MAX_REASON_CHARACTERS);
  const answer = await submit(context, releaseCall({ ...request, reason }, context.clock()));
  if (!answer.ok) return answer;
  const hold = holdOutcome(answer.value);
  return ok({ state: hold?.state ?? null, balance: hold === null ? null : balanceOf(hold) });
}

const EntryTime = z.array(z.object({ created_at: z.int() })).max(1);

async function credit(context: Context, entry: Parameters<Ledger['credit']>[0]): ReturnType<Ledger['credit']> {
  const now = context.clock();
  let attempts = 0;
  const statements: InStatement[] = [
    statement.readEntryTime(entry.kind, entry.ref),
    statement.callCredit({ ...entry, now }),
    statement.readEntryTime(entry.kind, entry.ref),
    statement.readBalance(entry.accountId),
  ];
  const answer = await callDatabase((attempt) => {
    attempts = attempt;
    return context.client.batch(statements, 'write');
  }, context.policy);
  if (!answer.ok) return answer;
  const [first, , second, balances] = answer.value;
  const before = EntryTime.parse(first?.rows)[0];
  const after = EntryTime.parse(second?.rows)[0];
  const account = z.array(BalanceRow).max(1).parse(balances?.rows)[0];
  if (account === undefined) return err({ kind: 'unknown_account' });
  if (after === undefined) throw new RangeError('the ledger refused a credit: its amount, its sign or the balance limit');
  // An earlier try of this call, whose answer was lost, may have booked it: then the entry carries this call's time.
  const booked = before === undefined || (attempts > 1 && before.created_at === now);
  return ok({ booked, balance: balanceOf(account) });
}

const Expiring = z.tuple([z.object({ expiring: z.int().nonnegative() })]);

async function expireHolds(context: Context, page: number): ReturnType<Ledger['expireHolds']> {
  if (!Number.isSafeInteger(page) || page < 1 || page > MAX_EXPIRE_PAGE) throw new RangeError('not a page of holds');
  const now = context.clock();
  const statements: InStatement[] = [statement.countExpiring(now, page), statement.callExpire({ now, page })];
  const answer = await callDatabase(() => context.client.batch(statements, 'write'), context.policy);
  if (!answer.ok) return answer;
  return ok({ expired: Expiring.parse(answer.value[0]?.rows)[0].expiring });
}

const HoldIds = z.array(z.object({ id: idColumn('req') }));

async function overdueHolds(context: Context, limit: number): ReturnType<Ledger['overdueHolds']> {
  const answer = await callDatabase(() => context.client.execute(statement.readOverdue(context.clock(), limit)), context.policy);
  return answer.ok ? ok(HoldIds.parse(answer.value.rows).map(({ id }) => id)) : answer;
}
