import type { Id } from '../../core/ids.ts';
import type { KeyLimits, Lineage } from './limits.ts';

/** An API key without its secret. */
export type ApiKey = {
  readonly id: Id<'key'>;
  readonly accountId: Id<'acct'>;
  readonly name: string;
  readonly last4: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
};

/** The secret that a request was sent with, as the SHA-256 of its text. After a rotation it ends at `retiresAt`, unix milliseconds. */
export type SentSecret = { readonly hash: string; readonly retiresAt: number | null };

/** A key with everything its account may know. */
export type KeyDetails = ApiKey & {
  readonly parentId: Id<'key'> | null;
  /** When it last opened a hold, unix milliseconds. */
  readonly lastUsedAt: number | null;
  readonly lineage: Lineage;
  /** The key's own limits: the last of the lineage. */
  readonly limits: KeyLimits;
};
