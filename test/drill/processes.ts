import { setTimeout as sleep } from 'node:timers/promises';
import { CALL_POLICY } from '../../src/db/call.ts';
import { randomFrom } from '../ledger/payment-lifecycles.ts';
import { checkAnswers, type Round } from './process-answers.ts';
import { checkBook } from './process-book.ts';
import { Callers } from './process-callers.ts';
import { closeBooks } from './process-closing.ts';
import type { Drill, DrillOptions, DrillResult } from './drill.ts';
import type { Call } from './paid-call.ts';
import { PROCESS_FAULTS, type ProcessFault, type Stage } from './process-faults.ts';
import { type Service, startService } from './process-service.ts';

const seconds = 1_000;

/** A slow cache alone uses two seconds of it. */
const READ_DEADLINE_MS = 6 * seconds;

/**
 * If the database fails at the end of a read, the service settles, releases and settles again, each within the limit of a ledger call; a
 * call that takes a second longer hangs. Ten seconds are still "within seconds".
 */
const BOUNDS = { callMs: READ_DEADLINE_MS + 3 * CALL_POLICY.deadlineMs + 1 * seconds, recoveryMs: 10 * seconds } as const;

/** A service that takes longer to recover ends the run. */
const GIVE_UP_MS = 60 * seconds;

/** The interval and timeout of checks whether the service has recovered. */
const PROBE_INTERVAL_MS = 50;
const MOST_PROBES = 8;
const PROBE_PATIENCE_MS = 20 * seconds;

/** Load without faults before and after each fault. */
const CALM_MS = 1 * seconds;

/** The long version starts rounds for this long; the short one plays each fault once. */
const LONG_MS = 9 * 60 * seconds;

/** US$1,000, so that no account runs out. */
const GRANT = 1_000_000_000;

/** Kills, stops and starves the service's processes under load, and checks that no credit was lost. */
export const processDrill: Drill = {
  name: 'processes',
  about: 'workerd and sqld killed, stopped and out of space, and everything around them failing, under load',
  async run(options) {
    const service = await startService({
      READ_DEADLINE_MS: String(READ_DEADLINE_MS),
      SIGNUP_GRANT_MICRO_CREDITS: String(GRANT),
      RATE_LIMIT_SCALE: '1000000',
    });
    const callers = new Callers(service.url, randomFrom(options.seed));
    try {
      const rounds = await playAll(service, callers, options);
      await callers.stop();
      const { book, repeated, expired } = await closeBooks(service, callers, GRANT);
      const money = checkBook(callers.calls, book);
      const answers = checkAnswers(callers.calls, rounds, service.outages, BOUNDS);
      return {
        promises: [...answers.promises, ...money.promises],
        figures: {
          ...figuresOf(callers, rounds),
          'holds given back by time': expired,
          'idempotency keys repeated at the end': repeated,
          'top-ups paid': book.paidSessions.length,
          'workerd killed by the drill, times': service.outages.length,
          'workerd started again, times': service.restarts(),
          'out of space by': service.disk.how ?? 'SKIPPED: this machine offers no way',
        },
        breaches: [...answers.breaches, ...money.breaches],
      };
    } finally {
      const stopped = callers.stop();
      await service.close();
      callers.close();
      await stopped;
    }
  },
};

/** Plays every fault once; then, in the long version, faults in random order. */
async function playAll(service: Service, callers: Callers, { seed, isLong, say }: DrillOptions): Promise<readonly Round[]> {
  // A separate random source, because the callers' draws depend on the speed of the service.
  const random = randomFrom(seed);
  const stage: Stage = { service, callers, random, isLong };
  const rounds: Round[] = [];
  const endsAt = Date.now() + (isLong ? LONG_MS : 0);
  const faults = PROCESS_FAULTS.filter((fault) => fault.name !== 'disk full' || service.disk.how !== null);
  if (service.disk.how === null)
    say('SKIPPED: the disk of the database cannot be filled on this machine (neither mount nor prlimit works).');
  const left = shuffled(faults, random);
  await callers.changeCustomers();
  callers.start();
  while (left.length > 0 || Date.now() < endsAt) {
    const fault = left.pop() ?? faults[random.below(faults.length)];
    if (fault === undefined) throw new Error('there are faults');
    const round = await playOne(fault, stage);
    rounds.push(round);
    const met = callers.calls.filter(({ startedAt, during }) => during === fault.name && startedAt >= round.brokenAt);
    const unpaid = met.filter(({ outcome }) => outcome.kind !== 'paid').length;
    say(`${fault.name}: back after ${round.recoveryMs} ms; ${unpaid} of ${met.length} calls were no paid reads`);
  }
  return rounds;
}

