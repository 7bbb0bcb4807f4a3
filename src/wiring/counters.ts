import type { Env } from '../env.ts';
import { ALL_COUNTERS, createGathering } from '../ops/metrics/counter-buffer.ts';
import type { Increment } from '../ops/metrics/series.ts';
import type { Runtime } from './runtime.ts';

/** What each isolate has counted and not handed on yet. */
const gatherings = new WeakMap<Env, ReturnType<typeof createGathering>>();

/** Counts what a request or a flight did. Whatever goes wrong there is not its business. */
export function count(env: Env, background: (work: Promise<unknown>) => void, increments: readonly Increment[], runtime: Runtime): void {
  try {
    const gathering =
      gatherings.get(env) ??
      createGathering({
        send: (gathered) => env.METRICS.getByName(ALL_COUNTERS).add(gathered),
        pause: runtime.gather ?? (() => Promise.resolve()),
        clock: runtime.clock,
      });
    gatherings.set(env, gathering);
    const handingOn = gathering.add(increments);
    if (handingOn !== null) background(handingOn);
  } catch {
    // Without the binding, or after the runtime has let go of the request, this is not counted.
  }
}
