import type { Clock } from '../core/clock.ts';
import { type RateLimiter, type RateLimitResult, STORE_DOWN } from '../limits/limiter.ts';
import { type PolicyName, quotaOf } from '../limits/policies.ts';

/** Every paid read counts against this policy. */
const READ_POLICY: PolicyName = 'burst';

export type ReadLimits = { readonly limiter: RateLimiter; readonly scale: number; readonly clock: Clock };

/** Takes one of the caller's quota. Passes when the store of counters is down: it must not be what ends the service. */
export async function takeReadQuota({ limiter, scale, clock }: ReadLimits, subject: string): Promise<RateLimitResult | typeof STORE_DOWN> {
  const quota = quotaOf(READ_POLICY, scale);
  try {
    return { quota, allowance: await limiter.take(quota, subject, clock()) };
  } catch {
    return STORE_DOWN;
  }
}
