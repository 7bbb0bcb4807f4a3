import { type InStatement, LibsqlError } from '@libsql/client';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  chargeCall,
  type LedgerCall,
  releaseCall,
  reserveCall,
  settleCall,
  compensateCall,
} from '../../../../src/billing/ledger/commands.ts';
import { createLedgerWriter, WRITER_LIMITS, type WriterLimits } from '../../../../src/billing/writer/ledger-writer.ts';
import { Turns } from '../../../../src/billing/writer/turns.ts';
import type { LedgerWriter } from '../../../../src/billing/ledger/writer.ts';
import { microCredits } from '../../../../src/core/money.ts';
import { sha256 } from '../../../support/database.ts';

const POLICY = { deadlineMs: 5_000, tries: 1, wait: async () => undefined };

const spendOf = (id: string, padding = '') => ({
  id: `req_${id}` as const,
  keyHash: sha256('key'),
  fingerprint: padding,
  lines: [{ item: 'media', amount: microCredits(1) }],
});
const reserve = (id: string, padding = '') => reserveCall(spendOf(id, padding), 1, 60_000);
const charge = (id: string) => chargeCall({ spend: spendOf(id), receipt: {}, answer: null }, 1);
const settle = (id: string) => settleCall({ id: `req_${id}`, lines: [], receipt: {}, ending: undefined }, 1);
const release = (id: string) => releaseCall({ id: `req_${id}`, reason: 'x', ending: undefined }, 1);
const undo = (id: string) => compensateCall(`req_${id}`, null, 1);

/** A spend of an account that the writer has met. */
const of = (payer: string, id: string): LedgerCall => ({ ...reserve(id), payer });

/** The outcome that the fake database returns for this id. */
const outcomeOf = (id: string) => ({ ok: true, value: `outcome of req_${id}` });
const BUSY = { ok: false, error: { kind: 'busy', retryAfterSeconds: 2 } };

type Statement = Exclude<InStatement, string | readonly unknown[]>;

/** Records the batches it gets and answers them at once, or on `release` while held. */
class FakeDatabase {
  readonly batches: (readonly Statement[])[] = [];
  readonly #waiting: (() => void)[] = [];
  isHeld = false;
  /** A returned error is thrown instead of an answer. */
  fails: (statements: readonly Statement[], ids: readonly string[]) => unknown = () => null;

  readonly connect = () => ({
    batch: async (given: readonly unknown[]) => {
      // safe because the writer makes every statement as an object
      const statements = given as readonly Statement[];
      this.batches.push(statements);
      if (this.isHeld) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      const failure = this.fails(statements, idsOf(statements));
      if (failure !== null) throw failure;
      return statements.map(answerTo);
    },
  });

  /** Answers the oldest held batch. */
  release(): void {
    this.#waiting.shift()?.();
  }

  /** The request ids of each batch. */
  sent(): readonly (readonly string[])[] {
    return this.batches.map(idsOf);
  }
}

function idsOf(statements: readonly Statement[]): readonly string[] {
  return statements.filter(({ sql }) => sql.startsWith('SELECT')).flatMap((statement) => looksOf(statement));
}

function looksOf({ args }: Statement): readonly string[] {
  // safe because each statement of a batch has one argument, the JSON text of its rows
  const rows = JSON.parse((args as readonly string[])[0] ?? '[]') as readonly (string | { id: string })[];
  return rows.map((row) => (typeof row === 'string' ? row : row.id));
}

function answerTo(statement: Statement) {
  const isRead = statement.sql.startsWith('SELECT');
  const found = isRead ? looksOf(statement).map((id, n) => [n, `outcome of ${id}`]) : [];
  // Reversed, because the order of the rows is not guaranteed.
  const rows = isRead ? [{ found: JSON.stringify(found.toReversed()) }] : [];
  return {
    columns: ['found'],
    columnTypes: [],
    rows: rows as never,
    rowsAffected: 0,
    lastInsertRowid: undefined,
    toJSON: () => null,
  };
}

const limitsOf = (changes: Partial<WriterLimits>): WriterLimits => ({ ...WRITER_LIMITS, ...changes });

