import type { Id } from '../../core/ids.ts';
import type { Result } from '../../core/result.ts';
import type { ApiKey, KeyDetails } from '../keys/key-details.ts';
import type { Balance, SpendRefusal } from '../ledger/ledger.ts';

/** An account, as its owner sees it. */
export type Account = {
  readonly id: Id<'acct'>;
  readonly name: string;
  readonly status: 'active' | 'frozen' | 'closed';
  /** Unix milliseconds. */
  readonly createdAt: number;
};

/** Who a key belongs to, read without moving money. */
export type Membership = { readonly account: Account; readonly key: KeyDetails; readonly balance: Balance };

/** Why a key opens nothing. */
export type KeyRefusal = Extract<
  SpendRefusal,
  { kind: 'unknown_key' } | { kind: 'key_revoked' } | { kind: 'key_expired' } | { kind: 'unreachable' }
>;

export interface Accounts {
  /** Creates an account with its first key, and books the signup grant, in one batch. The key's raw text is in the answer and nowhere else. */
  signUp(names: {
    readonly accountName: string;
    readonly keyName: string;
  }): Promise<Result<{ readonly account: Account; readonly key: ApiKey; readonly apiKey: string }, { readonly kind: 'unreachable' }>>;
  /** Finds whose key this is: one read. `keyHash` is 64 hex digits. A frozen account is answered, not refused: it may look at itself. */
  identify(keyHash: string): Promise<Result<Membership, KeyRefusal>>;
}
