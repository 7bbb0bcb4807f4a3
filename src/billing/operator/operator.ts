import type { Id } from '../../core/ids.ts';
import type { MicroCredits } from '../../core/money.ts';
import type { Result } from '../../core/result.ts';
import type { Balance, ResolvedLine } from '../ledger/ledger.ts';
import type { StoredReceipt } from '../ledger/receipt.ts';
import type { Unreachable } from '../../db/call.ts';

/** What the owner can do that is written down. */
export const OWNER_ACTION_KINDS = ['credit', 'freeze', 'unfreeze', 'revoke_key', 'expire_holds', 'audit'] as const;
export type OwnerActionKind = (typeof OWNER_ACTION_KINDS)[number];

/** Who asked for it and why. `id` is the request's; it names the action. */
export type OwnerOrder = { readonly id: Id<'req'>; readonly reason: string };

/** Something the owner did. `subject` is the id of what it was done to, empty where it was done to everything. */
export type OwnerAction = {
  readonly id: string;
  readonly kind: OwnerActionKind;
  /** What makes it recognisable when it is sent again: the caller's own, or the id. */
  readonly ref: string;
  readonly subject: string;
  readonly reason: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** Unix milliseconds. */
  readonly createdAt: number;
};

/** One request's money, with its receipt when it was settled. Times are unix milliseconds. */
export type RequestRecord = {
  readonly id: string;
  readonly accountId: string;
  readonly keyId: string;
  readonly state: 'open' | 'settled' | 'released' | 'expired';
  readonly reason: string | null;
  readonly reserved: MicroCredits;
  readonly settled: MicroCredits | null;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly resolvedAt: number | null;
  readonly lines: readonly (Omit<ResolvedLine, 'settled' | 'refunded'> & { readonly settled: MicroCredits | null })[];
  readonly receipt: StoredReceipt | null;
};

/** There is no account, key or request of this id. */
export type Unknown = { readonly kind: 'unknown' };

/** What only the owner does with accounts, keys and credit. Each leaves an action behind, written in the same transaction. */
export interface OwnerDesk {
  /**
   * Books a grant or an adjustment once per `ref`; the same again books nothing and says so. Refuses a ref that booked another amount
   * or another account, and an amount that would lift or sink the account beyond the ledger's limits.
   */
  credit(
    order: OwnerOrder & {
      readonly accountId: string;
      readonly kind: 'grant' | 'adjust';
      readonly ref: string;
      readonly delta: MicroCredits;
    },
  ): Promise<
    Result<
      { readonly booked: boolean; readonly balance: Balance },
      Unknown | { readonly kind: 'other_credit' } | { readonly kind: 'beyond_limits' } | Unreachable
    >
  >;
  /** Freezes an account, or thaws a frozen one; `changed` is false when it was so already. A closed account stays closed. */
  setFrozen(
    order: OwnerOrder & { readonly accountId: string; readonly frozen: boolean },
  ): Promise<Result<{ readonly status: 'active' | 'frozen' | 'closed'; readonly changed: boolean }, Unknown | Unreachable>>;
  /** Revokes a key at once and for good. */
  revokeKey(
    order: OwnerOrder & { readonly keyId: string },
  ): Promise<Result<{ readonly revokedAt: number; readonly changed: boolean }, Unknown | Unreachable>>;
  /** Writes down something that was done elsewhere. */
  note(
    order: OwnerOrder & { readonly kind: OwnerActionKind; readonly details: Readonly<Record<string, unknown>> },
  ): Promise<Result<void, Unreachable>>;
  /** Looks a request up by its id. */
  findRequest(id: string): Promise<Result<RequestRecord, Unknown | Unreachable>>;
  /** The actions, newest first, behind the one named `before`. */
  listActions(before: string | null, limit: number): Promise<Result<readonly OwnerAction[], Unreachable>>;
}
