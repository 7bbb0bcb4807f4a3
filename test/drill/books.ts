import type { Client } from '@libsql/client';
import { z } from 'zod';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import type { Asked, PaidModel } from './paid-model.ts';
import type { Customer } from './customer.ts';
import type { Purchase } from './buyers.ts';
import type { Breaches } from './promises.ts';
import { GRANT_MICRO_CREDITS } from './world.ts';

/** The ref prefix of refunds of undelivered charges. */
const GIVEN_BACK = /^undelivered:(.+)$/;

const Holds = z.array(
  z.object({
    id: z.string(),
    account_id: z.string(),
    key_id: z.string(),
    state: z.enum(['open', 'settled', 'released', 'expired']),
    amount: z.int(),
    settled: z.int().nullable(),
    lines: z.string(),
  }),
);
export type BookedHold = z.infer<typeof Holds>[number];
const Entries = z.array(z.object({ account_id: z.string(), kind: z.string(), ref: z.string(), delta: z.int() }));
type Entry = z.infer<typeof Entries>[number];
const Accounts = z.array(z.object({ id: z.string(), posted: z.int(), held: z.int() }));
const Payments = z.array(z.object({ id: z.string(), account_id: z.string(), session_id: z.string().nullable(), target: z.int() }));
const Lines = z.array(z.object({ item: z.string(), settled: z.int().nullable() }));

/** What the database holds about some accounts, read without failpoints. */
export type Books = {
  readonly accounts: z.infer<typeof Accounts>;
  readonly holds: readonly BookedHold[];
  readonly entries: readonly Entry[];
  readonly payments: z.infer<typeof Payments>;
};

export async function readBooks(database: Client, customers: readonly Customer[]): Promise<Books> {
  const ids = JSON.stringify(customers.map(({ accountId }) => accountId));
  const rows = async (sql: string) => (await database.execute({ sql, args: [ids] })).rows.map((row) => ({ ...row }));
  const mine = 'account_id IN (SELECT value FROM json_each(?))';
  return {
    accounts: Accounts.parse(
      await rows('SELECT id, posted_micros AS posted, held_micros AS held FROM account WHERE id IN (SELECT value FROM json_each(?))'),
    ),
    holds: Holds.parse(
      await rows(
        `SELECT id, account_id, key_id, state, amount_micros AS amount, settled_micros AS settled,
                (SELECT json_group_array(json_object('item', l.item, 'settled', l.settled_micros)) FROM line l WHERE l.hold_id = hold.id) AS lines
           FROM hold WHERE ${mine}`,
      ),
    ),
    entries: Entries.parse(await rows(`SELECT account_id, kind, ref, delta_micros AS delta FROM entry WHERE ${mine}`)),
    payments: Payments.parse(await rows(`SELECT id, account_id, session_id, target_micros AS target FROM payment WHERE ${mine}`)),
  };
}

/** Holds that were settled and not refunded since. */
export function chargesOf({ holds, entries }: Books): readonly BookedHold[] {
  const givenBack = new Set(entries.flatMap(({ kind, ref }) => (kind === 'adjust' ? [GIVEN_BACK.exec(ref)?.[1]] : [])));
  return holds.filter(({ id, state }) => state === 'settled' && !givenBack.has(id));
}

/** Charges that reached no caller, by reason. */
export type Undelivered = {
  /** Answered with an error, but charged. */
  refused: number;
  /** The same, with the charge still on its way when the error was returned. */
  refusedLate: number;
  /** The isolate ended during a request without an Idempotency-Key. */
  reset: number;
  givenBack: number;
};

/** Compares the books of a round with what its callers and buyers saw. No request may be running. */
export function checkBooks(
  books: Books,
  model: PaidModel,
  customers: readonly Customer[],
  purchases: readonly Purchase[],
  breaches: Breaches,
): Undelivered {
  checkHolds(books, model, customers, breaches);
  checkDeliveries(books, model, breaches);
  checkOnce(books, model, breaches);
  checkSums(books, customers, purchases, breaches);
  checkTopUps(books, purchases, breaches);
  return checkUndelivered(books, model, breaches);
}

