import type { DrilledPromise } from './drill.ts';
import type { Call } from './paid-call.ts';

/** The faults of a run. Times are unix milliseconds. */
export type Round = {
  readonly fault: string;
  readonly isHarmless: boolean;
  readonly brokenAt: number;
  /** Time from the end of the fault to the first paid read. */
  readonly recoveryMs: number;
};

/** When workerd was not running. */
export type Outage = { readonly from: number; readonly until: number };

/** The longest allowed call and recovery. */
export type Bounds = { readonly callMs: number; readonly recoveryMs: number };

/** Guarantees to callers while something around the service fails. */
export const ANSWER_PROMISES = {
  explained: 'Every answer is one that the taxonomy explains, and none is called a bug of ours.',
  connected: 'A connection is cut only while workerd is dead.',
  bounded: 'No call hangs: each ends within its deadline and a bound.',
  goesOn: 'Reads go on while the cache, the rate limits or the metrics fail.',
  calm: 'Nothing fails while nothing is broken.',
  recovered: 'The service is back within seconds of every fault, by itself.',
} as const;

/** Violations reported for each guarantee. */
const MAX_REPORTED = 5;

/** Checks every call against the guarantees. */
export function checkAnswers(
  calls: readonly Call[],
  rounds: readonly Round[],
  outages: readonly Outage[],
  bounds: Bounds,
): { readonly promises: readonly DrilledPromise[]; readonly breaches: readonly string[] } {
  const harmless = new Set(rounds.filter(({ isHarmless }) => isHarmless).map(({ fault }) => fault));
  const wasDown = ({ startedAt, endedAt }: Call) => outages.some(({ from, until }) => from <= endedAt && startedAt <= until);
  // A call that began before a fault may still be affected by it.
  const metNext = ({ during, startedAt, endedAt }: Call) =>
    rounds.some(({ fault, brokenAt }) => fault !== during && startedAt <= brokenAt && brokenAt <= endedAt);
  // A call without a response may still be running, or have left a hold that keeps its Idempotency-Key until it expires.
  const nameOf = ({ accountId, onceKey }: Call) => `${accountId} ${onceKey}`;
  const leftBehind = new Set(calls.filter(({ onceKey, outcome }) => onceKey !== null && outcome.kind === 'unanswered').map(nameOf));
  const mayBeInFlight = (call: Call) => call.during === 'calm' && leftBehind.has(nameOf(call));
  const broken: Readonly<Record<keyof typeof ANSWER_PROMISES, readonly string[]>> = {
    explained: calls.filter(({ outcome }) => outcome.kind === 'foreign' || codeOf(outcome) === 'internal').map(told),
    connected: calls.filter((call) => call.outcome.kind === 'unanswered' && call.outcome.endedBy === 'service' && !wasDown(call)).map(told),
    bounded: calls.filter(({ startedAt, endedAt, outcome }) => outcome.kind === 'hung' || endedAt - startedAt > bounds.callMs).map(told),
    goesOn: calls.filter((call) => harmless.has(call.during) && call.outcome.kind !== 'paid' && !metNext(call)).map(told),
    calm: calls
      .filter((call) => call.during === 'repeats' || (call.during === 'calm' && !metNext(call)))
      // After repeated failures a target is refused for a while.
      .filter(({ outcome }) => outcome.kind !== 'paid' && codeOf(outcome) !== 'repeated_failure')
      .filter((call) => codeOf(call.outcome) !== 'idempotency_in_flight' || !mayBeInFlight(call))
      .map(told),
    recovered: rounds
      .filter(({ recoveryMs }) => recoveryMs > bounds.recoveryMs)
      .map(({ fault, recoveryMs }) => `${fault}, after ${recoveryMs} ms`),
  };
  const names = Object.entries(ANSWER_PROMISES);
  // safe because the names of both records are the same
  const casesOf = (name: string) => broken[name as keyof typeof ANSWER_PROMISES];
  return {
    promises: names.map(([name, promise]) => ({ promise, broken: casesOf(name).length })),
    breaches: names.flatMap(([name]) =>
      casesOf(name)
        .slice(0, MAX_REPORTED)
        .map((line) => `${name}: ${line}`),
    ),
  };
}

function codeOf(outcome: Call['outcome']): string | null {
  return outcome.kind === 'refused' ? outcome.code : null;
}

function told({ path, during, outcome, startedAt, endedAt }: Call): string {
  const what = outcome.kind === 'foreign' ? outcome.what : (codeOf(outcome) ?? outcome.kind);
  return `${path} during ${during}: ${what} after ${endedAt - startedAt} ms`;
}
