import type { ErrorCode, Refusal } from '../../errors.ts';
import { hashApiKey, isOperatorHash, parseApiKey } from '../../billing/keys/api-key.ts';
import type { Principal } from '../../read/pricing/payer.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { AppContext } from '../context.ts';

/** Longer than any key; more is refused before it is hashed. Characters. */
const LONGEST_TOKEN_CHARS = 256;

type Authenticated = Result<Principal, Refusal<Extract<ErrorCode, 'unauthorized'>>>;

/** Several steps of a request ask who sends it. */
const known = new WeakMap<AppContext, Authenticated>();

/**
 * Reads the bearer token: the operator key first, whatever it looks like, then the shape and checksum of a customer key. Asks no
 * database: whether a customer key exists shows in the first query that uses it.
 */
export function authenticate(c: AppContext): Authenticated {
  const { service } = c.get('deps');
  const answer = known.get(c) ?? read(c.req.header('Authorization'), service.ok ? service.value.operations.keyHashes : []);
  known.set(c, answer);
  return answer;
}

function read(authorization: string | undefined, operatorKeyHashes: readonly string[]): Authenticated {
  const token = bearerToken(authorization);
  if (token === undefined || token.length > LONGEST_TOKEN_CHARS) return err({ code: 'unauthorized' });
  const keyHash = hashApiKey(token);
  if (isOperatorHash(keyHash, operatorKeyHashes)) return ok({ kind: 'operator' });
  const parsed = parseApiKey(token);
  return parsed.ok ? ok({ kind: 'customer', keyHash, mode: parsed.value.mode }) : err({ code: 'unauthorized' });
}

/** The token of an Authorization header; undefined for another scheme. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? '')?.[1];
}