function checkHolds({ holds, entries, accounts }: Books, model: PaidModel, customers: readonly Customer[], breaches: Breaches): void {
  const taken = new Map<string, number>();
  for (const { kind, ref } of entries) if (kind === 'usage') taken.set(ref, (taken.get(ref) ?? 0) + 1);
  for (const hold of holds) {
    const asked = model.asked.get(hold.id);
    const number = asked?.number ?? null;
    if (asked === undefined) breaches.add('once', null, `the hold ${hold.id} was asked for by nobody`);
    else if (customers[asked.order.customer]?.accountId !== hold.account_id) breaches.add('sum', number, 'held on a stranger’s account');
    if (hold.state === 'open') breaches.add('open', number, `a hold of ${hold.amount} is still open`);
    const entry = taken.get(hold.id) ?? 0;
    const isTaken = hold.state === 'settled' && hold.settled !== 0;
    if (!isTaken && entry > 0) breaches.add('resolved', number, `${hold.state}, and booked all the same`);
    if (isTaken && entry !== 1) breaches.add('once', number, `settled, and booked ${entry} times`);
    taken.delete(hold.id);
  }
  for (const ref of taken.keys()) breaches.add('once', model.asked.get(ref)?.number ?? null, `${ref} is booked without a hold`);
  for (const { id, held } of accounts) if (held !== 0) breaches.add('resolved', null, `${id} still has ${held} set aside`);
}

function checkDeliveries(books: Books, model: PaidModel, breaches: Breaches): void {
  const charges = new Map(chargesOf(books).map((hold) => [hold.id, hold]));
  const booked = new Map(books.entries.filter(({ kind }) => kind === 'usage').map(({ ref, delta }) => [ref, -delta]));
  for (const [receiptId, { number, settled, lines }] of model.deliveries) {
    const hold = charges.get(receiptId);
    if (hold === undefined) {
      breaches.add('charged', number, `delivered for ${settled}, and not charged`);
      continue;
    }
    const amount = booked.get(receiptId) ?? 0;
    if (hold.settled !== settled || amount !== settled) breaches.add('amount', number, `answered ${settled}, booked ${amount}`);
    for (const line of Lines.parse(JSON.parse(hold.lines))) {
      if (lines.get(line.item) !== line.settled)
        breaches.add('amount', number, `${line.item}: answered ${lines.get(line.item)}, booked ${line.settled}`);
    }
  }
}

/** Groups requests by purchase: those with one Idempotency-Key of one account are one. */
function checkOnce(books: Books, model: PaidModel, breaches: Breaches): void {
  const first = new Map<string, Asked>();
  for (const { id, settled } of chargesOf(books)) {
    const asked = model.asked.get(id);
    if (asked === undefined || asked.order.idempotencyKey === null || settled === 0) continue;
    const name = `${asked.order.customer} ${asked.order.idempotencyKey}`;
    const other = first.get(name);
    if (other !== undefined) breaches.add('once', asked.number, `its Idempotency-Key was charged for request ${other.number} already`);
    first.set(name, asked);
  }
}