function start(database: FakeDatabase, limits: Partial<WriterLimits> = {}): LedgerWriter {
  return createLedgerWriter({ connect: database.connect, clock: Date.now, policy: POLICY, limits: limitsOf(limits) });
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a writer', () => {
  test('sends a call at once when the queue is empty', () => {
    const database = new FakeDatabase();
    void start(database).submit(reserve('a'));
    expect(database.sent()).toEqual([['req_a']]);
  });

  test('sends calls that arrive meanwhile in one batch, and returns each its own outcome', async () => {
    const database = new FakeDatabase();
    database.isHeld = true;
    const writer = start(database);
    const answers = ['a', 'b', 'c', 'd'].map((id) => writer.submit(reserve(id)));
    const others = [writer.submit(settle('e')), writer.submit(charge('f')), writer.submit(undo('g')), writer.submit(release('h'))];
    expect(database.batches).toHaveLength(1);
    database.isHeld = false;
    database.release();
    expect(await Promise.all([...answers, ...others])).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(outcomeOf));
    expect(database.sent().map((ids) => ids.length)).toEqual([1, 7]);
  });

  test('never exceeds the number of calls in a batch', async () => {
    const database = new FakeDatabase();
    const writer = start(database, { batchCalls: 3 });
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((id) => writer.submit(reserve(id))));
    expect(database.sent().map((ids) => ids.length)).toEqual([1, 3, 3, 1]);
  });

  test('never exceeds the size of a batch, and sends a larger call alone', async () => {
    const database = new FakeDatabase();
    const small = charsOf(reserve('b'));
    const writer = start(database, { batchChars: 2 * small });
    const calls = [reserve('a'), reserve('b'), reserve('c'), reserve('d', 'x'.repeat(9 * small)), reserve('e'), reserve('f')];
    await Promise.all(calls.map((call) => writer.submit(call)));
    expect(database.sent().map((ids) => ids.join())).toEqual(['req_a', 'req_b,req_c', 'req_d', 'req_e,req_f']);
  });

  test('sends other statements as a batch of their own, in turn', async () => {
    const database = new FakeDatabase();
    const writer = start(database);
    const order: string[] = [];
    const note = (name: string) => () => void order.push(name);
    await Promise.all([
      writer.submit(of('acct_one', 'a')).then(note('a')),
      writer.submit(of('acct_one', 'b')).then(note('b')),
      writer.run([{ sql: 'INSERT 1', args: [] }], 'acct_one').then(note('run')),
      writer.submit(of('acct_one', 'c')).then(note('c')),
    ]);
    expect(database.batches.map((batch) => batch.map(({ sql }) => sql.slice(0, 6)))).toEqual([
      ['INSERT', 'SELECT'],
      ['INSERT', 'SELECT'],
      ['INSERT'],
      ['INSERT', 'SELECT'],
    ]);
    expect(order).toEqual(['a', 'b', 'run', 'c']);
  });
});

describe('a writer with a flood of one account', () => {
  /** Answers the held batch and lets the writer send the next. */
  const nextTurn = async (database: FakeDatabase) => {
    database.release();
    await vi.advanceTimersByTimeAsync(0);
  };

  test('sends what another account asks for in the very next turn', async () => {
    const database = new FakeDatabase();
    database.isHeld = true;
    const writer = start(database);
    for (let count = 0; count < 100; count++) void writer.run([{ sql: 'INSERT 1', args: [] }], 'acct_flood');
    for (let count = 0; count < 100; count++) void writer.submit(of('acct_flood', `flood-${count}`));
    void writer.submit(of('acct_other', 'read'));
    await nextTurn(database);
    expect(database.sent()[1]).toEqual(['req_read']);
    await nextTurn(database);
    expect(database.sent()[2]).toEqual([]);
    void writer.run([{ sql: 'UPDATE 1', args: [] }], 'acct_other');
    await nextTurn(database);
    expect(database.batches[3]).toEqual([{ sql: 'UPDATE 1', args: [] }]);
  });

  test('sends few calls of one account in a batch, and one of each account before another of the same', async () => {
    const database = new FakeDatabase();
    database.isHeld = true;
    const writer = start(database, { accountBatchCalls: 3, batchCalls: 5 });
    void writer.submit(of('acct_flood', 'sent'));
    for (let count = 0; count < 8; count++) void writer.submit(of('acct_flood', `f${count}`));
    for (const id of ['a', 'b', 'c']) void writer.submit(of(`acct_${id}`, id));
    for (let turn = 0; turn < 4; turn++) await nextTurn(database);
    expect(database.sent().map((ids) => ids.map((id) => id.slice('req_'.length)).join())).toEqual([
      'sent',
      'a,b,c,f0,f1',
      'f2,f3,f4',
      'f5,f6,f7',
    ]);
  });

  test('refuses what is over the share of the account, no call that ends a request, and nothing of other accounts', async () => {
    const database = new FakeDatabase();
    database.isHeld = true;
    const writer = start(database, { accountWaitingCalls: 2 });
    const taken = ['sent', 'a', 'b'].map((id) => writer.submit(of('acct_flood', id)));
    expect(await writer.submit(of('acct_flood', 'c'))).toEqual(BUSY);
    expect(await writer.run([{ sql: 'INSERT 1', args: [] }], 'acct_flood')).toEqual(BUSY);
    const passed = [
      writer.submit({ ...settle('d'), payer: 'acct_flood' }),
      writer.submit({ ...release('e'), payer: 'acct_flood' }),
      writer.submit(undo('f')),
      writer.submit(of('acct_other', 'g')),
    ];
    database.isHeld = false;
    database.release();
    expect(await Promise.all([...taken, ...passed])).toEqual(['sent', 'a', 'b', 'd', 'e', 'f', 'g'].map(outcomeOf));
  });
});

