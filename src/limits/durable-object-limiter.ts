import { type Allowance, type Counter, type RateLimiter, takeOne, windowEnd } from './limiter.ts';
import type { Quota } from './policies.ts';

/** The Durable Objects that count: one for each policy and subject. */
export type RateLimitObjects = { getByName(name: string): { take(quota: Quota, now: number): Promise<Allowance> } };

/** A limiter over Durable Objects. Each subject has an object of its own, so subjects never wait for each other. */
export function createObjectLimiter(objects: RateLimitObjects): RateLimiter {
  return { take: async (quota, subject, now) => objects.getByName(`${quota.name}:${subject}`).take(quota, now) };
}

/** What one object keeps over a restart. */
export type CounterStorage = {
  load(): Promise<Counter | undefined>;
  save(counter: Counter): Promise<void>;
  /** How long counts come together before the last of them is saved. */
  pause(): Promise<void>;
  /** Has `forget` called at this time, in milliseconds since the epoch. */
  forgetAt(time: number): Promise<void>;
  clear(): Promise<void>;
};

/**
 * The inside of one object. The runtime may end an idle object after seconds, so counts are kept, and forgotten when their window is over.
 * No request waits for that: a crash of the machine forgets the counts of one pause.
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
    // Forgotten meanwhile: what would be saved now, nobody would come to clear.
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
      // From here to the assignment nothing waits, so parallel takes can't count from the same number.
      const before = counter;
      const { counter: after, allowance } = takeOne(before, quota, now);
      counter = after;
      if (allowance.allowed) void saveSoon(after).catch(() => undefined);
      if (after.window !== before?.window) await storage.forgetAt(windowEnd(after, quota));
      return allowance;
    },
    forget() {
      unsaved = undefined;
      return storage.clear();
    },
  };
}
