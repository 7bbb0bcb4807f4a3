import type { Id } from '../../core/ids.ts';
import type { MicroCredits } from '../../core/money.ts';
import type { Result } from '../../core/result.ts';
import type { KeyRefusal } from '../accounts/accounts.ts';
import type { LimitRefusal } from '../keys/limits.ts';
import type { ResolvedLine } from '../ledger/ledger.ts';
import type { StoredReceipt } from '../ledger/receipt.ts';

/** Why a key may not read usage: it doesn't work, or it lacks the scope `account`. */
export type LookRefusal = KeyRefusal | Extract<LimitRefusal, { kind: 'scope_missing' }>;

/** The last item of a page; the next page starts after it. `at` is unix milliseconds. */
export type UsagePosition = { readonly at: number; readonly id: string };

/** How a finished request ended. */
export const USAGE_STATES = ['settled', 'released', 'expired'] as const;
export type UsageState = (typeof USAGE_STATES)[number];

/** Selects requests by when they ended: `from` inclusive, `to` exclusive, unix milliseconds. Null doesn't filter. */
export type UsageFilter = {
  readonly from: number | null;
  readonly to: number | null;
  readonly endpoint: string | null;
  readonly keyId: string | null;
};

/** A finished request in a list. */
export type UsageItem = {
  readonly requestId: string;
  readonly keyId: string;
  readonly state: UsageState;
  /** Why nothing was charged; `undelivered` when a charge was given back. */
  readonly reason: string | null;
  /** Unix milliseconds. */
  readonly resolvedAt: number;
  readonly reserved: MicroCredits;
  /** Net of what was given back afterwards. */
  readonly settled: MicroCredits;
  /** Null unless it was settled. */
  readonly receipt: StoredReceipt | null;
};

/** Sums of settled requests, in micro-credits. `group` is a day (YYYY-MM-DD, UTC), an endpoint or a key's id. */
export type UsageGroup = { readonly group: string; readonly requests: number; readonly reserved: number; readonly settled: number };

/** Everything the ledger knows about one request. `receipt` is null unless it was settled. Times are unix milliseconds. */
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

/** One entry of an account's journal. `createdAt` is unix milliseconds. */
export type JournalEntry = {
  readonly seq: number;
  readonly kind: string;
  readonly ref: string;
  readonly delta: MicroCredits;
  readonly balanceAfter: MicroCredits;
  readonly createdAt: number;
};

/** `archivedBefore`: requests that began before this time (unix milliseconds) have left the database; null while none has. */
export type Archived<T> = T & { readonly archivedBefore: number | null };

/** A result together with the account it belongs to and its available balance. */
export type Seen<T> = { readonly accountId: Id<'acct'>; readonly available: MicroCredits; readonly value: T };

/** A page; `next` is null at the end. */
export type Page<T, P> = { readonly items: readonly T[]; readonly next: P | null };

/**
 * Reports what an account has spent and how its balance arose. Each method is one read, limited to the account of the key: another
 * account's request is not found. A frozen account may read its usage.
 */
export interface UsageBook {
  /** Lists finished requests in `states`, newest first. Only settled requests can be filtered by endpoint. */
  list(
    keyHash: string,
    states: readonly UsageState[],
    filter: UsageFilter,
    after: UsagePosition | null,
    limit: number,
  ): Promise<Result<Seen<Archived<Page<UsageItem, UsagePosition>>>, LookRefusal>>;
  /** Returns at most 1,000 groups, sorted by name. */
  groups(
    keyHash: string,
    filter: UsageFilter,
    by: 'day' | 'endpoint' | 'key',
  ): Promise<Result<Seen<Archived<{ readonly groups: readonly UsageGroup[] }>>, LookRefusal>>;
  receipt(keyHash: string, requestId: string): Promise<Result<Seen<Archived<{ readonly receipt: UsageReceipt | null }>>, LookRefusal>>;
  /** Lists journal entries below the number `before`, newest first. */
  entries(keyHash: string, before: number | null, limit: number): Promise<Result<Seen<Page<JournalEntry, number>>, LookRefusal>>;
}
