import { createMiddleware } from 'hono/factory';
import type { ErrorCode } from '../../errors.ts';
import { identityRefusal } from '../../errors/from-database.ts';
import { authenticate } from './authenticate.ts';
import type { AppEnv } from '../context.ts';
import { refuse } from '../error-response.ts';

export const OPERATOR_ERRORS = [
  'invalid_request',
  'unauthorized',
  'forbidden',
  'internal',
  'misconfigured',
  'overloaded',
] as const satisfies readonly ErrorCode[];

export const BODY_ERRORS = ['body_too_large', 'unsupported_media_type'] as const satisfies readonly ErrorCode[];

/** Lets only the operator key through: no key or an unknown one is 401, a customer's key 403. */
export const requireOperator = createMiddleware<AppEnv>(async function requireOperator(c, next) {
  const { directory } = c.get('service').accounts;
  const principal = authenticate(c);
  if (!principal.ok) {
    c.get('event').operatorRefusal = c.req.header('Authorization') === undefined ? 'no_key' : 'wrong_key';
    return refuse(c, principal.error);
  }
  c.get('event').role = principal.value.kind;
  if (principal.value.kind === 'customer') {
    const found = await directory.identify(principal.value.keyHash);
    if (!found.ok) {
      if (found.error.kind !== 'unreachable') c.get('event').operatorRefusal = 'wrong_key';
      return refuse(c, identityRefusal(found.error));
    }
    c.get('event').operatorRefusal = 'customer_key';
    c.get('event').accountId = found.value.account.id;
    return refuse(c, { code: 'forbidden', message: 'This endpoint requires the operator key.' });
  }
  c.header('Cache-Control', 'no-store');
  return next();
});
