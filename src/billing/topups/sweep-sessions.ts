import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import { ok, type Result } from '../../core/result.ts';
import type { Unreachable } from '../../db/call.ts';
import type { PaymentService } from './payment-service.ts';
import type { TopUpCheck } from './sync.ts';
import { alarmOf, type Reconciled } from './reconcile.ts';
import type { TopUps } from './top-ups.ts';

const minutes = 60 * 1_000;
const hours = 60 * minutes;
const days = 24 * hours;

/** How far back sessions are looked for: a day in which one can be paid, and the three in which its webhook is repeated. */
const LOOK_BACK_MS = 4 * days;

/** A pass begins this long after the one before: what it finds has lost its order and its webhook, and neither is a matter of minutes. */
const PASS_EVERY_MS = hours;

/** Pages of a hundred sessions that one run asks for. The next run goes on behind them. */
const MOST_PAGES_A_RUN = 5;

/** Sessions without an order that one run deals with: each costs about ten requests, and a run has 1,000 for all its jobs. */
const MOST_CHECKS_A_RUN = 20;

/** Where a pass stands. Times in unix milliseconds. */
const Pass = z.object({
  startedAt: z.int(),
  /** The session that the next page begins behind; null for the newest. */
  after: z.string().nullable(),
  isDone: z.boolean(),
});
type Pass = z.infer<typeof Pass>;

/** Where a pass is remembered between runs. What can't be read counts as none. */
export type SweepMemory = {
  read(): Promise<Result<unknown, Unreachable>>;
  write(pass: Pass): Promise<Result<void, Unreachable>>;
};

type SweepDeps = {
  readonly topUps: Pick<TopUps, 'withoutOrder'>;
  readonly payments: PaymentService;
  readonly check: TopUpCheck;
  readonly clock: Clock;
  readonly memory: SweepMemory;
};

/**
 * Finds payments whose order and webhook were both lost, as after the database was restored: goes through the sessions that were
 * completed lately, newest first, and gives each that was paid, has our metadata and no order here to the check of an unknown session.
 * A run is bounded and the next goes on; a check that fails is repeated by the next pass.
 */
export async function sweepSessions(deps: SweepDeps): Promise<Result<Reconciled, Unreachable>> {
  const { clock, memory } = deps;
  const stored = await memory.read();
  if (!stored.ok) return stored;
  const known = Pass.safeParse(stored.value);
  const last = known.success ? known.data : null;
  if (last?.isDone === true && clock() - last.startedAt < PASS_EVERY_MS) return ok({ done: 0, failed: 0, alarms: [] });
  const begun = last === null || last.isDone ? { startedAt: clock(), after: null, isDone: false } : last;
  const went = await goOn(deps, begun);
  if (!went.ok) return went;
  const written = await memory.write(went.value.pass);
  return written.ok ? ok(went.value.reconciled) : written;
}

async function goOn(deps: SweepDeps, begun: Pass): Promise<Result<{ readonly pass: Pass; readonly reconciled: Reconciled }, Unreachable>> {
  const alarms = new Set<string>();
  let [pass, done, failed] = [begun, 0, 0];
  const result = () => ok({ pass, reconciled: { done, failed, alarms: [...alarms] } });
  for (let page = 1; page <= MOST_PAGES_A_RUN; page += 1) {
    const listed = await deps.payments.completedSessions(pass.startedAt - LOOK_BACK_MS, pass.after);
    if (!listed.ok) {
      failed += 1;
      if (listed.error.kind === 'refused') {
        alarms.add('payment_service_refused');
        // It may be our place in the list that it doesn't know; the next pass asks without one.
        pass = { ...pass, isDone: true };
      }
      return result();
    }
    const { sessions, hasMore } = listed.value;
    const orphans = await deps.topUps.withoutOrder(sessions.filter(({ isPaidTopUp }) => isPaidTopUp).map(({ sessionId }) => sessionId));
    if (!orphans.ok) return orphans;
    for (const { sessionId } of sessions) {
      if (orphans.value.includes(sessionId)) {
        if (done + failed >= MOST_CHECKS_A_RUN) return result();
        const checked = await deps.check.byHint({ about: { sessionId } });
        if (checked.ok) done += 1;
        else failed += 1;
        const alarm = alarmOf(checked);
        if (alarm !== null) alarms.add(alarm);
      }
      pass = { ...pass, after: sessionId };
    }
    if (!hasMore) {
      pass = { ...pass, isDone: true };
      return result();
    }
  }
  return result();
}
