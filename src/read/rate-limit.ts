import type { RateLimitResult, STORE_DOWN } from '../limits/limiter.ts';
import { type Counting, type KeySubject, takeForKey } from '../limits/key-limits.ts';
import type { KeyPolicy } from '../limits/policies.ts';

/** Every paid read counts against this policy. */
const READ_POLICY: KeyPolicy = 'burst';

export type ReadLimits = Counting;

/** Takes one request from the caller's quota of paid reads. Returns the quota that decides. */
export async function takeReadQuota(limits: ReadLimits, key: KeySubject): Promise<RateLimitResult | typeof STORE_DOWN> {
  const taken = await takeForKey(limits, READ_POLICY, key);
  return typeof taken === 'string' ? taken : (taken.at(-1) ?? taken[0]);
}
