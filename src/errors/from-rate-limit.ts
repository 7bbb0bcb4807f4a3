import type { Refusal } from '../errors.ts';
import type { RateLimitResult } from '../limits/limiter.ts';

/** Refuses a request whose quota is used up; null when it may go on. */
export function rateLimitRefusal({ quota, allowance }: RateLimitResult): Refusal<'rate_limited'> | null {
  if (allowance.allowed) return null;
  const { limit, windowSeconds } = quota;
  const retryAfterSeconds = allowance.resetSeconds;
  return {
    code: 'rate_limited',
    message: `More than ${limit} requests in ${windowSeconds} seconds. Try again in ${retryAfterSeconds} seconds.`,
    details: { policy: quota.name, limit, windowSeconds, retryAfterSeconds },
    retryAfterSeconds,
  };
}
