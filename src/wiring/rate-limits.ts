import type { Env, Settings } from '../env.ts';
import type { RateLimits } from '../http/context.ts';
import { createObjectLimiter } from '../limits/durable-object-limiter.ts';
import { createLeases } from '../limits/leases.ts';
import { createTimedLimiter } from '../limits/limiter.ts';
import { createUpstashLimiter } from '../limits/upstash-limiter.ts';

/** What one isolate remembers, by subject and until when: who is over a limit that Upstash counts, and which addresses guess keys. */
const limitMemory = new WeakMap<Env, { readonly refused: Map<string, number>; readonly guessing: RateLimits['guessing'] }>();

export function rateLimits(settings: Settings, env: Env): RateLimits {
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token, RATE_LIMIT_TIMEOUT_MS: timeoutMs } = settings;
  const memory = limitMemory.get(env) ?? { refused: new Map(), guessing: new Map() };
  limitMemory.set(env, memory);
  const limiter =
    url !== undefined && token !== undefined
      ? createUpstashLimiter({ url, token, timeoutMs, refused: memory.refused })
      : createObjectLimiter(env.RATE_LIMITS);
  return {
    limiter: createTimedLimiter(limiter, timeoutMs),
    scale: settings.RATE_LIMIT_SCALE,
    guessing: memory.guessing,
    leases: createLeases(env.RATE_LIMITS, timeoutMs),
  };
}
