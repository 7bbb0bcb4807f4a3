import type { Clock } from '../../core/clock.ts';
import { ok, type Result } from '../../core/result.ts';
import { type RowOutcome, walkRows } from '../../core/walk-rows.ts';
import type { Unreachable } from '../../db/call.ts';
import { type Checked, type CheckFailure, failureAlarm, type TopUpAlarm, type TopUpCheck } from './sync.ts';
import type { PaymentService } from './payment-service.ts';
import type { DueOrder, Lane, TopUps } from './top-ups.ts';

const minutes = 60 * 1_000;
const hours = 60 * minutes;

/**
 * For each run. A paid order takes three requests to Stripe and two to the database, an unpaid one three in all; a run of the cron has 1,000
 * for all its jobs. Each lane has its own, so that no number of unpaid orders keeps a paid one waiting.
 */
const MOST_DUE = { unpaid: 100, other: 50 } as const;
const MOST_LISTED = 40;

/** Pages of a hundred sessions. The hourly pass over all recent sessions finds what is behind them. */
const MAX_PAGES_PER_RUN = 5;

/** As long as a session can be paid, and an hour for a clock that is wrong. */
const PAYABLE_FOR_MS = 24 * hours;

/** An order that was taken and not checked, because the run ended before its turn, is due again after this. */
const TAKEN_FOR_MS = 5 * minutes;

/** How long an order waits whose check failed: an eighth of its age, so that one which always fails costs less and less. */
const SHORTEST_PAUSE_MS = 5 * minutes;
const LONGEST_PAUSE_MS = 6 * hours;

/** The result of a run. `failed` counts the rows put off, `alarms` lists without duplicates what an operator has to check. */
export type Reconciled = {
  readonly done: number;
  readonly failed: number;
  readonly alarms: readonly TopUpAlarm[];
  readonly isDown: boolean;
};

export const NOTHING_DONE: Reconciled = { done: 0, failed: 0, alarms: [], isDown: false };

type ReconcileDeps = {
  readonly topUps: TopUps;
  readonly check: TopUpCheck;
  readonly clock: Clock;
  /** Asked before each order; the rest is left to the next run. */
  readonly isOver: () => boolean;
};

/**
 * Checks the orders of a lane that are due, longest overdue first, because webhooks can be lost. Each order stores when its next check is
 * due, so the next run continues where this one ends. An order whose check fails or throws is put off, by five minutes to six hours with its
 * age; it was put off before it was looked at, so that not even one that ends the run is the first of the next.
 */
export function reconcileDue(kind: keyof typeof MOST_DUE, deps: ReconcileDeps): Promise<Result<Reconciled, Unreachable>> {
  return checkLane({ kind }, MOST_DUE[kind], deps);
}

/**
 * Checks the unpaid orders whose sessions Stripe lists as paid, whether or not they are due: how long a payment waits whose webhook was lost
 * depends neither on the number of unpaid orders nor on the age of its own.
 */
export async function reconcileListed(
  payments: Pick<PaymentService, 'completedSessions'>,
  deps: ReconcileDeps,
): Promise<Result<Reconciled, Unreachable>> {
  const { clock, isOver } = deps;
  let [sum, after]: [Reconciled, string | null] = [NOTHING_DONE, null];
  for (let page = 1; page <= MAX_PAGES_PER_RUN && !isOver(); page += 1) {
    const listed = await payments.completedSessions(clock() - PAYABLE_FOR_MS, after);
    if (!listed.ok) {
      const alarm = failureAlarm(listed.error);
      return ok(plus(sum, { done: 0, failed: 1, alarms: alarm === null ? [] : [alarm], isDown: listed.error.kind !== 'unreadable' }));
    }
    const { sessions, next } = listed.value;
    const sessionIds = sessions.filter(({ isPaidTopUp }) => isPaidTopUp === true).map(({ sessionId }) => sessionId);
    const room = MOST_LISTED - sum.done - sum.failed;
    const checked = await checkLane({ kind: 'listed', sessionIds }, room, deps);
    if (!checked.ok) return checked;
    sum = plus(sum, checked.value);
    if (next === null || sum.isDown || sum.done + sum.failed >= MOST_LISTED) break;
    after = next;
  }
  return ok(sum);
}

async function checkLane(
  lane: Lane,
  limit: number,
  { topUps, check, clock, isOver }: ReconcileDeps,
): Promise<Result<Reconciled, Unreachable>> {
  const taken = await topUps.take(lane, limit, clock() + TAKEN_FOR_MS);
  if (!taken.ok) return taken;
  const alarms = new Set<TopUpAlarm>();
  const checkNext = async (order: DueOrder) => {
    const outcome = await tryCheck(() => check.byOrder(order.id), alarms);
    if (outcome !== 'done') await topUps.postpone([order.id], clock() + pauseFor(order, clock()));
    return outcome;
  };
  const { left, ...counts } = await walkRows(taken.value, checkNext, isOver);
  // The next run takes them first. Where this is lost, they wait a little longer.
  if (left.length > 0)
    await topUps.postpone(
      left.map(({ id }) => id),
      clock(),
    );
  return ok({ ...counts, alarms: [...alarms] });
}

function pauseFor({ createdAt }: DueOrder, now: number): number {
  return Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, Math.floor((now - createdAt) / 8)));
}

/** Checks one order, and adds to `alarms` what an operator has to look at. A check that throws raises `top_up_check_failed`. Never throws. */
export async function tryCheck(check: () => Promise<Result<Checked, CheckFailure>>, alarms: Set<TopUpAlarm>): Promise<RowOutcome> {
  try {
    const checked = await check();
    const alarm = checked.ok ? checked.value.alarm : failureAlarm(checked.error);
    if (alarm !== null) alarms.add(alarm);
    return checked.ok ? 'done' : outcomeOf(checked.error);
  } catch {
    // A bug, or a row that no code here has written.
    alarms.add('top_up_check_failed');
    return 'failed';
  }
}

function outcomeOf(failure: CheckFailure): RowOutcome {
  switch (failure.kind) {
    case 'unreachable':
    case 'unavailable':
    case 'refused':
      return 'down';
    case 'unreadable':
    case 'contended':
      return 'failed';
  }
}

/** Runs the parts of a run one after the other and adds up what they did. A part that throws or finds no database does not stop the next. */
export async function runParts(parts: readonly (() => Promise<Result<Reconciled, Unreachable>>)[]): Promise<Reconciled> {
  let sum = NOTHING_DONE;
  for (const part of parts) sum = plus(sum, await reconciled(part));
  return sum;
}

function plus(one: Reconciled, two: Reconciled): Reconciled {
  return {
    done: one.done + two.done,
    failed: one.failed + two.failed,
    alarms: [...new Set([...one.alarms, ...two.alarms])],
    isDown: one.isDown || two.isDown,
  };
}

async function reconciled(part: () => Promise<Result<Reconciled, Unreachable>>): Promise<Reconciled> {
  try {
    const ended = await part();
    return ended.ok ? ended.value : { ...NOTHING_DONE, isDown: true };
  } catch {
    return { ...NOTHING_DONE, failed: 1, isDown: true, alarms: ['top_up_check_failed'] };
  }
}
