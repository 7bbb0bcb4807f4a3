import type { Id } from '../../core/ids.ts';
import { type MicroCredits, microCredits } from '../../core/money.ts';
import type { Result } from '../../core/result.ts';
import type { Unreachable } from '../../db/call.ts';

/** Top-ups are in whole cents. */
export const MICRO_CREDITS_PER_CENT = 10_000;

/** Stripe takes no charge below 50 cents (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts). */
export const SMALLEST_TOP_UP = microCredits(500_000);

/** US$5,000: far above the cost of a month of reading, and a bound on the damage from a stolen card. */
export const LARGEST_TOP_UP = microCredits(5_000_000_000);

/**
 * Unpaid orders that an account can have at once. More than a person needs pages to pay on, and few enough that no account makes the
 * scheduled checks of unpaid orders take long.
 */
export const MAX_OPEN_ORDERS = 20;

/** A payment in any other currency is not credited. */
export const TOP_UP_CURRENCY = 'usd';

/** The last observed state of an order. `under_review`: the payment doesn't match the order, and an operator has to check. */
export const TOP_UP_STATES = ['open', 'paid', 'partly_refunded', 'refunded', 'disputed', 'expired', 'failed', 'under_review'] as const;
export type TopUpState = (typeof TOP_UP_STATES)[number];

/** One top-up order. Times are unix milliseconds. */
export type TopUp = {
  readonly id: Id<'pay'>;
  readonly accountId: Id<'acct'>;
  readonly sessionId: string | null;
  readonly intentId: string | null;
  readonly currency: string;
  readonly amountCents: number;
  /** Credited for full payment. */
  readonly credits: MicroCredits;
  /** Credited now. */
  readonly target: MicroCredits;
  /** Increases with every observation that is applied. */
  readonly rev: number;
  readonly state: TopUpState;
  /** The payment page; null until the payment service has created it. */
  readonly url: string | null;
  readonly expiresAt: number;
  readonly createdAt: number;
  readonly updatedAt: number;
};

export type NewTopUp = Pick<TopUp, 'id' | 'accountId' | 'amountCents' | 'credits' | 'expiresAt'> & {
  /** SHA-256 of the caller's Idempotency-Key; an order made with it less than 22 hours ago is found instead. */
  readonly idempotencyKey: string | null;
};

/** Identifies an order by its own id, or by the payment service's session or intent. */
export type TopUpName = { readonly id: string } | { readonly sessionId: string } | { readonly intentId: string };

/** A newly observed state of an order, applied only if the order is still at revision `rev`. */
export type Observation = Pick<TopUp, 'id' | 'rev' | 'target' | 'state'> & {
  readonly sessionId: string | null;
  readonly intentId: string | null;
  /** When the next check is due, unix milliseconds; null for never. */
  readonly nextCheckAt: number | null;
};

/** An order due for a check. Only what no row can lack: the order itself is read, and may turn out unreadable, when it is its turn. */
export type DueOrder = { readonly id: string; readonly createdAt: number };

/**
 * Which orders to take. `unpaid` and `other` are due for a check; apart, so that neither waits for the other. `listed` are unpaid orders of
 * sessions that the payment service lists as paid.
 */
export type Lane =
  | { readonly kind: 'unpaid' }
  | { readonly kind: 'other' }
  | { readonly kind: 'listed'; readonly sessionIds: readonly string[] };

/** A paid session that has no order. */
export type FoundSession = Pick<TopUp, 'id' | 'accountId' | 'amountCents' | 'credits'> & { readonly sessionId: string };

/** Stores orders. Each call is one batch and safe to repeat. */
export interface TopUps {
  /**
   * Writes the order, or finds the one of its idempotency key. `isClaimed`: this caller alone may create its session now. `too_many_open`:
   * the account has MAX_OPEN_ORDERS unpaid orders, the first of which ends at `until` (unix milliseconds).
   */
  open(
    order: NewTopUp,
  ): Promise<
    Result<{ readonly order: TopUp; readonly isClaimed: boolean }, Unreachable | { readonly kind: 'too_many_open'; readonly until: number }>
  >;
  /** Stores the session and its payment page. */
  attachSession(id: Id<'pay'>, session: { readonly sessionId: string; readonly url: string }): Promise<Result<null, Unreachable>>;
  /** Lets the next request with the same idempotency key create the session at once, because this one failed. */
  giveUpClaim(id: Id<'pay'>): Promise<Result<null, Unreachable>>;
  find(name: TopUpName): Promise<Result<TopUp | null, Unreachable>>;
  /** Lists an account's orders older than the id `before`, newest first. */
  list(accountId: Id<'acct'>, before: string | null, limit: number): Promise<Result<readonly TopUp[], Unreachable>>;
  /** Writes the order of a paid session that has none, or finds the one written before. `unknown_account`: nothing was written. */
  adopt(session: FoundSession): Promise<Result<TopUp, Unreachable | { readonly kind: 'unknown_account' }>>;
  /**
   * Compares and sets: moves the order's target, and with it the money, if its revision is still `rev`. `lost`: the revision has changed.
   * `refused`: the account's limits forbid it, and an operator has to check.
   */
  apply(observation: Observation): Promise<Result<'applied' | 'lost' | 'refused', Unreachable>>;
  /** Puts these orders off: no run checks them before `nextCheckAt`, unix milliseconds; null for never. */
  postpone(ids: readonly string[], nextCheckAt: number | null): Promise<Result<null, Unreachable>>;
  /** Takes the orders of a lane that are to be checked, longest overdue first, and puts them off until `nextCheckAt` (unix milliseconds). */
  take(lane: Lane, limit: number, nextCheckAt: number): Promise<Result<readonly DueOrder[], Unreachable>>;
  /** Returns those of one page of sessions that have no order. */
  withoutOrder(sessionIds: readonly string[]): Promise<Result<readonly string[], Unreachable>>;
  /** Whether this webhook event has been processed. Only saves work: processing it again is harmless. */
  isDone(eventId: string): Promise<Result<boolean, Unreachable>>;
  /** Marks a webhook event as processed. */
  markDone(event: { readonly id: string; readonly type: string; readonly objectId: string }): Promise<Result<null, Unreachable>>;
}
