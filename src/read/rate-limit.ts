import type { Clock } from '../core/clock.ts';
import { type RateLimiter, type RateLimitResult, type STORE_DOWN, takeOrPass } from '../limits/limiter.ts';
import { type PolicyName, quotaOf } from '../limits/policies.ts';

/** Every paid read counts against this policy. */
const READ_POLICY: PolicyName = 'burst';

export type ReadLimits = { readonly limiter: RateLimiter; readonly scale: number; readonly clock: Clock };

/** Takes one request from the caller's quota of paid reads. */
export function takeReadQuota({ scale, ...counting }: ReadLimits, subject: string): Promise<RateLimitResult | typeof STORE_DOWN> {
  return takeOrPass(counting, quotaOf(READ_POLICY, scale), subject);
}
