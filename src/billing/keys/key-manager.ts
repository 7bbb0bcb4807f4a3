import type { Id } from '../../core/ids.ts';
import type { MicroCredits } from '../../core/money.ts';
import type { Result } from '../../core/result.ts';
import type { KeyDetails, SentSecret } from './key-details.ts';
import type { BudgetPeriod, KeyScope, widerThan } from './limits.ts';
import type { KeyMode } from './api-key.ts';

/** The properties of a new key. A null limit adds nothing to those of its parents. */
export type KeyDraft = {
  readonly name: string;
  readonly mode: KeyMode;
  /** Null: all read scopes of the parents. */
  readonly scopes: readonly KeyScope[] | null;
  readonly ceiling: MicroCredits | null;
  readonly budget: { readonly limit: MicroCredits; readonly period: BudgetPeriod } | null;
  /** Unix milliseconds. */
  readonly expiresAt: number | null;
};

/** Changes to a key; properties left out stay. */
export type KeyChanges = {
  readonly name?: string | undefined;
  readonly scopes?: readonly KeyScope[] | undefined;
  readonly ceiling?: MicroCredits | null | undefined;
  readonly budget?: KeyDraft['budget'] | undefined;
  /** Unix milliseconds; can only become earlier. */
  readonly expiresAt?: number | undefined;
};

/** The last key of a page; the next page starts after it. `createdAt` is unix milliseconds. */
export type KeyPosition = { readonly isRevoked: boolean; readonly createdAt: number; readonly id: string };

/** A page of keys; `next` is null at the end. */
export type KeyPage = { readonly items: readonly KeyDetails[]; readonly next: KeyPosition | null };

/** The key that manages others, the secret it was opened with, and the status of their account. */
export type Manager = {
  readonly key: KeyDetails;
  readonly secret: SentSecret;
  readonly account: { readonly status: 'active' | 'frozen' | 'closed' };
};

/**
 * Why a key was not created or changed. `wider`: a limit would exceed the parents' limits. `own_limits`: only a root key may change its own
 * limits. `too_many`: the account has as many active keys as it can have; `too_many_below`: the manager, or a key between it and the root,
 * has as many below it as it can. `expires_earlier`: the key already expires earlier, at `expiresAt` (unix milliseconds).
 * `secret_retiring`: the manager's secret was replaced by a rotation. `too_many_secrets`: too many replaced secrets of the key still work.
 * `account_frozen`: the account is frozen or closed, which allows nothing but revoking. `revoked`: the key has ended, or the manager has
 * meanwhile.
 */
export type KeyManagerRefusal =
  | { readonly kind: 'unknown_key' }
  | { readonly kind: 'wider'; readonly limit: NonNullable<ReturnType<typeof widerThan>> }
  | { readonly kind: 'own_limits' }
  | { readonly kind: 'expires_earlier'; readonly expiresAt: number }
  | { readonly kind: 'too_deep' }
  | { readonly kind: 'too_many' }
  | { readonly kind: 'too_many_below' }
  | { readonly kind: 'too_many_secrets' }
  | { readonly kind: 'secret_retiring' }
  | { readonly kind: 'account_frozen' }
  | { readonly kind: 'revoked' }
  | { readonly kind: 'unreachable' };

/** A key with its secret, which is stored nowhere. */
export type MintedKey = { readonly key: KeyDetails; readonly apiKey: string };

/**
 * Manages the keys of an account on behalf of one of them. A root key manages all keys of the account, any other key itself and its
 * descendants. A key outside that range is `unknown_key`, like a key of another account. A retiring secret only lists: somebody else may
 * have it. The statement that writes checks the manager again, so that a rotation or revocation stops what is under way.
 */
export interface KeyManager {
  /** Lists at most `limit` keys: active before revoked, newest first. A key revoked between two pages can appear twice. */
  list(manager: KeyDetails, after: KeyPosition | null, limit: number): Promise<Result<KeyPage, { readonly kind: 'unreachable' }>>;
  /** Creates a child of `manager`. */
  create(manager: Manager, draft: KeyDraft): Promise<Result<MintedKey, KeyManagerRefusal>>;
  update(manager: Manager, id: Id<'key'>, changes: KeyChanges): Promise<Result<KeyDetails, KeyManagerRefusal>>;
  /** Issues a new secret. Every older secret ends after `graceMs` at the latest; id, children, limits and usage stay. */
  rotate(manager: Manager, id: Id<'key'>, graceMs: number): Promise<Result<MintedKey, KeyManagerRefusal>>;
  /** Revokes the key and all its descendants immediately. Revoking again changes nothing. */
  revoke(manager: Manager, id: Id<'key'>): Promise<Result<KeyDetails, KeyManagerRefusal>>;
}