describe('turns', () => {
  const waiting = (id: string) => ({ call: reserve(id), chars: 1, since: 0 });
  const idsIn = (group: readonly { readonly call: LedgerCall }[]) => group.map(({ call }) => String(JSON.parse(call.look).id)).join();

  test('keys of one account share its turns, once the writer has met them, and made-up keys share one', () => {
    const turns = new Turns<ReturnType<typeof waiting>>({ ...WRITER_LIMITS, accountBatchCalls: 1, batchCalls: 2 });
    turns.meet('key 1', 'acct_flood');
    turns.meet('key 2', 'acct_flood');
    const calls = ['key 1', 'key 2', 'key 1', 'made-up 1', 'made-up 2', 'acct_other'];
    for (const [index, payer] of calls.entries()) turns.add(waiting(`${index}`), payer);
    expect([turns.next(), turns.next(), turns.next(), turns.next()].map(idsIn)).toEqual(['req_0,req_3', 'req_5,req_1', 'req_4,req_2', '']);
    expect(turns.size).toBe(0);
  });
});

describe('an overloaded writer', () => {
  test('refuses spends at once when its queue is full, and still accepts calls that end requests', async () => {
    const database = new FakeDatabase();
    database.isHeld = true;
    const writer = start(database, { waitingCalls: 2, endingFactor: 2 });
    const taken = ['sent', 'a', 'b'].map((id) => writer.submit(reserve(id)));
    expect(await writer.submit(reserve('c'))).toEqual(BUSY);
    expect(await writer.submit(charge('d'))).toEqual(BUSY);
    expect(await writer.run([{ sql: 'INSERT 1', args: [] }])).toEqual(BUSY);
    const endings = [writer.submit(settle('e')), writer.submit(undo('f'))];
    expect(await writer.submit(release('g'))).toEqual(BUSY);
    database.isHeld = false;
    database.release();
    expect(await Promise.all([...taken, ...endings])).toEqual(['sent', 'a', 'b', 'e', 'f'].map(outcomeOf));
    expect(database.sent().flat().toSorted()).toEqual(['req_a', 'req_b', 'req_e', 'req_f', 'req_sent']);
  });

  test('limits the size of its queue, and accepts calls again once some are sent', async () => {
    const database = new FakeDatabase();
    database.isHeld = true;
    const one = charsOf(reserve('a'));
    const writer = start(database, { waitingChars: 2 * one });
    const taken = ['x', 'a', 'b'].map((id) => writer.submit(reserve(id)));
    expect(await writer.submit(reserve('c'))).toEqual(BUSY);
    database.isHeld = false;
    database.release();
    await Promise.all(taken);
    await vi.advanceTimersByTimeAsync(0);
    database.isHeld = true;
    const again = ['x', 'a', 'b'].map((id) => writer.submit(reserve(id)));
    expect(await writer.submit(reserve('c'))).toEqual(BUSY);
    database.isHeld = false;
    database.release();
    expect(await Promise.all(again)).toEqual(['x', 'a', 'b'].map(outcomeOf));
  });

  test('never sends a call that waited too long behind a hanging batch, and lets calls that end requests wait longer', async () => {
    const database = new FakeDatabase();
    database.isHeld = true;
    const writer = start(database, { waitMs: 1_000, endingFactor: 2 });
    const hanging = writer.submit(reserve('hanging'));
    const spend = writer.submit(reserve('late'));
    const ending = writer.submit(settle('patient'));
    await vi.advanceTimersByTimeAsync(1_250);
    expect(await Promise.race([spend, Promise.resolve('none')])).toEqual(BUSY);
    expect(await Promise.race([ending, Promise.resolve('none')])).toBe('none');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await Promise.race([ending, Promise.resolve('none')])).toEqual(BUSY);
    await vi.advanceTimersByTimeAsync(POLICY.deadlineMs);
    expect(await hanging).toEqual({ ok: false, error: { kind: 'unreachable' } });
    database.isHeld = false;
    expect(await writer.submit(reserve('next'))).toEqual(outcomeOf('next'));
    expect(database.sent().flat()).toEqual(['req_hanging', 'req_next']);
  });
});

