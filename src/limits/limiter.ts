import { type Clock, secondsUntil } from '../core/clock.ts';
import { withTimeout, TIMED_OUT } from '../core/timeout.ts';
import type { Quota } from './policies.ts';

/**
 * Whether a request may pass, and the rest of its quota. `resetSeconds` is at least 1: the time until the whole quota is available again.
 */
export type Allowance = {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  readonly resetSeconds: number;
};

export type RateLimitResult = { readonly quota: Quota; readonly allowance: Allowance };

/** Logged instead of a policy when the store failed and a request passed uncounted. */
export const STORE_DOWN = 'store_down';

/** Counts requests exactly under concurrency. Rejects when its store is unavailable. */
export interface RateLimiter {
  /** Takes one request from the quota. `subject` is never a raw key or address; `now` is in unix milliseconds. */
  take(quota: Quota, subject: string, now: number): Promise<Allowance>;
  /** Takes one request from a quota and from one that it shares with others. Where its own is used up, nothing is taken from the shared. */
  takeBoth(own: Take, all: Take, now: number): Promise<TakenBoth>;
}

/** A quota, and whose it is. */
export type Take = { readonly quota: Quota; readonly subject: string };

/** `all` is null where the own quota is used up. */
export type TakenBoth = { readonly own: Allowance; readonly all: Allowance | null };

/**
 * The counts of the last windows that requests were stamped with, the latest used last. Windows are numbered from the epoch, so that all
 * stores agree where they start.
 */
export type Counter = { readonly windows: readonly (readonly [window: number, taken: number])[] };

/** As many clocks may disagree about the window without losing each other's counts. */
const MOST_WINDOWS = 4;

/**
 * Counts one request in the window of `now` unless its quota is used up. Each window has a count of its own: a clock that is wrong, by a
 * moment or by a day, neither uses up nor renews the quota of the others.
 */
export function takeOne(
  counter: Counter | undefined,
  quota: Quota,
  now: number,
): { readonly counter: Counter; readonly allowance: Allowance } {
  const window = windowOf(quota, now);
  const taken = takenIn(counter, window) ?? 0;
  const allowed = taken < quota.limit;
  const takenNow = allowed ? taken + 1 : taken;
  const others = (counter?.windows ?? []).filter(([number]) => number !== window).slice(1 - MOST_WINDOWS);
  return {
    counter: { windows: [...others, [window, takenNow]] },
    allowance: {
      allowed,
      limit: quota.limit,
      remaining: Math.max(0, quota.limit - takenNow),
      resetSeconds: secondsUntil(windowEnd(quota, now), now),
    },
  };
}

/** The requests counted in a window; undefined where none was. */
export function takenIn(counter: Counter | undefined, window: number): number | undefined {
  return counter?.windows.find(([number]) => number === window)?.[1];
}

export function windowOf(quota: Quota, now: number): number {
  return Math.floor(now / (quota.windowSeconds * 1_000));
}

/** When the window of `now` ends, unix milliseconds. */
export function windowEnd(quota: Quota, now: number): number {
  return (windowOf(quota, now) + 1) * quota.windowSeconds * 1_000;
}

/** Adds a timeout to a limiter: rejects when the store does not answer within it. */
export function createTimedLimiter(limiter: RateLimiter, timeoutMs: number): RateLimiter {
  const inTime = async <T>(taking: Promise<T>): Promise<T> => {
    const taken = await withTimeout(taking, timeoutMs);
    if (taken === TIMED_OUT) throw new Error('the store of rate limits did not answer in time');
    return taken;
  };
  return {
    take: (quota, subject, now) => inTime(limiter.take(quota, subject, now)),
    takeBoth: (own, all, now) => inTime(limiter.takeBoth(own, all, now)),
  };
}

/**
 * Takes one request from the quota. STORE_DOWN when the store is down or slow, and the request passes: an outage of the counters must not
 * become an outage of the service.
 */
export async function takeOrPass(
  { limiter, clock }: { readonly limiter: RateLimiter; readonly clock: Clock },
  quota: Quota,
  subject: string,
): Promise<RateLimitResult | typeof STORE_DOWN> {
  try {
    return { quota, allowance: await limiter.take(quota, subject, clock()) };
  } catch {
    return STORE_DOWN;
  }
}
