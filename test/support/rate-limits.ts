import type { Clock } from '../../src/core/clock.ts';
import { createRateLimitObject, type RateLimitObject, type RateLimitObjects } from '../../src/limits/durable-object-limiter.ts';
import type { ObjectStorage } from '../../src/limits/object-storage.ts';

/** The Durable Objects of the rate limits in one process: the same core, a storage in memory, no alarms. */
export type ProcessRateLimits = RateLimitObjects & {
  /** The names of the objects that were asked, each time they were. */
  readonly asked: string[];
  /** What happens instead of counting, to try a store that is down or slow. */
  trouble: (() => Promise<never>) | null;
};

/** Counts like the Worker's Durable Objects do. */
export function processRateLimits(clock: Clock = Date.now): ProcessRateLimits {
  const objects = new Map<string, RateLimitObject>();
  const ask = async <T>(name: string, work: (object: RateLimitObject) => Promise<T>): Promise<T> => {
    limits.asked.push(name);
    const object = objects.get(name) ?? rateLimitObject(clock);
    objects.set(name, object);
    return limits.trouble === null ? work(object) : limits.trouble();
  };
  const limits: ProcessRateLimits = {
    asked: [],
    trouble: null,
    getByName: (name) => ({
      take: (...taking) => ask(name, (object) => object.take(...taking)),
      takeBoth: (...taking) => ask(name, (object) => object.takeBoth(...taking)),
      askTarget: (...asked) => ask(name, (object) => object.askTarget(...asked)),
      endTarget: (...ended) => ask(name, (object) => object.endTarget(...ended)),
      lease: (ms) => ask(name, (object) => object.lease(ms)),
      endLease: (ms) => ask(name, (object) => object.endLease(ms)),
    }),
  };
  return limits;
}

/** One object with a storage in memory. */
export function rateLimitObject(clock: Clock = Date.now): ReturnType<typeof createRateLimitObject> {
  return createRateLimitObject({ requests: memoryStorage(), misses: memoryStorage() }, clock);
}

/** What an object keeps over a restart, in memory; saved at once. */
function memoryStorage<T>(): ObjectStorage<T> {
  let kept: T | undefined;
  return {
    load: () => Promise.resolve(kept),
    save: (value) => {
      kept = value;
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