describe('a failing batch', () => {
  const refused = new LibsqlError('bad row', 'SQLITE_CONSTRAINT');

  test('is split in halves when the database refuses it, so that only the faulty calls are refused', async () => {
    const database = new FakeDatabase();
    const culprits = ['req_7', 'req_91', 'req_92'];
    database.fails = (_statements, ids) => (ids.some((id) => culprits.includes(id)) ? refused : null);
    const writer = start(database);
    const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => writer.submit(reserve(String(index)))));
    const failed = answers.flatMap((answer, index) => (answer.ok ? [] : [[`req_${index}`, answer.error.kind]]));
    expect(failed).toEqual(culprits.map((id) => [id, 'refused']));
    // Each faulty call costs two batches for each halving of two hundred.
    expect(database.batches.length).toBeLessThan(3 * 2 * 8 + 2);
  });

  test('is not split when the database becomes unreachable', async () => {
    const database = new FakeDatabase();
    database.fails = (_statements, ids) => (ids.length > 16 ? refused : new TypeError('gone'));
    const writer = start(database);
    const answers = await Promise.all(Array.from({ length: 65 }, (_, index) => writer.submit(reserve(String(index)))));
    expect(new Set(answers.map((answer) => (answer.ok ? 'ok' : answer.error.kind)))).toEqual(new Set(['unreachable']));
    expect(database.sent().map((ids) => ids.length)).toEqual([1, 64, 32, 16]);
  });

  test('leaves no call waiting after a bug in the connection or its result, and the writer continues', async () => {
    const database = new FakeDatabase();
    const bugs = [{ batch: async () => [] }, new RangeError('no such shard')];
    const writer = createLedgerWriter({
      connect: () => {
        const bug = bugs.shift() ?? database.connect();
        if (bug instanceof RangeError) throw bug;
        return bug;
      },
      clock: Date.now,
      policy: POLICY,
    });
    const answers = await Promise.all(['a', 'b', 'c'].map((id) => writer.submit(reserve(id))));
    // The first was sent alone; the other two hit the second bug together and were split.
    expect(answers).toMatchObject([{ ok: false, error: { kind: 'refused', code: 'UNKNOWN' } }, outcomeOf('b'), outcomeOf('c')]);
  });

  test('every call gets exactly one result, whatever the order of answers, losses and refusals', async () => {
    vi.useRealTimers();
    const kinds = [reserve, charge, settle, release, undo];
    const Call = fc.record({ kind: fc.nat({ max: kinds.length - 1 }), after: fc.nat({ max: 3 }) });
    const Fate = fc.constantFrom('answered', 'answered', 'answered', 'lost', 'refused');
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(Call, { maxLength: 60 }), fc.array(Fate, { maxLength: 40 }), async (s, calls, fates) => {
        const database = new FakeDatabase();
        let batches = 0;
        database.fails = () => {
          const fate = fates[batches++] ?? 'answered';
          return fate === 'lost' ? new TypeError('lost') : fate === 'refused' ? refused : null;
        };
        const connection = database.connect();
        const batch = s.scheduleFunction((statements: readonly unknown[]) => connection.batch(statements));
        const writer = createLedgerWriter({
          connect: () => ({ batch: (statements) => batch(statements) }),
          clock: Date.now,
          policy: POLICY,
          limits: limitsOf({ batchCalls: 7, waitingCalls: 20, waitMs: 60_000 }),
        });
        const answers: string[][] = calls.map(() => []);
        const send = async ({ kind, after }: (typeof calls)[number], index: number) => {
          for (let turn = 0; turn < after; turn++) await s.schedule(Promise.resolve());
          const answer = await writer.submit((kinds[kind] ?? reserve)(String(index)));
          answers[index]?.push(answer.ok ? String(answer.value) : answer.error.kind);
        };
        const all = Promise.all(calls.map(send));
        await s.waitFor(all);
        for (const [index, results] of answers.entries()) {
          expect(results).toHaveLength(1);
          expect([`outcome of req_${index}`, 'busy', 'unreachable', 'refused']).toContain(results[0]);
        }
      }),
      { numRuns: 300 },
    );
  });
});

function charsOf(call: LedgerCall): number {
  return call.row.length + call.look.length;
}
