import type { ErrorCode, Refusal } from '../errors.ts';
import { hashApiKey, isOwnerKey, parseApiKey } from '../billing/keys.ts';
import type { Principal } from '../read/payer.ts';
import { err, ok, type Result } from '../result.ts';

/** No key of ours is longer; more is refused before it is hashed. Characters. */
const LONGEST_TOKEN_CHARS = 256;

/**
 * Reads the bearer token: the owner's first, whatever it looks like, then the shape and checksum of a customer key.
 * Whether a customer key exists, the database says with the first step of paying; up to here nothing was asked of it.
 */
export async function authenticate(
  authorization: string | undefined,
  ownerKeyHashes: readonly string[],
): Promise<Result<Principal, Refusal<Extract<ErrorCode, 'unauthorized'>>>> {
  const token = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? '')?.[1];
  if (token === undefined || token.length > LONGEST_TOKEN_CHARS) return err({ code: 'unauthorized' });
  if (await isOwnerKey(token, ownerKeyHashes)) return ok({ kind: 'owner' });
  const parsed = parseApiKey(token);
  if (!parsed.ok) return err({ code: 'unauthorized' });
  return ok({ kind: 'customer', keyHash: await hashApiKey(token), mode: parsed.value.mode });
}
