import type { Env } from '../env.ts';
import { ALL_COUNTERS, createCounterBatcher } from '../ops/metrics/counter-buffer.ts';
import type { Increment } from '../ops/metrics/series.ts';
import type { Runtime } from './runtime.ts';

const batchers = new WeakMap<Env, ReturnType<typeof createCounterBatcher>>();

/** Counts what a request or a coalesced run did. Never throws. */
export function count(env: Env, background: (work: Promise<unknown>) => void, increments: readonly Increment[], runtime: Runtime): void {
  try {
    const batcher =
      batchers.get(env) ??
      createCounterBatcher({
        send: (batch) => env.METRICS.getByName(ALL_COUNTERS).add(batch),
        pause: runtime.batchPause ?? (() => Promise.resolve()),
        clock: runtime.clock,
      });
    batchers.set(env, batcher);
    const flushing = batcher.add(increments);
    if (flushing !== null) background(flushing);
  } catch {
    // Not counted without the binding, or after the runtime has released the request.
  }
}
