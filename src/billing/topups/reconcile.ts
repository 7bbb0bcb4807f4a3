import type { Clock } from '../../core/clock.ts';
import { ok, type Result } from '../../core/result.ts';
import type { Unreachable } from '../../db/call.ts';
import type { Checked, CheckFailure, TopUpAlarm, TopUpCheck } from './sync.ts';
import type { TopUps } from './top-ups.ts';

/** Each order takes three requests to Stripe; a cron run has 1,000 requests and fifteen minutes. */
const MAX_ORDERS_PER_RUN = 100;

/** Delays an order whose check failed behind the others. */
const FAILED_CHECK_PAUSE_MS = 5 * 60 * 1_000;

/** The result of one run. `alarms` lists, without duplicates, what an operator has to check. */
export type Reconciled = { readonly done: number; readonly failed: number; readonly alarms: readonly string[] };

/**
 * Checks the orders that are due, longest overdue first, because webhooks can be lost. Each order stores when its next check is due, so the
 * next run continues where this one ends. An order whose check fails is postponed by five minutes.
 */
export async function reconcileTopUps(deps: {
  readonly topUps: TopUps;
  readonly check: TopUpCheck;
  readonly clock: Clock;
}): Promise<Result<Reconciled, Unreachable>> {
  const { topUps, check, clock } = deps;
  const due = await topUps.due(MAX_ORDERS_PER_RUN);
  if (!due.ok) return due;
  const alarms = new Set<string>();
  let done = 0;
  for (const order of due.value) {
    const checked = await check.byOrder(order);
    if (checked.ok) done += 1;
    else await topUps.postpone(order.id, clock() + FAILED_CHECK_PAUSE_MS);
    const alarm = alarmOf(checked);
    if (alarm !== null) alarms.add(alarm);
  }
  return ok({ done, failed: due.value.length - done, alarms: [...alarms] });
}

/** Returns what an operator has to check, or null. */
export function alarmOf(checked: Result<Checked, CheckFailure>): TopUpAlarm | null {
  if (checked.ok) return checked.value.alarm;
  return checked.error.kind === 'refused' ? 'payment_service_refused' : null;
}

/** Adds the results of two parts of a run. */
export function bothReconciled(
  one: Result<Reconciled, Unreachable>,
  two: Result<Reconciled, Unreachable>,
): Result<Reconciled, Unreachable> {
  if (!one.ok) return one;
  if (!two.ok) return two;
  return ok({
    done: one.value.done + two.value.done,
    failed: one.value.failed + two.value.failed,
    alarms: [...new Set([...one.value.alarms, ...two.value.alarms])],
  });
}
