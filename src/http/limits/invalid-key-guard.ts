import type { Refusal } from '../../errors.ts';
import { secondsUntil } from '../../core/clock.ts';
import { windowEnd } from '../../limits/limiter.ts';
import { quotaOf } from '../../limits/policies.ts';
import type { AppContext } from '../context.ts';
import { addressOf, limitBy, measure } from './quota.ts';

/** Bounds the memory of an isolate; beyond it the list is cleared and addresses are counted anew. */
const MOST_HELD_BACK = 10_000;

/** While an address is blocked, each isolate looks up one of its unknown keys in so long: it may be a key that exists. */
const LOOK_UP_EVERY_MS = 1_000;

/**
 * Refuses a request with an unknown key while its address is blocked for sending invalid keys; null where the key may be looked up. Asks no
 * store: each isolate blocks the addresses that it has seen exceed the limit.
 */
export function guessRefusal(c: AppContext): Refusal<'rate_limited'> | null {
  const { rateLimits, clock } = c.get('deps');
  const address = addressOf(c);
  const blocked = rateLimits?.guessing.get(address);
  if (rateLimits === null || blocked === undefined) return null;
  const now = clock();
  const quota = quotaOf('unknown-keys', rateLimits.scale);
  // Not a comparison of times: what a clock that was ahead has remembered must not outlast its error.
  if (blocked.until !== windowEnd(quota, now)) return null;
  if (Math.abs(now - blocked.lookedUpAt) >= LOOK_UP_EVERY_MS) {
    rateLimits.guessing.set(address, { ...blocked, lookedUpAt: now });
    return null;
  }
  const resetSeconds = secondsUntil(blocked.until, now);
  return measure(c, { quota, allowance: { allowed: false, limit: quota.limit, remaining: 0, resetSeconds } });
}

/** Counts an unknown key against its address, and blocks the address until the window ends once the quota is used up. */
export async function recordInvalidKey(c: AppContext): Promise<void> {
  const { rateLimits, clock } = c.get('deps');
  const seenAt = clock();
  await limitBy(c, 'unknown-keys');
  const guess = c.get('measured').find(({ quota }) => quota.name === 'unknown-keys');
  if (rateLimits === null || guess === undefined || guess.allowance.remaining > 0) return;
  if (rateLimits.guessing.size >= MOST_HELD_BACK) rateLimits.guessing.clear();
  rateLimits.guessing.set(addressOf(c), { until: windowEnd(guess.quota, seenAt), lookedUpAt: seenAt });
}
