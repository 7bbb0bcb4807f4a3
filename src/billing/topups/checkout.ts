import type { Clock } from '../../core/clock.ts';
import type { Id, Ids } from '../../core/ids.ts';
import type { MicroCredits } from '../../core/money.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { Unreachable } from '../../db/call.ts';
import type { PaymentFailure, PaymentService } from './payment-service.ts';
import { MICRO_CREDITS_PER_CENT, type TopUp, type TopUps } from './top-ups.ts';

/**
 * How long an order can be paid. Stripe takes 24 hours at most, counted from when it hears of the session; the hour less leaves room
 * for a request that is repeated after a crash. Milliseconds.
 */
const ORDER_LIFETIME_MS = 23 * 60 * 60 * 1_000;

/**
 * Why there is no session. `in_flight`: another request with the same key is asking for it right now. `too_many_open`: the account has its
 * most unpaid orders, the first of which ends at `until` (unix milliseconds).
 */
export type OrderRefusal =
  | Unreachable
  | PaymentFailure
  | { readonly kind: 'in_flight' }
  | { readonly kind: 'other_request' }
  | { readonly kind: 'too_many_open'; readonly until: number };

/**
 * A place to pay, and what was last seen of the order: a repeat may find it paid or expired. `expiresAt` is unix milliseconds. `isReplay`: an
 * earlier request with the same key got this session.
 */
export type Ordered = Pick<TopUp, 'id' | 'state' | 'expiresAt'> & {
  readonly sessionId: string;
  readonly url: string;
  readonly isReplay: boolean;
};

/**
 * Takes orders: writes the order, then asks for its session. `credits` must be an amount for which `topUpProblem` returns null.
 *
 * The order itself remembers the Idempotency-Key, not the store of responses that other requests share. That store frees a key whose
 * request failed; here a failed or crashed request may have made a session, so the key must keep leading to the same order, whose id is
 * Stripe's idempotency key. A response beside it would be a second record of the same fact.
 */
export interface CheckoutService {
  order(wish: {
    readonly accountId: Id<'acct'>;
    readonly credits: MicroCredits;
    /** SHA-256 of the caller's Idempotency-Key, 64 hex digits. */
    readonly idempotencyKeyHash: string | null;
    readonly returnUrl: string;
  }): Promise<Result<Ordered, OrderRefusal>>;
}

/** After a crash between order and session, the same Idempotency-Key continues the order: Stripe returns the session of its own key. */
export function createCheckoutService(deps: {
  readonly topUps: TopUps;
  readonly payments: PaymentService;
  readonly clock: Clock;
  readonly ids: Ids;
}): CheckoutService {
  const { topUps, payments, clock, ids } = deps;
  return {
    async order({ accountId, credits, idempotencyKeyHash, returnUrl }) {
      const opened = await topUps.open({
        id: ids('pay'),
        accountId,
        credits,
        amountCents: credits / MICRO_CREDITS_PER_CENT,
        expiresAt: clock() + ORDER_LIFETIME_MS,
        idempotencyKey: idempotencyKeyHash,
      });
      if (!opened.ok) return opened;
      const { order, isClaimed } = opened.value;
      if (order.credits !== credits) {
        if (isClaimed) await topUps.giveUpClaim(order.id);
        return err({ kind: 'other_request' });
      }
      if (order.sessionId !== null && order.url !== null) {
        return ok(orderedAs(order, { sessionId: order.sessionId, url: order.url }, true));
      }
      if (!isClaimed) return err({ kind: 'in_flight' });
      const session = await payments.createSession(order, returnUrl);
      if (!session.ok) {
        await topUps.giveUpClaim(order.id);
        return session;
      }
      const attached = await topUps.attachSession(order.id, session.value);
      return attached.ok ? ok(orderedAs(order, session.value, false)) : attached;
    },
  };
}

function orderedAs({ id, state, expiresAt }: TopUp, session: Pick<Ordered, 'sessionId' | 'url'>, isReplay: boolean): Ordered {
  return { id, state, expiresAt, ...session, isReplay };
}
