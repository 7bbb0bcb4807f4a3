import type { Id } from '../../core/ids.ts';
import type { MicroCredits } from '../../core/money.ts';
import type { Result } from '../../core/result.ts';
import type { Balance, ResolvedLine } from '../ledger/ledger.ts';
import type { StoredReceipt } from '../ledger/receipt.ts';
import type { Unreachable } from '../../db/call.ts';

/** The operator's actions that are recorded. */
export const OPERATOR_ACTION_KINDS = ['credit', 'freeze', 'unfreeze', 'revoke_key', 'reissue_root_key', 'expire_holds', 'audit'] as const;
export type OperatorActionKind = (typeof OPERATOR_ACTION_KINDS)[number];

/** Identifies an action and says why it was taken. `id` is the id of the request. */
export type OperatorOrder = { readonly id: Id<'req'>; readonly reason: string };

/** A recorded action of the operator. `subject` is the id of the affected account or key, empty where all are affected. */
export type OperatorAction = {
  readonly id: string;
  readonly kind: OperatorActionKind;
  /** Identifies a repeat: the caller's own reference, or the id. */
  readonly ref: string;
  readonly subject: string;
  readonly reason: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** Unix milliseconds. */
  readonly createdAt: number;
};

/** The money of one request, with its receipt if it was settled. Times are unix milliseconds. */
export type RequestRecord = {
  readonly id: string;
  readonly accountId: string;
  readonly keyId: string;
  readonly state: 'open' | 'settled' | 'released' | 'expired';
  readonly reason: string | null;
  readonly reserved: MicroCredits;
  readonly settled: MicroCredits | null;
  /** What of `settled` was given back because the response was never delivered. */
  readonly reversed: MicroCredits;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly resolvedAt: number | null;
  readonly lines: readonly (Omit<ResolvedLine, 'settled' | 'refunded'> & { readonly settled: MicroCredits | null })[];
  readonly receipt: StoredReceipt | null;
};

/** No account, key or request has this id. */
export type Unknown = { readonly kind: 'unknown' };

/** What only the operator may do with accounts, keys and credit. Each change records an action in the same transaction. */
export interface OperatorService {
  /**
   * Books a grant or an adjustment once per `ref`; `booked` is false for a repeat. Refuses a ref that was used for another amount or
   * account, and an amount that would take the account beyond the ledger's limits.
   */
  credit(
    order: OperatorOrder & {
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
  /** Freezes or unfreezes an account; `changed` is false if it already was. A closed account stays closed. */
  setFrozen(
    order: OperatorOrder & { readonly accountId: string; readonly frozen: boolean },
  ): Promise<Result<{ readonly status: 'active' | 'frozen' | 'closed'; readonly changed: boolean }, Unknown | Unreachable>>;
  /** Revokes a key and every key below it, immediately and permanently; `changed` is false if it already was. */
  revokeKey(
    order: OperatorOrder & { readonly keyId: string },
  ): Promise<Result<{ readonly revokedAt: number; readonly changed: boolean }, Unknown | Unreachable>>;
  /**
   * Gives an account a new secret of its root key, and ends every older secret of a root key at once. Makes a new root key, with
   * `isNewKey`, where none is left that works and may manage keys. `apiKey` is the secret, which is stored nowhere. The keys below and the
   * status of the account stay.
   */
  reissueRootKey(
    order: OperatorOrder & { readonly accountId: string },
  ): Promise<Result<{ readonly keyId: string; readonly isNewKey: boolean; readonly apiKey: string }, Unknown | Unreachable>>;
  /** Records an action that was carried out elsewhere. */
  note(
    order: OperatorOrder & { readonly kind: OperatorActionKind; readonly details: Readonly<Record<string, unknown>> },
  ): Promise<Result<void, Unreachable>>;
  findRequest(id: string): Promise<Result<RequestRecord, Unknown | Unreachable>>;
  /** Lists actions older than the id `before`, newest first. */
  listActions(before: string | null, limit: number): Promise<Result<readonly OperatorAction[], Unreachable>>;
}
