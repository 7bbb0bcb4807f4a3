import { describe, expect, test } from 'vitest';
import type { PaymentService, SessionPage } from '../../../../src/billing/topups/payment-service.ts';
import { reconcileDue, reconcileListed, runParts } from '../../../../src/billing/topups/reconcile.ts';
import { sweepSessions } from '../../../../src/billing/topups/sweep-sessions.ts';
import type { Checked, CheckFailure, TopUpCheck } from '../../../../src/billing/topups/sync.ts';
import type { DueOrder, TopUps } from '../../../../src/billing/topups/top-ups.ts';
import { err, ok, type Result } from '../../../../src/core/result.ts';
import { manualClock } from '../../../support/database.ts';

const minutes = 60_000;
const hours = 60 * minutes;
const isOver = () => false;

/** What checking a row does, by its id; nothing else of a row matters here. */
type Answers = Readonly<Record<string, CheckFailure['kind'] | 'throws' | 'done'>>;

const never = () => Promise.reject(new Error('not asked for here'));

function checkBy(answers: Answers) {
  const checked: string[] = [];
  const answer = async (id: string): Promise<Result<Checked, CheckFailure>> => {
    checked.push(id);
    const kind = answers[id] ?? 'done';
    if (kind === 'throws') throw new Error('a row that nothing here can read');
    return kind === 'done' ? ok({ order: null, alarm: null }) : err({ kind });
  };
  const check: TopUpCheck = {
    byOrder: answer,
    bySession: never,
    byHint: ({ about }) => answer(about !== null && 'sessionId' in about ? about.sessionId : ''),
  };
  return { check, checked };
}

/** The orders by when they are due. */
function dueOrders(ids: readonly string[], createdAt: number) {
  const dueAt = new Map<string, number>(ids.map((id, index) => [id, index]));
  const topUps: Pick<TopUps, 'take' | 'postpone'> = {
    async take(lane, limit, nextCheckAt) {
      const isWanted = (id: string) => lane.kind !== 'listed' || lane.sessionIds.includes(`cs_${id}`);
      const taken = [...dueAt.entries()]
        .filter(([id]) => isWanted(id))
        .sort(([, a], [, b]) => a - b)
        .slice(0, limit);
      for (const [id] of taken) dueAt.set(id, nextCheckAt);
      return ok(taken.map(([id]): DueOrder => ({ id, createdAt })));
    },
    async postpone(postponed, nextCheckAt) {
      for (const id of postponed) dueAt.set(id, nextCheckAt ?? Infinity);
      return ok(null);
    },
  };
  // safe because a run takes and postpones orders alone
  return { dueAt, topUps: topUps as TopUps };
}

describe('reconciling due orders', () => {
  test.each(['throws', 'unreadable', 'contended'] as const)('an order whose check is %s costs only itself', async (fault) => {
    const clock = manualClock();
    const { topUps, dueAt } = dueOrders(['pay_1', 'pay_2', 'pay_3'], clock() - minutes);
    const { check, checked } = checkBy({ pay_1: fault });
    const alarms = fault === 'contended' ? [] : ['top_up_check_failed'];
    expect(await reconcileDue('unpaid', { topUps, check, clock, isOver })).toEqual(ok({ done: 2, failed: 1, alarms, isDown: false }));
    expect(checked).toEqual(['pay_1', 'pay_2', 'pay_3']);
    expect(dueAt.get('pay_1')).toBe(clock() + 5 * minutes);
  });

  test('many orders that fail by themselves do not end the run', async () => {
    const clock = manualClock();
    const { topUps } = dueOrders(['pay_1', 'pay_2', 'pay_3', 'pay_4', 'pay_5'], clock());
    const { check } = checkBy({ pay_1: 'throws', pay_2: 'throws', pay_3: 'throws', pay_4: 'unreadable' });
    expect(await reconcileDue('unpaid', { topUps, check, clock, isOver })).toMatchObject({ value: { done: 1, failed: 4, isDown: false } });
  });

  test.each(['unavailable', 'refused', 'unreachable'] as const)('a run in which all is %s ends after three orders', async (fault) => {
    const clock = manualClock();
    const ids = ['pay_1', 'pay_2', 'pay_3', 'pay_4', 'pay_5'];
    const { topUps, dueAt } = dueOrders(ids, clock());
    const { check, checked } = checkBy(Object.fromEntries(ids.map((id) => [id, fault])));
    const alarms = fault === 'refused' ? ['payment_service_refused'] : [];
    expect(await reconcileDue('unpaid', { topUps, check, clock, isOver })).toEqual(ok({ done: 0, failed: 3, alarms, isDown: true }));
    expect(checked).toEqual(['pay_1', 'pay_2', 'pay_3']);
    // Those that were tried wait, the others are the first of the next run.
    expect([...dueAt.values()]).toEqual([1, 2, 3].map(() => clock() + 5 * minutes).concat([clock(), clock()]));
  });

  test.each([
    [minutes, 5 * minutes],
    [4 * hours + 1, 30 * minutes],
    [100 * hours, 6 * hours],
  ])('an order of %d ms whose check fails waits %d ms', async (age, pause) => {
    const clock = manualClock();
    const { topUps, dueAt } = dueOrders(['pay_1'], clock() - age);
    await reconcileDue('unpaid', { topUps, check: checkBy({ pay_1: 'throws' }).check, clock, isOver });
    expect(dueAt.get('pay_1')).toBe(clock() + pause);
  });

  test('a run ends with its time, and the orders that it did not try are the first of the next', async () => {
    const clock = manualClock();
    const { topUps, dueAt } = dueOrders(['pay_1', 'pay_2', 'pay_3'], clock());
    const { check, checked } = checkBy({});
    const run = await reconcileDue('unpaid', { topUps, check, clock, isOver: () => checked.length === 2 });
    expect(run).toEqual(ok({ done: 2, failed: 0, alarms: [], isDown: false }));
    expect([checked, dueAt.get('pay_3')]).toEqual([['pay_1', 'pay_2'], clock()]);
  });

  test('a part of a run that throws, or finds no database, costs neither the next part nor the alarms of the others', async () => {
    const nothing = { done: 0, failed: 0, isDown: false };
    const run = runParts([
      async () => ok({ ...nothing, failed: 1, alarms: ['top_up_limit_reached'] }),
      () => Promise.reject(new Error('a bug')),
      async () => err({ kind: 'unreachable' }),
      async () => ok({ ...nothing, done: 7, alarms: ['top_up_limit_reached'] }),
    ]);
    expect(await run).toEqual({ done: 7, failed: 2, isDown: true, alarms: ['top_up_limit_reached', 'top_up_check_failed'] });
  });

  test('an order is put off before it is looked at, so that one that ends the run is not the first of the next', async () => {
    const clock = manualClock();
    const { topUps, dueAt } = dueOrders(['pay_1'], clock());
    const { check } = checkBy({});
    const seen: unknown[] = [];
    const watching: TopUpCheck = { ...check, byOrder: async (id) => (seen.push(dueAt.get(id)), check.byOrder(id)) };
    await reconcileDue('unpaid', { topUps, check: watching, clock, isOver });
    expect(seen).toEqual([clock() + 5 * minutes]);
  });
});