async function playOne(fault: ProcessFault, stage: Stage): Promise<Round> {
  const { callers, service } = stage;
  callers.during = 'calm';
  await callers.changeCustomers();
  const prober = await callers.signUp();
  await sleep(CALM_MS);
  callers.during = fault.name;
  const brokenAt = Date.now();
  await fault.play(stage);
  const mendedAt = Date.now();
  const back = await firstPaid(callers, prober, mendedAt);
  const outage = service.outages.at(-1);
  if (outage !== undefined && outage.until === Number.POSITIVE_INFINITY) outage.until = back;
  await sleep(CALM_MS);
  return { fault: fault.name, isHarmless: fault.isHarmless, brokenAt, recoveryMs: back - mendedAt };
}

/** When the first read that began after `since` was paid, unix milliseconds. */
async function firstPaid(callers: Callers, prober: Parameters<Callers['read']>[0], since: number): Promise<number> {
  const paidAt: number[] = [];
  const probes = new Set<Promise<void>>();
  const probe = async () => {
    const call = await callers.read(prober, { path: '/v1/post?url=DemoImage01', shortcode: 'DemoImage01' }, null, PROBE_PATIENCE_MS);
    if (call.outcome.kind === 'paid') paidAt.push(call.endedAt);
  };
  while (paidAt.length === 0 && Date.now() - since < GIVE_UP_MS) {
    if (probes.size < MOST_PROBES) {
      const probing: Promise<void> = probe().finally(() => probes.delete(probing));
      probes.add(probing);
    }
    await sleep(PROBE_INTERVAL_MS);
  }
  await Promise.all(probes);
  return paidAt[0] ?? Date.now();
}

function figuresOf({ calls }: Callers, rounds: readonly Round[]): DrillResult['figures'] {
  const count = (kind: Call['outcome']['kind']) => calls.filter(({ outcome }) => outcome.kind === kind).length;
  const figures: Record<string, number | string> = {
    rounds: rounds.length,
    calls: calls.length,
    'paid reads': count('paid'),
    'refused calls': count('refused'),
    'calls without an answer': count('unanswered'),
    'usual call, ms': median(calls.filter(({ during }) => during === 'calm').map(({ startedAt, endedAt }) => endedAt - startedAt)),
    'longest call, ms': Math.max(...calls.map(({ startedAt, endedAt }) => endedAt - startedAt)),
  };
  for (const { name } of PROCESS_FAULTS) {
    const played = rounds.filter(({ fault }) => fault === name);
    const of = calls.filter(({ during }) => during === name);
    const refused = Map.groupBy(
      of.flatMap(({ outcome }) => (outcome.kind === 'refused' ? [outcome.code] : [])),
      (code) => code,
    );
    const codes = [...refused].map(([code, all]) => `${all.length} ${code}`).join(', ');
    const paid = of.filter(({ outcome }) => outcome.kind === 'paid').length;
    const waits = of.filter(({ outcome }) => outcome.kind === 'refused').map(({ startedAt, endedAt }) => endedAt - startedAt);
    figures[name] = [
      `${played.length} times`,
      `worst ${Math.max(0, ...played.map(({ recoveryMs }) => recoveryMs))} ms until the first paid read`,
      `longest call ${Math.max(0, ...of.map(({ startedAt, endedAt }) => endedAt - startedAt))} ms`,
      `${paid} paid`,
      waits.length === 0 ? 'none refused' : `${codes} (usually after ${median(waits)} ms)`,
    ].join('; ');
  }
  return figures;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

function shuffled<T>(items: readonly T[], random: ReturnType<typeof randomFrom>): T[] {
  const left = [...items];
  const mixed: T[] = [];
  while (left.length > 0) mixed.push(...left.splice(random.below(left.length), 1));
  return mixed;
}
