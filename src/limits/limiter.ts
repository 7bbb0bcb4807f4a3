import { secondsUntil } from '../core/clock.ts';
import { inTime, LATE } from '../core/timeout.ts';
import type { Quota } from './policies.ts';

/** Whether one more request may pass, and what is left. `resetSeconds` is the time until the whole quota is there again, at least 1. */
export type Allowance = {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  readonly resetSeconds: number;
};

/** What one request was told about one of its limits. */
export type RateLimitResult = { readonly quota: Quota; readonly allowance: Allowance };

/** What is said instead of a policy when nobody could count a request and it passed. */
export const STORE_DOWN = 'store_down';

/** Counts requests exactly, however many come at once. Rejects when its store cannot be asked. */
export interface RateLimiter {
  /** Takes one of the quota for `subject`, which is never a key or an address itself. `now` is in milliseconds. */
  take(quota: Quota, subject: string, now: number): Promise<Allowance>;
}

/** How much of the quota was taken in one window. Windows are counted from the epoch, so all stores agree about where they begin. */
export type Counter = { readonly window: number; readonly taken: number };

/**
 * The rule all counting follows: one more from the window that `now` falls into, unless it is used up. A clock that is a little
 * behind another's counts in the window that has already begun, so that no window is ever counted anew.
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

/** When a counter's window ends. Milliseconds since the epoch. */
export function windowEnd(counter: Counter, quota: Quota): number {
  return (counter.window + 1) * quota.windowSeconds * 1_000;
}

/** The same limiter with an end to its patience: rejects when the store has not answered within `timeoutMs`. */
export function createTimedLimiter(limiter: RateLimiter, timeoutMs: number): RateLimiter {
  return {
    async take(quota, subject, now) {
      const taken = await inTime(limiter.take(quota, subject, now), timeoutMs);
      if (taken === LATE) throw new Error('the store of rate limits did not answer in time');
      return taken;
    },
  };
}
