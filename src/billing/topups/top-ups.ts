import type { Id } from '../../core/ids.ts';
import { type MicroCredits, microCredits } from '../../core/money.ts';
import type { Result } from '../../core/result.ts';
import type { Unreachable } from '../../db/call.ts';

/** Top-ups are in whole cents. */
export const MICRO_CREDITS_PER_CENT = 10_000;

/** Stripe takes no charge below 50 cents (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts). */
export const SMALLEST_TOP_UP = microCredits(500_000);

/** US$5,000: far above what reading costs in a month, far below what a stolen card should be able to move. */
export const LARGEST_TOP_UP = microCredits(5_000_000_000);

/** The one currency there is; an order in another is not ours. */
export const TOP_UP_CURRENCY = 'usd';

/** What was last seen of an order. `under_review`: what was paid isn't what was ordered, and a person has to look. */
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
  /** What full payment is worth. */
  readonly credits: MicroCredits;
  /** What the ledger holds for it now. */
  readonly target: MicroCredits;
  /** Counts up with every look at the order that was written down. */
  readonly rev: number;
  readonly state: TopUpState;
  /** Where to pay, once the payment service has said it. */
  readonly url: string | null;
  readonly expiresAt: number;
  readonly createdAt: number;
  readonly updatedAt: number;
};

/** An order about to be written. */
export type NewTopUp = Pick<TopUp, 'id' | 'accountId' | 'amountCents' | 'credits' | 'expiresAt'> & {
  /** SHA-256 of the caller's Idempotency-Key; an order made with it less than a day ago is found instead. */
  readonly idempotencyKey: string | null;
};

/** Names an order by its own id, or by what the payment service calls its session or intent. */
export type TopUpName = { readonly id: string } | { readonly sessionId: string } | { readonly intentId: string };

/** A look at an order, to be written down if nobody else has written one since `rev`. */
export type Observation = Pick<TopUp, 'id' | 'rev' | 'target' | 'state'> & {
  readonly sessionId: string | null;
  readonly intentId: string | null;
  /** When to look again, unix milliseconds; null for never. */
  readonly nextCheckAt: number | null;
};

/** A session that was paid without an order of ours. */
export type FoundSession = Pick<TopUp, 'id' | 'accountId' | 'amountCents' | 'credits'> & { readonly sessionId: string };

/** The orders. Each call is one batch and may be repeated. */
export interface TopUps {
  /** Writes the order, or finds the one of its idempotency key. `isClaimed`: this caller and no other asks for its session now. */
  open(order: NewTopUp): Promise<Result<{ readonly order: TopUp; readonly isClaimed: boolean }, Unreachable>>;
  /** Keeps where to pay. */
  attachSession(id: Id<'pay'>, session: { readonly sessionId: string; readonly url: string }): Promise<Result<null, Unreachable>>;
  /** Lets the next request with the same idempotency key ask for the session at once, because this one failed. */
  giveUpClaim(id: Id<'pay'>): Promise<Result<null, Unreachable>>;
  find(name: TopUpName): Promise<Result<TopUp | null, Unreachable>>;
  /** An account's orders, newest first, from below `before`. */
  list(accountId: Id<'acct'>, before: string | null, limit: number): Promise<Result<readonly TopUp[], Unreachable>>;
  /** Writes an order for a session that was paid without one, once. Finds it if it is there; `unknown_account` writes nothing. */
  adopt(session: FoundSession): Promise<Result<TopUp, Unreachable | { readonly kind: 'unknown_account' }>>;
  /**
   * The compare-and-set: moves the order's target, and with it the money, if its revision is still `rev`. `lost`: somebody else was
   * faster. `refused`: the account's limits don't allow it, and a person has to look.
   */
  apply(observation: Observation): Promise<Result<'applied' | 'lost' | 'refused', Unreachable>>;
  /** Looks at the order again at this time; null for never. */
  postpone(id: Id<'pay'>, nextCheckAt: number | null): Promise<Result<null, Unreachable>>;
  /** Orders whose time to be looked at has come, the longest waiting first. */
  due(limit: number): Promise<Result<readonly TopUp[], Unreachable>>;
  /** Those of these sessions (a page of them) that no order has. */
  withoutOrder(sessionIds: readonly string[]): Promise<Result<readonly string[], Unreachable>>;
  /** Whether this webhook event was dealt with before. Only saves work. */
  isDone(eventId: string): Promise<Result<boolean, Unreachable>>;
  /** Remembers that it was. */
  markDone(event: { readonly id: string; readonly type: string; readonly objectId: string }): Promise<Result<null, Unreachable>>;
}
