import type { Refusal } from '../../errors.ts';
import { secondsUntil } from '../../core/clock.ts';
import { type PolicyName, quotaOf, RATE_LIMIT_ROWS } from '../../limits/policies.ts';
import type { AppContext } from '../context.ts';
import { addressOf, limitBy, measure } from './quota.ts';

/** So many addresses are held back in one isolate; beyond it all are let go and counted again. */
const MOST_HELD_BACK = 10_000;

/**
 * Refuses a request with a key while its address is held back for making up keys; null otherwise. Asks no store: an address is
 * held back in the isolates that have seen it exceed the limit, and each learns it from the next guess it sees.
 */
export async function guessRefusal(c: AppContext, policy: PolicyName): Promise<Refusal<'rate_limited'> | null> {
  const { rateLimits, clock } = c.get('deps');
  if (RATE_LIMIT_ROWS[policy].per !== 'key' || rateLimits === null || rateLimits.guessing.size === 0) return null;
  const until = rateLimits.guessing.get(addressOf(c)) ?? 0;
  if (until <= clock()) return null;
  const quota = quotaOf('unknown-keys', rateLimits.scale);
  return measure(c, { quota, allowance: { allowed: false, limit: quota.limit, remaining: 0, resetSeconds: secondsUntil(until, clock()) } });
}

/** Counts a key that the database did not know against its address. Once the quota is used up, the address is held back until the window ends. */
export async function noteGuess(c: AppContext): Promise<void> {
  const { rateLimits, clock } = c.get('deps');
  await limitBy(c, 'unknown-keys');
  const guess = c.get('measured').find(({ quota }) => quota.name === 'unknown-keys');
  if (rateLimits === null || guess === undefined || guess.allowance.remaining > 0) return;
  if (rateLimits.guessing.size >= MOST_HELD_BACK) rateLimits.guessing.clear();
  rateLimits.guessing.set(addressOf(c), clock() + guess.allowance.resetSeconds * 1_000);
}
