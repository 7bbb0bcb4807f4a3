import type { Refusal } from '../../errors.ts';
import { rateLimitRefusal } from '../../errors/from-rate-limit.ts';
import { type RateLimitResult, STORE_DOWN, takeOrPass } from '../../limits/limiter.ts';
import { type KeySubject, takeForKey } from '../../limits/key-limits.ts';
import { type KeylessPolicy, type KeyPolicy, quotaOf, RATE_LIMITS } from '../../limits/policies.ts';
import { addressSubject, siteSubject } from '../../limits/subject.ts';
import type { AppContext } from '../context.ts';

/** Cloudflare sets it, whatever the caller sent; absent on a developer's machine. */
const ADDRESS_HEADER = 'CF-Connecting-IP';

/** Counts the request against a policy that looks at no key. Null when it may go on, also when the store is down. */
export async function limitBy(c: AppContext, name: KeylessPolicy): Promise<Refusal<'rate_limited'> | null> {
  const { rateLimits, clock } = c.get('deps');
  const subject = subjectOf(c, name);
  if (rateLimits === null || subject === null) return null;
  const taken = await takeOrPass({ ...rateLimits, clock }, quotaOf(name, rateLimits.scale), subject);
  return taken === STORE_DOWN ? passUncounted(c) : measure(c, taken);
}

/** Counts the request for its key and for the account of the key. Null when it may go on, also when the store is down. */
export async function limitKeyBy(c: AppContext, name: KeyPolicy, key: KeySubject): Promise<Refusal<'rate_limited'> | null> {
  const { rateLimits, clock } = c.get('deps');
  if (rateLimits === null) return null;
  const taken = await takeForKey({ ...rateLimits, clock }, name, key);
  if (taken === STORE_DOWN) return passUncounted(c);
  return taken.map((measured) => measure(c, measured)).at(-1) ?? null;
}

function passUncounted(c: AppContext): null {
  c.get('event').rateLimit = STORE_DOWN;
  return null;
}

/** Records the result for the response headers, and returns the refusal; null where the request may go on. */
export function measure(c: AppContext, measured: RateLimitResult): Refusal<'rate_limited'> | null {
  c.get('measured').push(measured);
  const refusal = rateLimitRefusal(measured);
  if (refusal !== null) c.get('event').rateLimit = measured.quota.name;
  return refusal;
}

/** The two header fields of draft-ietf-httpapi-ratelimit-headers. */
export function rateLimitFields(measured: readonly RateLimitResult[]): { readonly policy: string; readonly state: string } {
  return {
    policy: measured.map(({ quota }) => `"${quota.name}";q=${quota.limit};w=${quota.windowSeconds}`).join(', '),
    state: measured.map(({ quota, allowance }) => `"${quota.name}";r=${allowance.remaining};t=${allowance.resetSeconds}`).join(', '),
  };
}

/** Sets the fields to what was measured; removes them where nothing was. */
export function setRateLimitHeaders(c: AppContext): void {
  const measured = c.get('measured');
  const { policy, state } = rateLimitFields(measured);
  c.header('RateLimit-Policy', measured.length === 0 ? undefined : policy);
  c.header('RateLimit', measured.length === 0 ? undefined : state);
}

/** A hash of the caller's address. */
export function addressOf(c: AppContext): string {
  return addressSubject(c.req.header(ADDRESS_HEADER));
}

/** What a policy counts a request without a key under; null where it does not count it. */
function subjectOf(c: AppContext, name: KeylessPolicy): string | null {
  switch (RATE_LIMITS[name].per) {
    case 'everyone':
      return 'everyone';
    case 'network':
      return siteSubject(c.req.header(ADDRESS_HEADER));
    case 'address':
      return addressOf(c);
  }
}
