import { Ratelimit } from '@upstash/ratelimit';
import { Redis } from '@upstash/redis/cloudflare';
import { type RateLimiter, windowEnd } from './limiter.ts';
import { secondsUntil } from '../core/clock.ts';

const PREFIX = 'igskill:limit';

/** Refused subjects that one isolate remembers. Beyond it all are dropped and the store is asked again. */
const MOST_REFUSED = 10_000;

/**
 * Creates a limiter over Upstash Redis. The library reads the time itself, so `now` only measures the wait; its windows start at the epoch
 * too. `refused` remembers who is over the limit until when, which saves requests: use one map per isolate. The library accepts no `fetch`.
 * A request that may have counted is never retried.
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
  const limiter: RateLimiter = {
    async take(quota, subject, now) {
      if (refused.size > MOST_REFUSED) refused.clear();
      const name = `${quota.name}:${subject}`;
      // Remembered by a clock that was ahead.
      if ((refused.get(`${PREFIX}:${name}`) ?? 0) > windowEnd(quota, now)) refused.delete(`${PREFIX}:${name}`);
      const ratelimit = new Ratelimit({
        redis,
        limiter: Ratelimit.fixedWindow(quota.limit, `${quota.windowSeconds} s`),
        prefix: PREFIX,
        ephemeralCache: refused,
        enableTelemetry: false,
        // The library's timeout would report a silent store as success; createTimedLimiter reports it as down.
        timeout: 0,
      });
      const { success, remaining, reset } = await ratelimit.limit(name);
      return { allowed: success, limit: quota.limit, remaining, resetSeconds: secondsUntil(reset, now) };
    },
    async takeBoth(own, all, now) {
      const taken = await limiter.take(own.quota, own.subject, now);
      return { own: taken, all: taken.allowed ? await limiter.take(all.quota, all.subject, now) : null };
    },
  };
  return limiter;
}