function checkSums(books: Books, customers: readonly Customer[], purchases: readonly Purchase[], breaches: Breaches): void {
  const { accounts, holds, entries } = books;
  const charges = chargesOf(books);
  const total = (amounts: readonly number[]) => amounts.reduce((sum, amount) => sum + amount, 0);
  for (const { accountId, budgetedKeyId, budgetOfRound } of customers) {
    const own = entries.filter((entry) => entry.account_id === accountId);
    const deltas = (kind: string) => total(own.filter((entry) => entry.kind === kind).map(({ delta }) => delta));
    const settled = total(holds.filter((hold) => hold.account_id === accountId).map((hold) => hold.settled ?? 0));
    const bought = total(purchases.filter((purchase) => purchase.accountId === accountId).map(({ worth }) => worth));
    const expected = GRANT_MICRO_CREDITS + bought - settled + deltas('adjust');
    const account = accounts.find(({ id }) => id === accountId);
    const sum = total(own.map(({ delta }) => delta));
    if (account?.posted !== expected || sum !== expected) {
      breaches.add('sum', null, `${accountId} holds ${account?.posted}, its journal ${sum}, and should hold ${expected}`);
    }
    if (deltas('grant') !== GRANT_MICRO_CREDITS) breaches.add('sum', null, `${accountId} was granted ${deltas('grant')}`);
    const spent = total(charges.filter((hold) => hold.key_id === budgetedKeyId).map((hold) => hold.settled ?? 0));
    if (spent > budgetOfRound) breaches.add('budget', null, `a key of ${accountId} spent ${spent}`);
  }
  for (const { kind, ref, delta } of entries) {
    if (kind !== 'adjust') continue;
    const given = holds.find(({ id }) => id === GIVEN_BACK.exec(ref)?.[1]);
    if (given?.settled !== delta) breaches.add('sum', null, `${ref} gives back ${delta} of ${given?.settled ?? 'nothing'}`);
  }
}

function checkTopUps({ payments, entries }: Books, purchases: readonly Purchase[], breaches: Breaches): void {
  const worth = new Map(purchases.map((purchase) => [purchase.sessionId, purchase]));
  for (const { id, session_id, target } of payments) {
    const purchase = worth.get(session_id ?? '');
    const own = entries.filter(({ kind, ref }) => kind !== 'usage' && kind !== 'adjust' && (ref === id || ref.startsWith(`${id}#`)));
    const booked = own.reduce((sum, { delta }) => sum + delta, 0);
    const number = purchase?.number ?? null;
    const expected = purchase?.worth ?? 0;
    if (target !== expected || booked !== expected)
      breaches.add('topUps', number, `${id} is worth ${expected}, counts ${target}, booked ${booked}`);
    const credits = own.filter(({ kind }) => kind === 'topup').length;
    if (credits > 1 || (credits === 0 && expected > 0)) breaches.add('topUps', number, `${id} was credited ${credits} times`);
  }
  const known = new Set(payments.map(({ session_id }) => session_id));
  for (const { sessionId, number } of purchases)
    if (!known.has(sessionId)) breaches.add('topUps', number, `nobody knows the order of ${sessionId}`);
}

function checkUndelivered(books: Books, model: PaidModel, breaches: Breaches): Undelivered {
  const count: Undelivered = { refused: 0, refusedLate: 0, reset: 0, givenBack: 0 };
  const charges = chargesOf(books);
  count.givenBack = books.holds.filter(({ state }) => state === 'settled').length - charges.length;
  for (const { id, settled } of charges) {
    const asked = model.asked.get(id);
    if (asked === undefined || settled === 0) continue;
    if (asked.end.kind === 'refused' && asked.end.billed === false && !asked.hasStragglers)
      breaches.add('undelivered', asked.number, `said that nothing is billed, and charged ${settled}`);
    if (model.deliveries.has(id)) continue;
    if (asked.order.idempotencyKey !== null) {
      breaches.add('replay', asked.number, `charged ${settled} and ${asked.end.kind}, and its Idempotency-Key does not bring the answer`);
      continue;
    }
    if (asked.end.kind === 'reset') count.reset += 1;
    else if (asked.hasStragglers) count.refusedLate += 1;
    else {
      count.refused += 1;
      breaches.add('undelivered', asked.number, `charged ${settled} for an error`);
    }
  }
  return count;
}

export async function checkAudit(database: Client, breaches: Breaches): Promise<void> {
  for (const law of brokenInvariants(await auditLedger(database))) breaches.add('audit', null, `the law ${law} is broken`);
}
