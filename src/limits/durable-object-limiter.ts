import { type Allowance, type Counter, type RateLimiter, takenIn, takeOne, windowEnd, windowOf } from './limiter.ts';
import type { Quota } from './policies.ts';

/** The counting Durable Objects, one per policy and subject. */
export type RateLimitObjects = { getByName(name: string): { take(quota: Quota, now: number): Promise<Allowance> } };

/** Creates a limiter over Durable Objects. Each subject has its own object, so subjects never wait for each other. */
export function createObjectLimiter(objects: RateLimitObjects): RateLimiter {
  return { take: async (quota, subject, now) => objects.getByName(`${quota.name}:${subject}`).take(quota, now) };
}

/** The storage of one object, which survives a restart. */
export type CounterStorage = {
  load(): Promise<Counter | undefined>;
  save(counter: Counter): Promise<void>;
  /** Waits between a count and the next save, so that one save covers many counts. */
  pause(): Promise<void>;
  /** Schedules `forget` at a time in unix milliseconds. */
  forgetAt(time: number): Promise<void>;
  clear(): Promise<void>;
};

/**
 * Creates the counter of one object. The runtime may evict an idle object after seconds, so counts are saved, and deleted when their window
 * ends. Requests do not wait for the save: a machine crash loses the counts since the last one.
 */
export function createWindowCounter(storage: CounterStorage): {
  take(quota: Quota, now: number): Promise<Allowance>;
  forget(): Promise<void>;
} {
  let counter: Counter | undefined;
  let loading: Promise<void> | undefined;
  let unsaved: Counter | undefined;
  const saveSoon = async (next: Counter) => {
    const isSaving = unsaved !== undefined;
    unsaved = next;
    if (isSaving) return;
    await storage.pause();
    // Undefined when `forget` ran meanwhile: a save after it would never be deleted.
    const last = unsaved;
    unsaved = undefined;
    if (last !== undefined) await storage.save(last);
  };
  const load = async () => {
    counter = await storage.load();
  };
  return {
    async take(quota, now) {
      await (loading ??= load());
      // Nothing awaits between here and the assignment, so parallel calls cannot count from the same number.
      const before = counter;
      const { counter: after, allowance } = takeOne(before, quota, now);
      counter = after;
      if (allowance.allowed) void saveSoon(after).catch(() => undefined);
      if (takenIn(before, windowOf(quota, now)) === undefined) await storage.forgetAt(windowEnd(quota, now));
      return allowance;
    },
    forget() {
      unsaved = undefined;
      return storage.clear();
    },
  };
}
