import type { Id } from '../../core/ids.ts';
import type { MicroCredits } from '../../core/money.ts';
import type { Result } from '../../core/result.ts';
import type { KeyScope, LimitRefusal } from '../keys/limits.ts';
import type { Claimed, StoredResponse } from '../idempotency/idempotency.ts';

/** One priced part of a request, such as `media`, with its maximum cost. Items are unique within a request. */
export type PricedLine = { readonly item: string; readonly amount: MicroCredits };

/** The final price of one part; items not named are refunded in full. `reason` says why it is less than reserved. */
export type SettledLine = { readonly item: string; readonly settled: MicroCredits; readonly reason?: string };

/** A line after the request has ended: reserved = settled + refunded. */
export type ResolvedLine = {
  readonly item: string;
  readonly reserved: MicroCredits;
  readonly settled: MicroCredits;
  readonly refunded: MicroCredits;
  readonly reason: string | null;
};

/** A request to spend: who pays, and for what. */
export type Spend = {
  /** Created before anything is sent; it identifies the hold, its lines and the receipt, and makes every retry harmless. */
  readonly id: Id<'req'>;
  /** SHA-256 of the API key, 64 hex digits. */
  readonly keyHash: string;
  /** SHA-256 of method, path and canonical parameters, 64 hex digits. */
  readonly fingerprint: string;
  /** At least one must cost more than zero. */
  readonly lines: readonly PricedLine[];
  /** The scope the key needs; none if left out. */
  readonly scope?: KeyScope;
  /** SHA-256 of the Idempotency-Key, 64 hex digits. */
  readonly idempotencyKeyHash?: string | null;
  /** Canonical name of what is read, by which failures are counted; failures of a request without one are not. */
  readonly target?: string | null;
};

/** What to record when a request ends: its response under the Idempotency-Key, and whether its target failed. */
export type Ending = {
  readonly keyHash: string;
  readonly idempotencyKeyHash: string | null;
  /** The response that a retry gets; null where a retry may run again. */
  readonly answer: StoredResponse | null;
  readonly target: string | null;
};

/** `available` = posted − held. `debt` arises only when credit that was already spent is clawed back. */
export type Balance = { readonly available: MicroCredits; readonly held: MicroCredits; readonly debt: MicroCredits };

/** Money set aside for one request. */
export type Hold = {
  readonly id: Id<'req'>;
  readonly accountId: Id<'acct'>;
  readonly keyId: Id<'key'>;
  readonly amount: MicroCredits;
  /** The balance after this hold. */
  readonly balance: Balance;
};

export type HoldState = 'open' | 'settled' | 'released' | 'expired';

/** The result of settling one request. */
export type Settlement = {
  readonly id: Id<'req'>;
  readonly reserved: MicroCredits;
  readonly settled: MicroCredits;
  readonly refunded: MicroCredits;
  readonly lines: readonly ResolvedLine[];
  /** The balance after this settlement. */
  readonly balance: Balance;
};

/** The result of reserving and settling in one step. */
export type Charge = Settlement & { readonly accountId: Id<'acct'>; readonly keyId: Id<'key'> };

/** Why a spend was refused and moved no money. `retryAt` is unix milliseconds. */
export type SpendRefusal =
  | { readonly kind: 'unknown_key' }
  | { readonly kind: 'key_revoked' }
  | { readonly kind: 'key_expired' }
  | { readonly kind: 'account_frozen'; readonly accountId: Id<'acct'> }
  | { readonly kind: 'insufficient_credits'; readonly accountId: Id<'acct'>; readonly required: MicroCredits; readonly balance: Balance }
  /** `room` is the most that one call may cost with all limits and the balance. */
  | (LimitRefusal & { readonly room?: MicroCredits })
  | { readonly kind: 'already_resolved' }
  | Claimed
  | {
      readonly kind: 'repeated_failure';
      readonly accountId: Id<'acct'>;
      readonly balance: Balance;
      readonly failures: number;
      readonly code: string;
      readonly retryAt: number;
    }
  | Unwritten;

