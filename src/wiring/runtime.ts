import type { Clock } from '../core/clock.ts';
import { type Env, readSettings, type Settings, type SettingsProblem } from '../env.ts';
import type { RequestEvent } from '../http/request-event.ts';
import { type Ids, randomIds } from '../core/ids.ts';
import { BATCH_MS } from '../ops/metrics/counter-buffer.ts';
import type { JobRun } from '../ops/jobs/jobs.ts';
import type { Result } from '../core/result.ts';

/** What the program gets from outside, injected so that tests control time and see every outgoing request. */
export type Runtime = {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly fetch: typeof fetch;
  readonly log: (event: RequestEvent) => void;
  /** `shard` is absent for the first. */
  readonly logJob?: (run: JobRun & { readonly shard?: number }) => void;
  /** Waits while an isolate batches its counts; no batching when absent. */
  readonly batchPause?: () => Promise<void>;
};

/** What one request is served with. `background` keeps the isolate alive until the work it is given ends. */
export type RequestContext = {
  readonly settings: Settings;
  readonly env: Env;
  readonly background: (work: Promise<unknown>) => void;
  readonly runtime: Runtime;
};

export const workerd: Runtime = {
  clock: () => Date.now(),
  ids: randomIds,
  // workerd rejects a detached `fetch`, hence the arrow.
  fetch: (input, init) => fetch(input, init),
  log: (event) => console.log(JSON.stringify(event)),
  logJob: (run) => console.log(JSON.stringify(run)),
  batchPause: () => new Promise((resolve) => setTimeout(resolve, BATCH_MS)),
};

export const systemClock: Clock = workerd.clock;

/** Settings are constant for an isolate, so they are parsed once per environment object. */
const settingsOf = new WeakMap<Env, Result<Settings, readonly SettingsProblem[]>>();

export function settingsFrom(env: Env): Result<Settings, readonly SettingsProblem[]> {
  const known = settingsOf.get(env) ?? readSettings(env);
  settingsOf.set(env, known);
  return known;
}
