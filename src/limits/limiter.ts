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
}

/** The count of one window. Windows are numbered from the epoch, so that all stores agree where they start. */
export type Counter = { readonly window: number; readonly taken: number };

/**
 * Counts one request in the window of `now` unless the quota is used up. A clock that lags counts in the window that has already started,
 * so that no window is counted twice.
 */
export function takeOne(
  counter: Counter | undefined,
  quota: Quota,
  now: number,
): { readonly counter: Counter; readonly allowance: Allowance } {
  const windowMs = quota.windowSeconds * 1_000;
  const window = Math.max(Math.floor(now / windowMs), counter?.window ?? 0);
  const taken = counter?.window === window ? counter.taken : 0;
  const allowed = taken < quota.limit;
  const next = { window, taken: allowed ? taken + 1 : taken };
  return {
    counter: next,
    allowance: {
      allowed,
      limit: quota.limit,
      remaining: Math.max(0, quota.limit - next.taken),
      resetSeconds: secondsUntil(windowEnd(next, quota), now),
    },
  };
}

export function windowEnd(counter: Counter, quota: Quota): number {
  return (counter.window + 1) * quota.windowSeconds * 1_000;
}

/** Adds a timeout to a limiter: rejects when the store does not answer within it. */
export function createTimedLimiter(limiter: RateLimiter, timeoutMs: number): RateLimiter {
  return {
    async take(quota, subject, now) {
      const taken = await withTimeout(limiter.take(quota, subject, now), timeoutMs);
      if (taken === TIMED_OUT) throw new Error('the store of rate limits did not answer in time');
      return taken;
    },
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
