import { Ratelimit } from '@upstash/ratelimit';
import { Redis } from '@upstash/redis/cloudflare';
import type { RateLimiter } from './limiter.ts';
import { secondsUntil } from '../core/clock.ts';

/** Everything of ours in the store begins with it. */
const PREFIX = 'igskill:limit';

/** So many subjects that are over their limit are remembered in one isolate; beyond it all are forgotten and the store is asked again. */
const MOST_REFUSED = 10_000;

/**
 * A limiter over Upstash Redis. Its library reads the time by itself, so `now` only measures the wait; it counts in the same
 * windows from the epoch. `refused` remembers who is over the limit until when, so that they cost no further request: hand in
 * one map for each isolate. It takes no `fetch`, and a request that may have counted is never sent a second time.
 */
export function createUpstashLimiter(options: {
  readonly url: string;
  readonly token: string;
  readonly timeoutMs: number;
  readonly refused: Map<string, number>;
}): RateLimiter {
  const { url, token, timeoutMs, refused } = options;
  const redis = new Redis({
    url,
    token,
    enableTelemetry: false,
    retry: { retries: 0 },
    signal: () => AbortSignal.timeout(timeoutMs),
  });
  return {
    async take(quota, subject, now) {
      if (refused.size > MOST_REFUSED) refused.clear();
      const ratelimit = new Ratelimit({
        redis,
        limiter: Ratelimit.fixedWindow(quota.limit, `${quota.windowSeconds} s`),
        prefix: PREFIX,
        ephemeralCache: refused,
        enableTelemetry: false,
        // Its own timeout would call a silent store a success; ours says that it was down.
        timeout: 0,
      });
      const { success, remaining, reset } = await ratelimit.limit(`${quota.name}:${subject}`);
      return { allowed: success, limit: quota.limit, remaining, resetSeconds: secondsUntil(reset, now) };
    },
  };
}
