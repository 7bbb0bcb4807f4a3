import type { Id } from '../../core/ids.ts';
import type { MicroCredits } from '../../core/money.ts';
import type { Result } from '../../core/result.ts';
import type { KeyRefusal } from '../accounts/accounts.ts';
import type { LimitRefusal } from '../keys/limits.ts';
import type { ResolvedLine } from '../ledger/ledger.ts';
import type { StoredReceipt } from '../ledger/receipt.ts';

/** Why a key may not look: it opens nothing, or lacks the scope `account`. */
export type LookRefusal = KeyRefusal | Extract<LimitRefusal, { kind: 'scope_missing' }>;

/** Where a page of a list ends; the next one starts after it. */
export type UsagePosition = { readonly at: number; readonly id: string };

/** What a request that is over came to. */
export const USAGE_STATES = ['settled', 'released', 'expired'] as const;
export type UsageState = (typeof USAGE_STATES)[number];

/** Which settled requests: `from` inclusive, `to` exclusive, unix milliseconds of settling; null is everything. */
export type UsageFilter = {
  readonly from: number | null;
  readonly to: number | null;
  readonly endpoint: string | null;
  readonly keyId: string | null;
};

/** A request that is over, as a line of a list. */
export type UsageItem = {
  readonly requestId: string;
  readonly keyId: string;
  readonly state: UsageState;
  /** Why nothing was taken. */
  readonly reason: string | null;
  /** Unix milliseconds. */
  readonly resolvedAt: number;
  readonly reserved: MicroCredits;
  readonly settled: MicroCredits;
  /** Null unless it was settled. */
  readonly receipt: StoredReceipt | null;
};

/** What a group of settled requests came to. `group` is a day (YYYY-MM-DD, UTC), an endpoint or a key's id. */
export type UsageGroup = { readonly group: string; readonly requests: number; readonly reserved: number; readonly settled: number };

/** Everything the ledger knows of one request. `receipt` is null unless it was settled. */
export type UsageReceipt = {
  readonly requestId: string;
  readonly keyId: string;
  readonly state: 'open' | 'settled' | 'released' | 'expired';
  readonly reason: string | null;
  readonly createdAt: number;
  readonly resolvedAt: number | null;
  readonly reserved: MicroCredits;
  readonly settled: MicroCredits | null;
  readonly lines: readonly ResolvedLine[];
  readonly receipt: StoredReceipt | null;
};

/** One line of an account's journal. */
export type JournalEntry = {
  readonly seq: number;
  readonly kind: string;
  readonly ref: string;
  readonly delta: MicroCredits;
  readonly balanceAfter: MicroCredits;
  readonly createdAt: number;
};

/** What every look at usage says besides: whose it is and what is left. */
export type Seen<T> = { readonly accountId: Id<'acct'>; readonly available: MicroCredits; readonly value: T };

/** A page; `next` is null at the end. */
export type Page<T, P> = { readonly items: readonly T[]; readonly next: P | null };

/**
 * What an account has spent and how its balance came about. Each look is one read; it sees only the account of the key, so that another
 * account's request is simply not there. A frozen account may look.
 */
export interface UsageBook {
  /** A page of the requests that came to one of `states`, newest first. An endpoint can be asked for among the settled ones alone. */
  list(
    keyHash: string,
    states: readonly UsageState[],
    filter: UsageFilter,
    after: UsagePosition | null,
    limit: number,
  ): Promise<Result<Seen<Page<UsageItem, UsagePosition>>, LookRefusal>>;
  /** At most 1,000 groups, by name. */
  groups(keyHash: string, filter: UsageFilter, by: 'day' | 'endpoint' | 'key'): Promise<Result<Seen<readonly UsageGroup[]>, LookRefusal>>;
  receipt(keyHash: string, requestId: string): Promise<Result<Seen<UsageReceipt | null>, LookRefusal>>;
  /** The journal, newest first; `before` is the number to go on below. */
  entries(keyHash: string, before: number | null, limit: number): Promise<Result<Seen<Page<JournalEntry, number>>, LookRefusal>>;
}
