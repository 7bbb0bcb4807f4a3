import { describe, expect, test } from 'vitest';
import { type Book, checkBook, MONEY_PROMISES } from '../../drill/process-book.ts';
import type { Call, Outcome } from '../../drill/paid-call.ts';

const paid = (receiptId: string, isReplay = false, digest = 'same'): Outcome => ({
  kind: 'paid',
  receiptId,
  settled: 3_000,
  isReplay,
  digest,
});
const refused = (requestId: string): Outcome => ({ kind: 'refused', code: 'overloaded', requestId });
const cut: Outcome = { kind: 'unanswered', mayHaveArrived: true, endedBy: 'service' };
const neverSent: Outcome = { kind: 'unanswered', mayHaveArrived: false, endedBy: 'service' };

function called(outcome: Outcome, onceKey: string | null = null): Call {
  const [path, shortcode] = ['/v1/post?url=DemoImage01', 'DemoImage01'];
  return { accountId: 'acct_1', apiKey: 'igsk_1', path, shortcode, onceKey, during: 'a fault', startedAt: 1, endedAt: 2, outcome };
}

const entry = (kind: string, ref: string, delta: number, sessionId: string | null = null) => ({
  accountId: 'acct_1',
  kind,
  ref,
  delta,
  shortcode: kind === 'usage' ? 'DemoImage01' : null,
  sessionId,
});
const usage = (ref: string) => entry('usage', ref, -3_000);

/** A book in which all that is told is in order. */
function bookOf(entries: Book['entries'], changes: Partial<Book> = {}): Book {
  const all = [entry('grant', 'signup:acct_1', 10_000), ...entries];
  const posted = all.reduce((sum, { delta }) => sum + delta, 0);
  const accounts = [{ id: 'acct_1', posted, held: 0, shown: posted }];
  return { grant: 10_000, accounts, entries: all, paidSessions: [], openHolds: 0, audit: { some_law: 0 }, ...changes };
}

/** The promises that are broken, by name. */
function broken(calls: readonly Call[], book: Book): readonly string[] {
  const { promises, breaches } = checkBook(calls, book);
  const names = Object.entries(MONEY_PROMISES).flatMap(([name, text]) =>
    promises.some(({ promise, broken }) => promise === text && broken > 0) ? [name] : [],
  );
  expect(names.length === 0).toBe(breaches.length === 0);
  return names;
}

describe('the check of a drill finds', () => {
  test('nothing where every 200 is booked once, and what was not answered is charged at most once', () => {
    const calls = [called(paid('req_1')), called(cut), called(cut, 'k'), called(refused('req_9'), 'k'), called(paid('req_2', true), 'k')];
    expect(broken(calls, bookOf([usage('req_1'), usage('req_2'), usage('req_3')]))).toEqual([]);
  });

  test('nothing where a failure that was charged has been given back, or was delivered by a repeat', () => {
    expect(broken([called(refused('req_1'))], bookOf([usage('req_1'), entry('adjust', 'undelivered:req_1', 3_000)]))).toEqual([]);
    expect(broken([called(refused('req_1'), 'k'), called(paid('req_1', true), 'k')], bookOf([usage('req_1')]))).toEqual([]);
  });

  test('a 200 without an entry', () => {
    expect(broken([called(paid('req_1'))], bookOf([]))).toEqual(['delivered']);
  });

  test('a 200 booked at another amount', () => {
    expect(broken([called(paid('req_1'))], bookOf([entry('usage', 'req_1', -1_000)]))).toEqual(['delivered']);
  });

  test('a 200 that was given back though it was delivered', () => {
    expect(broken([called(paid('req_1'))], bookOf([usage('req_1'), entry('adjust', 'undelivered:req_1', 3_000)]))).toEqual(['delivered']);
  });

  test('two calls that were paid for with one receipt', () => {
    expect(broken([called(paid('req_1')), called(paid('req_1'))], bookOf([usage('req_1')]))).toEqual(['delivered']);
  });

  test('a failure that cost something', () => {
    expect(broken([called(refused('req_1'))], bookOf([usage('req_1')]))).toEqual(['failed']);
  });

  test('a charge that nobody asked for', () => {
    expect(broken([], bookOf([usage('req_1')]))).toEqual(['asked']);
    expect(broken([called(neverSent)], bookOf([usage('req_1')]))).toEqual(['asked']);
    expect(broken([called(cut)], bookOf([usage('req_1'), usage('req_2')]))).toEqual(['asked']);
  });

  test('a key that was charged twice: for the answer that was lost and for its repeat', () => {
    expect(broken([called(cut, 'k'), called(paid('req_2'), 'k')], bookOf([usage('req_1'), usage('req_2')]))).toEqual(['asked']);
  });

  test('a key that is answered anew, otherwise, or not any more', () => {
    const first = called(paid('req_1'), 'k');
    expect(broken([first, called(paid('req_2'), 'k')], bookOf([usage('req_1'), usage('req_2')]))).toEqual(['replayed']);
    expect(broken([first, called(paid('req_1', true, 'other'), 'k')], bookOf([usage('req_1')]))).toEqual(['replayed']);
    expect(broken([first, called(refused('req_2'), 'k')], bookOf([usage('req_1')]))).toEqual(['replayed']);
  });

  test('a balance that is not its journal, or not what is shown', () => {
    const changed = (change: object) => bookOf([], { accounts: [{ id: 'acct_1', posted: 10_000, held: 0, shown: 10_000, ...change }] });
    expect(broken([], changed({ posted: 9_000, shown: 9_000 }))).toEqual(['balances']);
    expect(broken([], changed({ shown: 9_000 }))).toEqual(['balances']);
    expect(broken([], changed({ shown: null }))).toEqual(['balances']);
    expect(broken([], changed({ held: 3_000, shown: 7_000 }))).toEqual(['balances']);
  });

  test('credit from nowhere: a second grant, an adjustment of nothing, a top-up that nobody paid or that was credited twice', () => {
    const session = { sessionId: 'cs_1', accountId: 'acct_1', microCredits: 1_000 };
    const topUp = (ref: string) => entry('topup', ref, 1_000, 'cs_1');
    expect(broken([], bookOf([entry('grant', 'more', 5)]))).toEqual(['minted']);
    expect(broken([], bookOf([entry('adjust', 'undelivered:req_1', 3_000)]))).toEqual(['minted']);
    expect(broken([], bookOf([entry('adjust', 'because', 3_000)]))).toEqual(['minted']);
    expect(broken([], bookOf([topUp('pay_1')]))).toEqual(['minted']);
    expect(broken([], bookOf([topUp('pay_1'), topUp('pay_1#2')], { paidSessions: [session] }))).toEqual(['minted']);
    expect(broken([], bookOf([], { paidSessions: [session] }))).toEqual(['minted']);
    expect(broken([], bookOf([topUp('pay_1')], { paidSessions: [session] }))).toEqual([]);
  });

  test('holds that stay open, and rows that break a law', () => {
    expect(broken([], bookOf([], { openHolds: 1 }))).toEqual(['holds']);
    expect(broken([], bookOf([], { audit: { some_law: 2 } }))).toEqual(['audit']);
  });
});
