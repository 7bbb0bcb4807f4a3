import type { Clock } from '../core/clock.ts';
import { type Env, readSettings, type Settings, type SettingsProblem } from '../env.ts';
import type { RequestEvent } from '../http/request-event.ts';
import { type Ids, randomIds } from '../core/ids.ts';
import { GATHER_MS } from '../ops/metrics/counter-buffer.ts';
import type { JobRun } from '../ops/jobs/jobs.ts';
import type { Result } from '../core/result.ts';

/** What comes from outside the program. Handed in as one, so that tests can decide the time and watch every request that goes out. */
export type Runtime = {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly fetch: typeof fetch;
  readonly log: (event: RequestEvent) => void;
  /** `shard` is left out of the lines of the first. */
  readonly logJob?: (run: JobRun & { readonly shard?: number }) => void;
  /** How long an isolate gathers what it counts before it hands it on; not at all where it is left out. */
  readonly gather?: () => Promise<void>;
};

/** The runtime that the deployed Worker has. */
export const workerd: Runtime = {
  clock: () => Date.now(),
  ids: randomIds,
  // workerd refuses a fetch that was taken off the global scope, hence the arrow.
  fetch: (input, init) => fetch(input, init),
  log: (event) => console.log(JSON.stringify(event)),
  logJob: (run) => console.log(JSON.stringify(run)),
  gather: () => new Promise((resolve) => setTimeout(resolve, GATHER_MS)),
};

/** The runtime's clock, for what lives outside a request. */
export const systemClock: Clock = workerd.clock;

/** Settings don't change while an isolate lives, so they are read once for each environment object. */
const settingsOf = new WeakMap<Env, Result<Settings, readonly SettingsProblem[]>>();

/** The settings of this environment, read once. */
export function settingsFrom(env: Env): Result<Settings, readonly SettingsProblem[]> {
  const known = settingsOf.get(env) ?? readSettings(env);
  settingsOf.set(env, known);
  return known;
}
