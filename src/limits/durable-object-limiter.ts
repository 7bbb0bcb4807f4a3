import type { Clock } from '../core/clock.ts';
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
import { createLease, type Lease } from './leases.ts';
import { createMissCounter, type MissCounter, type MissCounts } from './miss-allowance.ts';
import { batchedSaves, type ObjectStorage } from './object-storage.ts';
import type { Quota } from './policies.ts';

/** One object that counts. */
export type RateLimitObject = MissCounter & WindowCounter & Lease;

/** Counts requests. `own` of `takeBoth` is one of several subjects that share the quota of the object. */
type WindowCounter = {
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

/** The count that belongs to the object itself. */
const ITSELF = '';

/** More than an account has keys; beyond it the one that was counted longest ago starts anew. */
const MOST_COUNTERS = 256;

/**
 * Creates the counter of one object. The runtime may evict an idle object after seconds, so counts are saved, and deleted when their window
 * ends. Requests do not wait for the save: a machine crash loses the counts since the last one.
 */
function createWindowCounter(storage: ObjectStorage<Counters>): WindowCounter & { forget(): void } {
  let counters = new Map<string, Counter>();
  let loading: Promise<void> | undefined;
  const saves = batchedSaves(storage, () => [...counters]);
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
      if (allowance.allowed) saves.soon();
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
      saves.soon();
      await forgetLater(before, quota, now);
      return { own: one.allowance, all: all.allowance };
    },
    forget: () => saves.cancel(),
  };
}

/** Where one object keeps each kind of count. */
export type CountStorages = { readonly requests: ObjectStorage<Counters>; readonly misses: ObjectStorage<MissCounts> };

/** Creates one object: it counts requests, or misses, or lets one caller at a time begin, as its callers ask. */
export function createRateLimitObject(storages: CountStorages, clock: Clock): RateLimitObject & { forget(): Promise<void> } {
  const requests = createWindowCounter(storages.requests);
  const misses = createMissCounter(storages.misses, clock);
  const lease = createLease(clock);
  return {
    take: (...taking) => requests.take(...taking),
    takeBoth: (...taking) => requests.takeBoth(...taking),
    askTarget: (...asked) => misses.askTarget(...asked),
    endTarget: (...ended) => misses.endTarget(...ended),
    lease: (ms) => lease.lease(ms),
    endLease: (ms) => lease.endLease(ms),
    forget() {
      requests.forget();
      misses.forget();
      return storages.requests.clear();
    },
  };
}
