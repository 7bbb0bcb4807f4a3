import type { Clock } from '../../core/clock.ts';
import { ok, type Result } from '../../core/result.ts';
import { type RowOutcome, walkRows } from '../../core/walk-rows.ts';
import type { Unreachable } from '../../db/call.ts';
import { type Checked, type CheckFailure, failureAlarm, type TopUpAlarm, type TopUpCheck } from './sync.ts';
import type { DueOrder, TopUps } from './top-ups.ts';

const minutes = 60 * 1_000;
const hours = 60 * minutes;

/** Each order takes three requests to Stripe and two to the database; a cron run has 1,000 requests and fifteen minutes. */
const MAX_ORDERS_PER_RUN = 100;

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

/**
 * Checks the orders that are due, longest overdue first, because webhooks can be lost. Each order stores when its next check is due, so the
 * next run continues where this one ends. An order whose check fails or throws is put off, by five minutes to six hours with its age; it was
 * put off before it was looked at, so that not even one that ends the run is the first of the next.
 */
export async function reconcileTopUps(deps: {
  readonly topUps: TopUps;
  readonly check: TopUpCheck;
  readonly clock: Clock;
  /** Asked before each order; the rest is left to the next run. */
  readonly isOver: () => boolean;
}): Promise<Result<Reconciled, Unreachable>> {
  const { topUps, check, clock, isOver } = deps;
  const due = await topUps.takeDue(MAX_ORDERS_PER_RUN, clock() + TAKEN_FOR_MS);
  if (!due.ok) return due;
  const alarms = new Set<TopUpAlarm>();
  const checkNext = async (order: DueOrder) => {
    const outcome = await tryCheck(() => check.byOrder(order.id), alarms);
    if (outcome !== 'done') await topUps.postpone([order.id], clock() + pauseFor(order, clock()));
    return outcome;
  };
  const { left, ...counts } = await walkRows(due.value, checkNext, isOver);
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
  let [sum, alarms] = [NOTHING_DONE, new Set<TopUpAlarm>()];
  for (const part of parts) {
    const { done, failed, isDown, ...ended } = await reconciled(part);
    sum = { done: sum.done + done, failed: sum.failed + failed, isDown: sum.isDown || isDown, alarms: [] };
    alarms = new Set([...alarms, ...ended.alarms]);
  }
  return { ...sum, alarms: [...alarms] };
}

async function reconciled(part: () => Promise<Result<Reconciled, Unreachable>>): Promise<Reconciled> {
  try {
    const ended = await part();
    return ended.ok ? ended.value : { ...NOTHING_DONE, isDown: true };
  } catch {
    return { ...NOTHING_DONE, failed: 1, isDown: true, alarms: ['top_up_check_failed'] };
  }
}
