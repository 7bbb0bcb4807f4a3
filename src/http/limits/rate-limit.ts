import { createMiddleware } from 'hono/factory';
import { identityRefusal } from '../../errors/from-database.ts';
import type { Refusal } from '../../errors.ts';
import { isOperatorPath, policyFor } from '../../endpoints.ts';
import { isKeyPolicy, type KeyPolicy } from '../../limits/policies.ts';
import { authenticate } from '../auth/authenticate.ts';
import type { AppContext, AppEnv } from '../context.ts';
import type { RateLimitResult } from '../../limits/limiter.ts';
import { refuse } from '../error-response.ts';
import { guessRefusal, recordInvalidKey } from './invalid-key-guard.ts';
import { limitBy, limitKeyBy, setRateLimitHeaders } from './quota.ts';

/**
 * Counts the request before anything else is done for it, and refuses it when its quota is used up. A malformed key is not counted,
 * because its 401 costs nothing; the operator key is never limited.
 */
export const rateLimit = createMiddleware<AppEnv>(async function rateLimit(c, next) {
  const measured: RateLimitResult[] = [];
  c.set('measured', measured);
  const policy = policyFor(c.req.method, c.req.path);
  const refusal = policy === null ? null : isKeyPolicy(policy) ? await keyRefusal(c, policy) : await limitBy(c, policy);
  setRateLimitHeaders(c);
  if (refusal !== null) return refuse(c, refusal);
  const alreadySaid = measured.length;
  await next();
  if (c.res.status === 401) {
    // Told like a key that never was: the limits of a key would say that it had existed.
    measured.splice(0);
    await forgetKey(c);
    setRateLimitHeaders(c);
  } else if (measured.length > alreadySaid) setRateLimitHeaders(c);
  return undefined;
});

/**
 * Counts a request by the ids of its key and account, which needs to know whose the key is. A secret that this isolate has not met is looked
 * up, unless its address is held back for making keys up; one that opens nothing counts against its address and leaves no count of its own.
 */
async function keyRefusal(c: AppContext, policy: KeyPolicy): Promise<Refusal<'rate_limited' | 'unauthorized' | 'overloaded'> | null> {
  const { service } = c.get('deps');
  const principal = authenticate(c);
  if (!service.ok || !principal.ok || principal.value.kind === 'operator') return null;
  const { owners } = service.value.accounts;
  const { keyHash } = principal.value;
  const held = owners.known(keyHash) === null ? guessRefusal(c) : null;
  if (held !== null) return held;
  const owner = await owners.find(keyHash);
  if (owner.ok) return limitKeyBy(c, policy, owner.value);
  if (owner.error.kind !== 'unreachable') {
    if (isOperatorPath(c.req.path)) c.get('event').operatorRefusal = 'wrong_key';
    await recordInvalidKey(c);
  }
  return identityRefusal(owner.error);
}

/** A key that was known has been revoked or has expired since. */
async function forgetKey(c: AppContext): Promise<void> {
  const { service } = c.get('deps');
  const principal = authenticate(c);
  if (!service.ok || !principal.ok || principal.value.kind === 'operator') return;
  service.value.accounts.owners.forget(principal.value.keyHash);
  await recordInvalidKey(c);
}
