import type { Clock } from '../../core/clock.ts';
import { ok, type Result } from '../../core/result.ts';
import type { Unreachable } from '../../db/call.ts';
import type { Checked, CheckFailure, TopUpAlarm, TopUpCheck } from './sync.ts';
import type { TopUps } from './top-ups.ts';

/** At most so many orders in one run of the cron: each asks Stripe three times, and a run has fifteen minutes and 1,000 requests. */
const MOST_ORDERS_A_RUN = 100;

/** An order whose check failed lets the others go first. Milliseconds. */
const FAILED_CHECK_PAUSE_MS = 5 * 60 * 1_000;

/** What one run came to. `alarms` names what a person has to look at, each once. */
export type Reconciled = { readonly done: number; readonly failed: number; readonly alarms: readonly string[] };

/**
 * Looks at the orders whose time has come, the longest waiting first, because webhooks can be lost. Each order notes when it is to be
 * looked at next, so a run that ends early goes on with the next one. An order that fails waits five minutes.
 */
export async function reconcileTopUps(deps: {
  readonly topUps: TopUps;
  readonly check: TopUpCheck;
  readonly clock: Clock;
}): Promise<Result<Reconciled, Unreachable>> {
  const { topUps, check, clock } = deps;
  const due = await topUps.due(MOST_ORDERS_A_RUN);
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

/** What a person has to look at after a check, if anything. */
export function alarmOf(checked: Result<Checked, CheckFailure>): TopUpAlarm | null {
  if (checked.ok) return checked.value.alarm;
  return checked.error.kind === 'refused' ? 'payment_service_refused' : null;
}

/** What two parts of a run came to together. */
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
