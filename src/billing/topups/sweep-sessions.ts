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

/** One day in which a session can be paid, plus three in which Stripe repeats its webhook. */
const LOOK_BACK_MS = 4 * days;

/** A lost order is rare and not urgent, so passes need not run more often. */
const PASS_INTERVAL_MS = hours;

/** Pages of a hundred sessions; the next run continues behind them. */
const MAX_PAGES_PER_RUN = 5;

/** Each check costs about ten requests, and a cron run has 1,000 for all its jobs. */
const MAX_CHECKS_PER_RUN = 20;

/** Progress of a pass. Times are unix milliseconds. */
const Pass = z.object({
  startedAt: z.int(),
  /** The next page starts behind this session; null starts with the newest. */
  after: z.string().nullable(),
  isDone: z.boolean(),
});
type Pass = z.infer<typeof Pass>;

/** Stores the progress between runs. A stored value of another shape counts as none. */
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
 * Finds payments whose order and webhook were both lost, for example when the database was restored from a backup. Goes through recently
 * completed sessions, newest first, and checks each paid one that has our metadata but no order. A run is bounded and the next one
 * continues; a failed check is repeated by the next pass.
 */
export async function sweepSessions(deps: SweepDeps): Promise<Result<Reconciled, Unreachable>> {
  const { clock, memory } = deps;
  const stored = await memory.read();
  if (!stored.ok) return stored;
  const known = Pass.safeParse(stored.value);
  const last = known.success ? known.data : null;
  if (last?.isDone === true && clock() - last.startedAt < PASS_INTERVAL_MS) return ok({ done: 0, failed: 0, alarms: [] });
  const begun = last === null || last.isDone ? { startedAt: clock(), after: null, isDone: false } : last;
  const went = await continuePass(deps, begun);
  if (!went.ok) return went;
  const written = await memory.write(went.value.pass);
  return written.ok ? ok(went.value.reconciled) : written;
}

async function continuePass(
  deps: SweepDeps,
  begun: Pass,
): Promise<Result<{ readonly pass: Pass; readonly reconciled: Reconciled }, Unreachable>> {
  const alarms = new Set<string>();
  let [pass, done, failed] = [begun, 0, 0];
  const result = () => ok({ pass, reconciled: { done, failed, alarms: [...alarms] } });
  for (let page = 1; page <= MAX_PAGES_PER_RUN; page += 1) {
    const listed = await deps.payments.completedSessions(pass.startedAt - LOOK_BACK_MS, pass.after);
    if (!listed.ok) {
      failed += 1;
      if (listed.error.kind === 'refused') {
        alarms.add('payment_service_refused');
        // Stripe may not know the session in `after`; the next pass starts without one.
        pass = { ...pass, isDone: true };
      }
      return result();
    }
    const { sessions, hasMore } = listed.value;
    const orphans = await deps.topUps.withoutOrder(sessions.filter(({ isPaidTopUp }) => isPaidTopUp).map(({ sessionId }) => sessionId));
    if (!orphans.ok) return orphans;
    for (const { sessionId } of sessions) {
      if (orphans.value.includes(sessionId)) {
        if (done + failed >= MAX_CHECKS_PER_RUN) return result();
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
