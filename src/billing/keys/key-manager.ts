import type { Id } from '../../core/ids.ts';
import type { MicroCredits } from '../../core/money.ts';
import type { Result } from '../../core/result.ts';
import type { KeyDetails } from './key-details.ts';
import type { BudgetPeriod, KeyScope, widerThan } from './limits.ts';
import type { KeyMode } from './api-key.ts';

/** What a new key is given. Limits that are null are those of its parents. */
export type KeyDraft = {
  readonly name: string;
  readonly mode: KeyMode;
  /** Null: the scopes of reading that the parents have. */
  readonly scopes: readonly KeyScope[] | null;
  readonly ceiling: MicroCredits | null;
  readonly budget: { readonly limit: MicroCredits; readonly period: BudgetPeriod } | null;
  /** Unix milliseconds. */
  readonly expiresAt: number | null;
};

/** What of a key changes; what is left out stays. */
export type KeyChanges = {
  readonly name?: string | undefined;
  readonly scopes?: readonly KeyScope[] | undefined;
  readonly ceiling?: MicroCredits | null | undefined;
  readonly budget?: KeyDraft['budget'] | undefined;
  /** Unix milliseconds; a key's end only moves closer. */
  readonly expiresAt?: number | undefined;
};

/** Where a page of the list ends. `createdAt` in unix milliseconds. */
export type KeyPosition = { readonly isRevoked: boolean; readonly createdAt: number; readonly id: string };

/** A page of keys; `next` is null at the end. */
export type KeyPage = { readonly items: readonly KeyDetails[]; readonly next: KeyPosition | null };

/** Why a key was not made or changed. `wider`: it would be given more than its parents have; `own_limits`: no key but a root changes itself; `expires_earlier`: its end, in unix milliseconds, would move away. */
export type KeyRingRefusal =
  | { readonly kind: 'unknown_key' }
  | { readonly kind: 'wider'; readonly limit: NonNullable<ReturnType<typeof widerThan>> }
  | { readonly kind: 'own_limits' }
  | { readonly kind: 'expires_earlier'; readonly expiresAt: number }
  | { readonly kind: 'too_deep' }
  | { readonly kind: 'too_many' }
  | { readonly kind: 'revoked' }
  | { readonly kind: 'unreachable' };

/** A key with its text, which is in this answer and nowhere else. */
export type MintedKey = { readonly key: KeyDetails; readonly apiKey: string };

/**
 * The keys of an account, as one of them manages them. A root manages all of the account; any other key manages itself and its
 * children. What it doesn't manage is `unknown_key`, like a key of somebody else.
 */
export interface KeyRing {
  /** A page of at most `limit`, those not revoked first, then the newest. A key that is revoked between two pages can come twice. */
  list(manager: KeyDetails, after: KeyPosition | null, limit: number): Promise<Result<KeyPage, { readonly kind: 'unreachable' }>>;
  /** Mints a child of `manager`. */
  create(manager: KeyDetails, draft: KeyDraft): Promise<Result<MintedKey, KeyRingRefusal>>;
  update(manager: KeyDetails, id: Id<'key'>, changes: KeyChanges): Promise<Result<KeyDetails, KeyRingRefusal>>;
  /** Gives the key another text. Its older ones open it for `graceMs` more; id, children, limits and usage stay. */
  rotate(manager: KeyDetails, id: Id<'key'>, graceMs: number): Promise<Result<MintedKey, KeyRingRefusal>>;
  /** Ends the key and everything below it at once. Revoking again changes nothing. */
  revoke(manager: KeyDetails, id: Id<'key'>): Promise<Result<KeyDetails, KeyRingRefusal>>;
}