describe('reconciling the sessions that Stripe lists as paid', () => {
  const pagesOf = (pages: Readonly<Record<string, SessionPage>>): Pick<PaymentService, 'completedSessions'> => ({
    completedSessions: async (_since, after) => ok(pages[after ?? 'first'] ?? { sessions: [], next: null }),
  });
  const session = (id: string, isPaidTopUp: boolean | null = true) => ({ sessionId: `cs_${id}`, isPaidTopUp });

  test('checks their orders alone, over pages, and is not stopped by one that it cannot read', async () => {
    const clock = manualClock();
    const { topUps, dueAt } = dueOrders(['pay_1', 'pay_2', 'pay_3', 'pay_4'], clock());
    const { check, checked } = checkBy({ pay_1: 'throws' });
    const payments = pagesOf({
      first: { sessions: [session('pay_1'), session('pay_9', null), session('pay_2', false)], next: 'cs_pay_2' },
      cs_pay_2: { sessions: [session('pay_4')], next: null },
    });
    const run = await reconcileListed(payments, { topUps, check, clock, isOver });
    expect(run).toEqual(ok({ done: 1, failed: 1, alarms: ['top_up_check_failed'], isDown: false }));
    expect(checked).toEqual(['pay_1', 'pay_4']);
    expect(dueAt.get('pay_1')).toBe(clock() + 5 * minutes);
  });

  test.each([
    ['unavailable', true, []],
    ['refused', true, ['payment_service_refused']],
    ['unreadable', false, ['top_up_check_failed']],
  ] as const)('says so when the list is %s', async (kind, isDown, alarms) => {
    const clock = manualClock();
    const { topUps } = dueOrders(['pay_1'], clock());
    const payments = { completedSessions: async () => err({ kind }) };
    const run = await reconcileListed(payments, { topUps, check: checkBy({}).check, clock, isOver });
    expect(run).toEqual(ok({ done: 0, failed: 1, alarms, isDown }));
  });
});

describe('sweeping the sessions that Stripe lists', () => {
  function sweepOver(pages: Readonly<Record<string, SessionPage>>, answers: Answers) {
    const clock = manualClock();
    const { check, checked } = checkBy(answers);
    let stored: { readonly after: string | null } | null = null;
    const passedAtChecks: unknown[] = [];
    const payments: Pick<PaymentService, 'completedSessions'> = {
      completedSessions: async (_since, after) => ok(pages[after ?? 'first'] ?? { sessions: [], next: null }),
    };
    return {
      checked,
      passedAtChecks,
      passOf: () => stored,
      run: () =>
        sweepSessions({
          topUps: { withoutOrder: async (ids) => ok(ids) },
          // safe because a sweep asks only for completed sessions
          payments: payments as PaymentService,
          isOver,
          check: { ...check, byHint: (hint) => (passedAtChecks.push(stored?.after), check.byHint(hint)) },
          clock,
          memory: {
            read: async () => ok(stored),
            write: async (pass) => {
              stored = pass;
              return ok(undefined);
            },
          },
        }),
    };
  }

  const paid = (sessionId: string) => ({ sessionId, isPaidTopUp: true });

  test('a session whose check throws, and one that cannot be read, cost only themselves', async () => {
    const first = { sessions: [paid('cs_1'), { sessionId: 'cs_2', isPaidTopUp: null }, paid('cs_3')], next: 'cs_3' };
    const { run, checked, passOf } = sweepOver({ first, cs_3: { sessions: [paid('cs_4')], next: null } }, { cs_1: 'throws' });
    expect(await run()).toEqual(ok({ done: 2, failed: 2, alarms: ['top_up_check_failed'], isDown: false }));
    expect(checked).toEqual(['cs_1', 'cs_3', 'cs_4']);
    expect(passOf()).toMatchObject({ isDone: true });
  });

  test('the place of a pass is behind a session before it is checked, so that one that ends the run does not begin the next', async () => {
    const sweep = sweepOver({ first: { sessions: [paid('cs_1'), paid('cs_2')], next: null } }, {});
    await sweep.run();
    expect(sweep.passedAtChecks).toEqual(['cs_1', 'cs_2']);
    expect(sweep.passOf()).toMatchObject({ after: 'cs_2', isDone: true });
  });
});
