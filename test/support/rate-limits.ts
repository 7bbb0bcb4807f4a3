import { type Counters, createWindowCounter, type RateLimitObjects } from '../../src/limits/durable-object-limiter.ts';

/** The Durable Objects of the rate limits in one process: the same core, a storage in memory, no alarms. */
export type ProcessRateLimits = RateLimitObjects & {
  /** The names of the objects that were asked, each time they were. */
  readonly asked: string[];
  /** What happens instead of counting, to try a store that is down or slow. */
  trouble: (() => Promise<never>) | null;
};

/** Counts like the Worker's Durable Objects do. */
export function processRateLimits(): ProcessRateLimits {
  const objects = new Map<string, ReturnType<typeof createWindowCounter>>();
  const ask = (name: string) => {
    limits.asked.push(name);
    const object = objects.get(name) ?? createWindowCounter(memoryStorage());
    objects.set(name, object);
    return object;
  };
  const limits: ProcessRateLimits = {
    asked: [],
    trouble: null,
    getByName: (name) => ({
      take: (...taking) => {
        const object = ask(name);
        return limits.trouble === null ? object.take(...taking) : limits.trouble();
      },
      takeBoth: (...taking) => {
        const object = ask(name);
        return limits.trouble === null ? object.takeBoth(...taking) : limits.trouble();
      },
    }),
  };
  return limits;
}

/** What an object keeps over a restart, in memory; saved at once. */
export function memoryStorage() {
  let kept: Counters | undefined;
  return {
    load: () => Promise.resolve(kept),
    save: (counters: Counters) => {
      kept = counters;
      return Promise.resolve();
    },
    pause: () => Promise.resolve(),
    forgetAt: () => Promise.resolve(),
    clear: () => {
      kept = undefined;
      return Promise.resolve();
    },
  };
}