/**
 * Why the outcome of a write is not known. After `unreachable` it may have been carried out or may be later, and repeating it with the
 * same id is harmless. `busy` means that the queue is full and that nothing was or will be carried out.
 */
export type Unwritten = { readonly kind: 'unreachable' } | { readonly kind: 'busy'; readonly retryAfterSeconds: number };

/** Why a hold was not settled. `not_open`: it had expired or been released. */
export type SettleRefusal = { readonly kind: 'not_open' } | Unwritten;

/** The database didn't tell whether it charged; if it did, the response is stored under the Idempotency-Key, and the charge stands. */
export type OutcomeUnknown = { readonly kind: 'outcome_unknown' };

/** The permanent receipt of a settled request: what was read, how, and at which prices. JSON without personal content or secrets. */
export type ReceiptBody = Readonly<Record<string, unknown>>;

/** Moves money. Every write is one batch, and repeating it with the same id never moves money twice. */
export interface Ledger {
  /** Checks the key, expires overdue holds of the account, and sets the sum of the lines aside for `ttlMs`. */
  reserve(spend: Spend, ttlMs: number): Promise<Result<Hold, SpendRefusal>>;
  /** Reserves and settles in full, in one batch. */
  charge(spend: Spend, receipt: ReceiptBody, answer?: StoredResponse | null): Promise<Result<Charge, SpendRefusal>>;
  /** Takes what was delivered and refunds the rest; stores the receipt and, as `ending` says, the response. */
  settle(id: Id<'req'>, lines: readonly SettledLine[], receipt: ReceiptBody, ending?: Ending): Promise<Result<Settlement, SettleRefusal>>;
  /**
   * Gives a whole hold back, and records a failure if `ending` names a target. A hold that is no longer open stays unchanged; `state` is
   * its present state, null if there is no such hold.
   */
  release(
    id: Id<'req'>,
    reason: string,
    ending?: Ending,
  ): Promise<Result<{ readonly state: HoldState | null; readonly balance: Balance | null }, Unwritten>>;
  /**
   * Compensates a request that is answered as failed while its outcome is unknown: an open hold is given back, and a settlement is refunded
   * as an adjustment `undelivered:<id>`, unless its response is stored for a retry under the same Idempotency-Key. It happens once the
   * database is reachable, which may be after this has returned. Never rejects.
   */
  compensate(id: Id<'req'>, idempotencyKeyHash: string | null): Promise<void>;
  /** Looks up the account and what is stored under this Idempotency-Key, in one read; for responses that cost nothing. */
  recall(
    keyHash: string,
    idempotencyKeyHash: string,
    fingerprint: string,
    scope?: KeyScope,
  ): Promise<Result<{ readonly accountId: Id<'acct'>; readonly balance: Balance; readonly claimed: Claimed | null }, SpendRefusal>>;
  /** Books a grant or an adjustment once per `ref`; `booked` is false for a repeat. Throws on an amount beyond the account's limits. */
  credit(entry: {
    readonly accountId: Id<'acct'>;
    readonly kind: 'grant' | 'adjust';
    readonly ref: string;
    readonly delta: MicroCredits;
  }): Promise<
    Result<{ readonly booked: boolean; readonly balance: Balance }, { readonly kind: 'unknown_account' } | { readonly kind: 'unreachable' }>
  >;
  /**
   * Expires up to `page` overdue holds; returns how many. Throws unless `page` is 1 to `MAX_EXPIRE_PAGE`, and where the database refuses to
   * expire one of them: then none of the page is.
   */
  expireHolds(page: number): Promise<Result<{ readonly expired: number }, { readonly kind: 'unreachable' }>>;
  /** Lists up to `limit` overdue holds, longest overdue first. */
  overdueHolds(limit: number): Promise<Result<readonly Id<'req'>[], { readonly kind: 'unreachable' }>>;
}
