import type { Id } from '../../core/ids.ts';
import type { Result } from '../../core/result.ts';
import type { ApiKey, KeyDetails, SentSecret } from '../keys/key-details.ts';
import type { Balance, SpendRefusal } from '../ledger/ledger.ts';

/** An account, as its customer sees it. */
export type Account = {
  readonly id: Id<'acct'>;
  readonly name: string;
  readonly status: 'active' | 'frozen' | 'closed';
  /** Unix milliseconds. */
  readonly createdAt: number;
};

/** A key with its account and balance, and the secret that opened it. */
export type Membership = {
  readonly account: Account;
  readonly key: KeyDetails;
  readonly secret: SentSecret;
  readonly balance: Balance;
};

/** Why a key doesn't work. */
export type KeyRefusal = Extract<
  SpendRefusal,
  { kind: 'unknown_key' } | { kind: 'key_revoked' } | { kind: 'key_expired' } | { kind: 'unreachable' }
>;

export interface Accounts {
  /**
   * Creates an account with its first key and books the signup grant, unless `isGranted` is false, in one batch. `apiKey` is the secret,
   * which is stored nowhere.
   */
  signUp(draft: {
    readonly accountName: string;
    readonly keyName: string;
    readonly isGranted?: boolean;
  }): Promise<Result<{ readonly account: Account; readonly key: ApiKey; readonly apiKey: string }, { readonly kind: 'unreachable' }>>;
  /** Finds the account of a key, in one read. `keyHash` is 64 hex digits. A frozen account is returned, not refused. */
  identify(keyHash: string): Promise<Result<Membership, KeyRefusal>>;
}
