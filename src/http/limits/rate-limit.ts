import { createMiddleware } from 'hono/factory';
import type { Refusal } from '../../errors.ts';
import { policyFor } from '../../endpoints.ts';
import type { AppContext, AppEnv } from '../context.ts';
import type { RateLimitResult } from '../../limits/limiter.ts';
import { refuse } from '../error-response.ts';
import { guessRefusal, recordInvalidKey } from './invalid-key-guard.ts';
import { limitBy, setRateLimitHeaders } from './quota.ts';

/**
 * Counts the request before anything else is done for it, and refuses it when its quota is used up. A malformed key is not counted,
 * because its 401 costs nothing; the operator key is never limited.
 */
export const rateLimit = createMiddleware<AppEnv>(async function rateLimit(c, next) {
  const measured: RateLimitResult[] = [];
  c.set('measured', measured);
  const refusal = await limitRefusal(c);
  setRateLimitHeaders(c);
  if (refusal !== null) return refuse(c, refusal);
  const alreadySaid = measured.length;
  await next();
  // A counted request that ends in 401 had a well-formed key that the database does not know.
  if (c.res.status === 401 && measured.length > 0) await recordInvalidKey(c);
  if (measured.length > alreadySaid) setRateLimitHeaders(c);
  return undefined;
});

async function limitRefusal(c: AppContext): Promise<Refusal<'rate_limited'> | null> {
  const policy = policyFor(c.req.method, c.req.path);
  if (policy === null) return null;
  const refusal = await limitBy(c, policy);
  if (refusal !== null || c.get('measured').length === 0) return refusal;
  return guessRefusal(c, policy);
}
