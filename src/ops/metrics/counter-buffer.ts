import type { Clock } from '../../core/clock.ts';
import { type Increment, labelText } from './series.ts';

/** No more different numbers are kept between two flushes; more would mean a label with too many values. */
const MAX_NUMBERS = 2_000;

/** Takes increments together, and hands them on as one flush. */
export interface CounterBuffer {
  add(increments: readonly Increment[]): void;
  /** Hands on what has come together since the last flush; a flush that fails puts it back for the next. Never throws. */
  flush(): Promise<{ readonly isEmpty: boolean }>;
}

/** A buffer in memory: what it holds is lost with it, which counters may be. `write` throws when nothing was written. */
export function createCounterBuffer(write: (increments: readonly Increment[]) => Promise<void>): CounterBuffer {
  let numbers = new Map<string, Increment>();
  const add = (increments: readonly Increment[]) => {
    for (const increment of increments) {
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

/** How long one isolate gathers before it hands on what it counted, so that a request doesn't cost a message of its own. Milliseconds. */
export const GATHER_MS = 500;

/** A gathering that has not ended by then never will: the request that was to end it is gone. Milliseconds. */
const LOST_AFTER_MS = 10 * GATHER_MS;

/**
 * Gathers the counts of many requests of one isolate. `add` returns work that ends with the next handing on, for the request that has to
 * stay alive for it; null when another request is at it already.
 */
export function createGathering(deps: {
  readonly send: (increments: readonly Increment[]) => Promise<void>;
  readonly pause: () => Promise<void>;
  readonly clock: Clock;
}): { add(increments: readonly Increment[]): Promise<void> | null } {
  let gatheringSince: number | null = null;
  const buffer = createCounterBuffer(deps.send);
  const handOn = async () => {
    await deps.pause();
    gatheringSince = null;
    await buffer.flush();
  };
  return {
    add(increments) {
      buffer.add(increments);
      const now = deps.clock();
      if (gatheringSince !== null && now - gatheringSince < LOST_AFTER_MS) return null;
      gatheringSince = now;
      return handOn();
    },
  };
}

/** Where the counters of all isolates come together: one Durable Object, or its stand-in. */
export type Counters = { getByName(name: string): { add(increments: readonly Increment[]): Promise<void> } };

/** The one object's name. */
export const ALL_COUNTERS = 'all';

/** How long the object waits for more before it writes. Milliseconds: one write in so many, however many requests there are. */
export const FLUSH_AFTER_MS = 3_000;
