import { createMiddleware } from 'hono/factory';
import type { ErrorCode } from '../../errors.ts';
import { identityRefusal } from '../../errors/from-database.ts';
import { authenticate } from './authenticate.ts';
import type { AppEnv } from '../context.ts';
import { refuse } from '../error-response.ts';

/** What every endpoint of the owner can refuse with. */
export const OWNER_ERRORS = [
  'invalid_request',
  'unauthorized',
  'forbidden',
  'internal',
  'misconfigured',
  'overloaded',
] as const satisfies readonly ErrorCode[];

/** What those that take a body can refuse with as well. */
export const BODY_ERRORS = ['body_too_large', 'unsupported_media_type'] as const satisfies readonly ErrorCode[];

/** Lets only the owner's key through: no key or one that opens nothing is 401, a customer's key 403. No answer here is for a cache. */
export const requireOwner = createMiddleware<AppEnv>(async function requireOwner(c, next) {
  const { accounts } = c.get('service');
  const principal = authenticate(c);
  if (!principal.ok) return refuse(c, principal.error);
  c.get('event').role = principal.value.kind;
  if (principal.value.kind === 'customer') {
    const found = await accounts.identify(principal.value.keyHash);
    if (!found.ok) return refuse(c, identityRefusal(found.error));
    c.get('event').accountId = found.value.account.id;
    return refuse(c, { code: 'forbidden', message: 'This is for the owner of the service alone.' });
  }
  c.header('Cache-Control', 'no-store');
  return next();
});
