import { createMiddleware } from 'hono/factory';
import type { Refusal } from '../../errors.ts';
import { policyFor } from '../../endpoints.ts';
import type { AppContext, AppEnv, Measured } from '../context.ts';
import { refuse } from '../error-response.ts';
import { guessRefusal, noteGuess } from './invalid-key-guard.ts';
import { limitBy, sayRateLimits } from './quota.ts';

/**
 * Counts the request before anything else is done for it, and refuses it when its quota is used up. A key without the right shape
 * is not counted: its 401 costs nothing. The owner is never limited. Every answer that was measured says in its headers what is left.
 */
export const rateLimit = createMiddleware<AppEnv>(async function rateLimit(c, next) {
  const measured: Measured[] = [];
  c.set('measured', measured);
  const refusal = await limitRefusal(c);
  sayRateLimits(c);
  if (refusal !== null) return refuse(c, refusal);
  const alreadySaid = measured.length;
  await next();
  // A 401 that was measured had the shape of a key: the database was asked for it.
  if (c.res.status === 401 && measured.length > 0) await noteGuess(c);
  if (measured.length > alreadySaid) sayRateLimits(c);
  return undefined;
});

async function limitRefusal(c: AppContext): Promise<Refusal<'rate_limited'> | null> {
  const policy = policyFor(c.req.method, c.req.path);
  if (policy === null) return null;
  const refusal = await limitBy(c, policy);
  if (refusal !== null || c.get('measured').length === 0) return refusal;
  return guessRefusal(c, policy);
}
