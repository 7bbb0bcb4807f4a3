import type { Clock } from '../core/clock.ts';
import { type RateLimiter, type RateLimitResult, STORE_DOWN } from './limiter.ts';
import { ALL_KEYS, type KeyPolicy, quotaOf } from './policies.ts';

/** How requests are counted. `scale` multiplies the published limits. */
export type Counting = { readonly limiter: RateLimiter; readonly scale: number; readonly clock: Clock };

/** What the requests of a key count under: ids, because a key can have several secrets and an account several keys. */
export type KeySubject = { readonly keyId: string; readonly accountId: string };

/**
 * Takes one request from the quota of the key and from the one that all keys of its account share. Returns the quotas to tell the caller
 * of: that of the key, and the shared one where it leaves less; the last decides. STORE_DOWN when the store is down or slow, and the
 * request passes: an outage of the counters must not become an outage of the service.
 */
export async function takeForKey(
  { limiter, scale, clock }: Counting,
  policy: KeyPolicy,
  { keyId, accountId }: KeySubject,
): Promise<readonly [RateLimitResult, ...RateLimitResult[]] | typeof STORE_DOWN> {
  const own = quotaOf(policy, scale);
  const all = quotaOf(ALL_KEYS[policy], scale);
  try {
    const taken = await limiter.takeBoth({ quota: own, subject: keyId }, { quota: all, subject: accountId }, clock());
    const first = { quota: own, allowance: taken.own };
    const isTold = taken.all !== null && (!taken.all.allowed || taken.all.remaining < taken.own.remaining);
    return isTold ? [first, { quota: all, allowance: taken.all }] : [first];
  } catch {
    return STORE_DOWN;
  }
}
