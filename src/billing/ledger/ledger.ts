import type { Id } from '../../core/ids.ts';
import type { MicroCredits } from '../../core/money.ts';
import type { Result } from '../../core/result.ts';
import type { KeyScope, LimitRefusal } from '../keys/limits.ts';
import type { Claimed, KeptAnswer } from '../idempotency/idempotency.ts';

/** One priced part of a request, e.g. `media`, with the most it may cost. Items are unique within a request. */
export type PricedLine = { readonly item: string; readonly amount: MicroCredits };

/** What a part came to. An item that isn't named at settling is given back whole. `reason` says why less than reserved. */
export type SettledLine = { readonly item: string; readonly settled: MicroCredits; readonly reason?: string };

/** A line as the database holds it after the request: reserved = settled + refunded. */
export type ResolvedLine = {
  readonly item: string;
  readonly reserved: MicroCredits;
  readonly settled: MicroCredits;
  readonly refunded: MicroCredits;
  readonly reason: string | null;
};

/** Who pays and for what. */
export type Spend = {
  /** The request's id, minted before anything is sent: it names the hold, its lines and the receipt, and makes every retry harmless. */
  readonly id: Id<'req'>;
  /** SHA-256 of the API key, 64 hex digits. */
  readonly keyHash: string;
  /** SHA-256 of method, path and canonical parameters, 64 hex digits. */
  readonly fingerprint: string;
  /** At least one with a price above zero. */
  readonly lines: readonly PricedLine[];
  /** What the key must be allowed; any key may where it is left out. */
  readonly scope?: KeyScope;
  /** SHA-256 of the caller's Idempotency-Key, 64 hex digits; null or absent without one. */
  readonly onceDigest?: string | null;
  /** What is read, the same for every spelling of it: the loop breaker counts failures by it. Null or absent: it doesn't. */
  readonly target?: string | null;
};

/** What is remembered of a request when it ends: its answer under its Idempotency-Key, and whether its target failed. */
export type Ending = {
  readonly keyHash: string;
  readonly onceDigest: string | null;
  /** What a repeat is answered with; null where a repeat may try anew. */
  readonly answer: KeptAnswer | null;
  readonly target: string | null;
};

/** An account's money. `available` = posted − held; `debt` only after a clawback of credit already spent. */
export type Balance = { readonly available: MicroCredits; readonly held: MicroCredits; readonly debt: MicroCredits };

/** Money set aside for one request. */
export type Hold = {
  readonly id: Id<'req'>;
  readonly accountId: Id<'acct'>;
  readonly keyId: Id<'key'>;
  readonly amount: MicroCredits;
  /** The account's balance with this hold in place. */
  readonly balance: Balance;
};

/** What a hold can be or come to. */
export type HoldState = 'open' | 'settled' | 'released' | 'expired';

/** Money taken for one request. */
export type Settlement = {
  readonly id: Id<'req'>;
  readonly reserved: MicroCredits;
  readonly settled: MicroCredits;
  readonly refunded: MicroCredits;
  readonly lines: readonly ResolvedLine[];
  /** The account's balance after it. */
  readonly balance: Balance;
};

/** A charge is a hold settled in full in the same step. */
export type Charge = Settlement & { readonly accountId: Id<'acct'>; readonly keyId: Id<'key'> };

/** Why no money moved. */
export type SpendRefusal =
  | { readonly kind: 'unknown_key' }
  | { readonly kind: 'key_revoked' }
  | { readonly kind: 'key_expired' }
  | { readonly kind: 'account_frozen'; readonly accountId: Id<'acct'> }
  | { readonly kind: 'insufficient_credits'; readonly accountId: Id<'acct'>; readonly required: MicroCredits; readonly balance: Balance }
  | LimitRefusal
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
 * Why a write has no outcome. After `unreachable` it may have landed or may yet land, and repeating it with the same id is harmless;
 * `busy` means that too many others wait, and that nothing of it was or will be carried out.
 */
export type Unwritten = { readonly kind: 'unreachable' } | { readonly kind: 'busy'; readonly retryAfterSeconds: number };

/** Why a hold was not settled. `not_open`: it had expired or was released before. */
export type SettleRefusal = { readonly kind: 'not_open' } | Unwritten;

/** The receipt kept for good with a settled request: what was read, how, and at what price rule. JSON, no words of people, no secrets. */
export type ReceiptBody = Readonly<Record<string, unknown>>;

/** The money. Each write is one batch; each may be repeated with the same id without moving money twice. */
export interface Ledger {
  /** Authenticates, heals expired holds of the account, and sets the lines' sum aside until `ttlMs` from now. */
  reserve(spend: Spend, ttlMs: number): Promise<Result<Hold, SpendRefusal>>;
  /** Reserve and settle in full, in one batch. */
  charge(spend: Spend, receipt: ReceiptBody, answer?: KeptAnswer | null): Promise<Result<Charge, SpendRefusal>>;
  /** Takes what was delivered, gives the rest back, keeps the receipt and, where the ending says so, the answer. */
  settle(id: Id<'req'>, lines: readonly SettledLine[], receipt: ReceiptBody, ending?: Ending): Promise<Result<Settlement, SettleRefusal>>;
  /**
   * Gives a whole hold back, and counts the failure where the ending names a target. A hold that is no longer open stays as it is; `state`
   * is what it has come to, null where there is none.
   */
  release(
    id: Id<'req'>,
    reason: string,
    ending?: Ending,
  ): Promise<Result<{ readonly state: HoldState | null; readonly balance: Balance | null }, Unwritten>>;
  /**
   * For a request that is answered as failed while its outcome is unknown: an open hold is given back, and what was settled after all is
   * booked back as an adjustment `undelivered:<id>`, unless its answer is kept for a repeat under the same Idempotency-Key. Done as soon
   * as the database can be asked, which may be after this has returned. Never rejects.
   */
  abandon(id: Id<'req'>, onceDigest: string | null): Promise<void>;
  /** Whose key it is, and what was remembered of this Idempotency-Key: one read, for answers that cost nothing. */
  recall(
    keyHash: string,
    onceDigest: string,
    fingerprint: string,
    scope?: KeyScope,
  ): Promise<Result<{ readonly accountId: Id<'acct'>; readonly balance: Balance; readonly claimed: Claimed | null }, SpendRefusal>>;
  /** Books a grant or an adjustment once per `ref`; `booked` is false when `ref` was booked before. */
  credit(entry: {
    readonly accountId: Id<'acct'>;
    readonly kind: 'grant' | 'adjust';
    readonly ref: string;
    readonly delta: MicroCredits;
  }): Promise<
    Result<{ readonly booked: boolean; readonly balance: Balance }, { readonly kind: 'unknown_account' } | { readonly kind: 'unreachable' }>
  >;
  /** Expires up to `page` holds whose time is over; returns how many. */
  expireHolds(page: number): Promise<Result<{ readonly expired: number }, { readonly kind: 'unreachable' }>>;
}
