import {
  type Allowance,
  type Counter,
  type RateLimiter,
  type Take,
  type TakenBoth,
  takenIn,
  takeOne,
  windowEnd,
  windowOf,
} from './limiter.ts';
import type { Quota } from './policies.ts';

/** One object that counts. `own` of `takeBoth` is one of several subjects that share the quota of the object. */
export type RateLimitObject = {
  take(quota: Quota, now: number): Promise<Allowance>;
  takeBoth(own: Take, all: Quota, now: number): Promise<TakenBoth>;
};

/** The counting Durable Objects, one per policy and subject. */
export type RateLimitObjects = { getByName(name: string): RateLimitObject };

/**
 * Creates a limiter over Durable Objects. Each subject has its own object, so subjects never wait for each other; those that share a quota
 * are counted in its object, in one call.
 */
export function createObjectLimiter(objects: RateLimitObjects): RateLimiter {
  const objectOf = ({ quota, subject }: Take) => objects.getByName(`${quota.name}:${subject}`);
  return {
    take: async (quota, subject, now) => objectOf({ quota, subject }).take(quota, now),
    takeBoth: async (own, all, now) => objectOf(all).takeBoth(own, all.quota, now),
  };
}

/** The counts of one object: its own under the empty name, and those of the subjects that share it. */
export type Counters = readonly (readonly [name: string, counter: Counter])[];

/** The storage of one object, which survives a restart. */
export type CounterStorage = {
  load(): Promise<Counters | undefined>;
  save(counters: Counters): Promise<void>;
  /** Waits between a count and the next save, so that one save covers many counts. */
  pause(): Promise<void>;
  /** Schedules `forget` at a time in unix milliseconds. */
  forgetAt(time: number): Promise<void>;
  clear(): Promise<void>;
};

/** The count that belongs to the object itself. */
const ITSELF = '';

/** More than an account has keys; beyond it the one that was counted longest ago starts anew. */
const MOST_COUNTERS = 256;

/**
 * Creates the counter of one object. The runtime may evict an idle object after seconds, so counts are saved, and deleted when their window
 * ends. Requests do not wait for the save: a machine crash loses the counts since the last one.
 */
export function createWindowCounter(storage: CounterStorage): RateLimitObject & { forget(): Promise<void> } {
  let counters = new Map<string, Counter>();
  let loading: Promise<void> | undefined;
  let isUnsaved = false;
  const saveSoon = async () => {
    const isWaiting = isUnsaved;
    isUnsaved = true;
    if (isWaiting) return;
    await storage.pause();
    // False when `forget` ran meanwhile: a save after it would never be deleted.
    if (!isUnsaved) return;
    isUnsaved = false;
    await storage.save([...counters]);
  };
  const load = async () => {
    counters = new Map(await storage.load());
  };
  const keep = (name: string, counter: Counter) => {
    counters.delete(name);
    const [oldest] = counters.size < MOST_COUNTERS ? [] : counters.keys();
    if (oldest !== undefined) counters.delete(oldest);
    counters.set(name, counter);
  };
  /** Schedules the deletion of a window with its first count. */
  const forgetLater = async (before: Counter | undefined, quota: Quota, now: number) => {
    if (takenIn(before, windowOf(quota, now)) === undefined) await storage.forgetAt(windowEnd(quota, now));
  };
  return {
    async take(quota, now) {
      await (loading ??= load());
      // Nothing awaits between here and `keep`, so parallel calls cannot count from the same number.
      const before = counters.get(ITSELF);
      const { counter, allowance } = takeOne(before, quota, now);
      keep(ITSELF, counter);
      if (allowance.allowed) void saveSoon().catch(() => undefined);
      await forgetLater(before, quota, now);
      return allowance;
    },
    async takeBoth(own, quota, now) {
      await (loading ??= load());
      const one = takeOne(counters.get(own.subject), own.quota, now);
      if (!one.allowance.allowed) return { own: one.allowance, all: null };
      const before = counters.get(ITSELF);
      const all = takeOne(before, quota, now);
      keep(ITSELF, all.counter);
      // What the shared quota refuses takes nothing from the own one.
      if (!all.allowance.allowed) return { own: { ...one.allowance, remaining: one.allowance.remaining + 1 }, all: all.allowance };
      keep(own.subject, one.counter);
      void saveSoon().catch(() => undefined);
      await forgetLater(before, quota, now);
      return { own: one.allowance, all: all.allowance };
    },
    forget() {
      isUnsaved = false;
      return storage.clear();
    },
  };
}
