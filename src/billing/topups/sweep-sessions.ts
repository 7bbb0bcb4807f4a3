import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import { ok, type Result } from '../../core/result.ts';
import { walkRows } from '../../core/walk-rows.ts';
import type { Unreachable } from '../../db/call.ts';
import type { PaymentService } from './payment-service.ts';
import { failureAlarm, type TopUpAlarm, type TopUpCheck } from './sync.ts';
import { NOTHING_DONE, type Reconciled, tryCheck } from './reconcile.ts';
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
  /** Asked before each page and each session; the next run continues there. */
  readonly isOver: () => boolean;
};

/**
 * Finds payments whose order and webhook were both lost, for example when the database was restored from a backup. Goes through recently
 * completed sessions, newest first, and checks each paid one that has our metadata but no order. A run is bounded and the next one
 * continues. Progress is stored before a session is checked, so that none can keep the pass where it is; a failed check is repeated by the
 * next pass.
 */
export async function sweepSessions(deps: SweepDeps): Promise<Result<Reconciled, Unreachable>> {
  const { clock, memory } = deps;
  const stored = await memory.read();
  if (!stored.ok) return stored;
  const known = Pass.safeParse(stored.value);
  const last = known.success ? known.data : null;
  if (last?.isDone === true && clock() - last.startedAt < PASS_INTERVAL_MS) return ok(NOTHING_DONE);
  const begun = last === null || last.isDone ? { startedAt: clock(), after: null, isDone: false } : last;
  return continuePass(deps, begun);
}

async function continuePass({ topUps, payments, check, memory, isOver }: SweepDeps, begun: Pass): Promise<Result<Reconciled, Unreachable>> {
  const alarms = new Set<TopUpAlarm>();
  let [pass, done, failed, isDown] = [begun, 0, 0, false];
  const stop = async (at: Pass): Promise<Result<Reconciled, Unreachable>> => {
    const written = await memory.write(at);
    return written.ok ? ok({ done, failed, alarms: [...alarms], isDown }) : written;
  };
  for (let page = 1; page <= MAX_PAGES_PER_RUN && !isOver(); page += 1) {
    const listed = await payments.completedSessions(pass.startedAt - LOOK_BACK_MS, pass.after);
    if (!listed.ok) {
      failed += 1;
      isDown = true;
      const alarm = failureAlarm(listed.error);
      if (alarm !== null) alarms.add(alarm);
      // Stripe may not know the session in `after`, or have nothing readable behind it; the next pass starts without one.
      return stop({ ...pass, isDone: listed.error.kind !== 'unavailable' });
    }
    const { sessions, next } = listed.value;
    const unreadable = sessions.filter(({ isPaidTopUp }) => isPaidTopUp === null).length;
    failed += unreadable;
    if (unreadable > 0) alarms.add('top_up_check_failed');
    const paid = sessions.filter(({ isPaidTopUp }) => isPaidTopUp === true).map(({ sessionId }) => sessionId);
    const unknown = await topUps.withoutOrder(paid);
    if (!unknown.ok) return unknown;
    const orphans = paid.filter((sessionId) => unknown.value.includes(sessionId));
    const room = Math.max(0, MAX_CHECKS_PER_RUN - done - failed);
    const checkNext = async (sessionId: string) => {
      pass = { ...pass, after: sessionId };
      const noted = await memory.write(pass);
      return noted.ok ? tryCheck(() => check.byHint({ about: { sessionId } }), alarms) : 'down';
    };
    const walked = await walkRows(orphans.slice(0, room), checkNext, isOver);
    done += walked.done;
    failed += walked.failed;
    isDown = walked.isDown;
    if (isDown || walked.left.length > 0 || orphans.length > room) return stop(pass);
    if (next === null) return stop({ ...pass, isDone: true });
    pass = { ...pass, after: next };
  }
  return stop(pass);
}
