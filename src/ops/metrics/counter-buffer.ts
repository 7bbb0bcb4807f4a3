import type { Clock } from '../../core/clock.ts';
import { type Increment, labelText } from './series.ts';

/** Distinct series between two flushes. More would mean a label with too many values. */
const MAX_NUMBERS = 2_000;

/** Collects increments and writes them in one flush. */
export interface CounterBuffer {
  add(increments: readonly Increment[]): void;
  /** Writes what was collected since the last flush; what could not be written is kept for the next. Never throws. */
  flush(): Promise<{ readonly isEmpty: boolean }>;
}

/** Creates a buffer in memory, which a restart loses. `write` must throw when nothing was written. */
export function createCounterBuffer(write: (increments: readonly Increment[]) => Promise<void>): CounterBuffer {
  let numbers = new Map<string, Increment>();
  const add = (increments: readonly Increment[]) => {
    for (const increment of increments) {
      // The database would refuse it, and with it everything that is written beside it, at every flush.
      if (!Number.isSafeInteger(increment.value)) continue;
      const key = `${increment.name} ${labelText(increment.labels)}`;
      const known = numbers.get(key);
      if (known === undefined && numbers.size >= MAX_NUMBERS) continue;
      numbers.set(key, { ...increment, value: (known?.value ?? 0) + increment.value });
    }
  };
  return {
    add,
    async flush() {
      if (numbers.size === 0) return { isEmpty: true };
      const taken = [...numbers.values()];
      numbers = new Map();
      try {
        await write(taken);
      } catch {
        add(taken);
      }
      return { isEmpty: numbers.size === 0 };
    },
  };
}

/** How long one isolate batches counts, so that a request does not need a message of its own. */
export const BATCH_MS = 500;

/** After this long a batch is abandoned: the request that was to flush it is gone. */
const LOST_AFTER_MS = 10 * BATCH_MS;

/**
 * Batches the counts of one isolate's requests. `add` returns work that ends with the next flush, for a request that must stay alive for
 * it; null when another request already does.
 */
export function createCounterBatcher(deps: {
  readonly send: (increments: readonly Increment[]) => Promise<void>;
  readonly pause: () => Promise<void>;
  readonly clock: Clock;
}): { add(increments: readonly Increment[]): Promise<void> | null } {
  let batchingSince: number | null = null;
  const buffer = createCounterBuffer(deps.send);
  const flushLater = async () => {
    await deps.pause();
    batchingSince = null;
    await buffer.flush();
  };
  return {
    add(increments) {
      buffer.add(increments);
      const now = deps.clock();
      if (batchingSince !== null && now - batchingSince < LOST_AFTER_MS) return null;
      batchingSince = now;
      return flushLater();
    },
  };
}

/** The Durable Object that collects the counters of all isolates, or its fake. */
export type Counters = { getByName(name: string): { add(increments: readonly Increment[]): Promise<void> } };

export const ALL_COUNTERS = 'all';

/** How long the object waits before it writes, which bounds the write rate however many requests there are. */
export const FLUSH_AFTER_MS = 3_000;
