import type { Id } from '../../core/ids.ts';
import { ok, type Result } from '../../core/result.ts';
import { hashApiKey } from '../keys/api-key.ts';
import type { Accounts, KeyRefusal } from './accounts.ts';

/** The key and the account that a secret belongs to, for good: a rotated key has several secrets and one id. */
export type KeyOwner = { readonly keyId: Id<'key'>; readonly accountId: Id<'acct'> };

/** Bounds the memory of an isolate to about 3 MB. Only secrets that exist are remembered, so made-up ones cannot push others out. */
const MOST_OWNERS = 10_000;

/** Finds out whose a secret is, by its SHA-256 in hex. The answer is remembered for the life of the isolate. */
export interface KeyOwners {
  /** Asks no database. Null where this isolate has not met the secret. */
  known(keyHash: string): KeyOwner | null;
  /** Asks the database where the secret is not known. Refuses a secret that opens nothing now. */
  find(keyHash: string): Promise<Result<KeyOwner, KeyRefusal>>;
  /** For a secret that was just made: its first request needs no query of its own. */
  remember(apiKey: string, owner: KeyOwner): void;
  /** For a secret that turned out to open nothing any more. */
  forget(keyHash: string): void;
}

/** `memory` is one map for each isolate. */
export function createKeyOwners(accounts: Pick<Accounts, 'identify'>, memory: Map<string, KeyOwner>): KeyOwners {
  const keep = (keyHash: string, owner: KeyOwner) => {
    const [oldest] = memory.size < MOST_OWNERS ? [] : memory.keys();
    if (oldest !== undefined) memory.delete(oldest);
    memory.set(keyHash, owner);
  };
  return {
    known: (keyHash) => memory.get(keyHash) ?? null,
    async find(keyHash) {
      const known = memory.get(keyHash);
      if (known !== undefined) return ok(known);
      const found = await accounts.identify(keyHash);
      if (!found.ok) return found;
      const owner = { keyId: found.value.key.id, accountId: found.value.account.id };
      keep(keyHash, owner);
      return ok(owner);
    },
    remember: (apiKey, owner) => keep(hashApiKey(apiKey), owner),
    forget: (keyHash) => void memory.delete(keyHash),
  };
}
