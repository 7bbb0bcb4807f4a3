import { type MicroCredits, microCredits, ZERO } from '../../core/money.ts';
import type { PaymentFacts } from './payment-service.ts';
import type { TopUp, TopUpState } from './top-ups.ts';

/** What the ledger should hold for an order, and what to call its state. */
export type Target = {
  readonly target: MicroCredits;
  readonly state: TopUpState;
  readonly alarm: 'top_up_amount_mismatch' | 'top_up_currency_mismatch' | null;
};

/**
 * Decides from the order's own row and what the payment service says now. Money counts when the session is paid, in the order's currency
 * and at the order's amount before tax; else nothing is credited. Refunds that went through and disputes that aren't won take their
 * share of it back, rounded down. Nothing here remembers what was credited before.
 */
export function targetOf(order: Pick<TopUp, 'currency' | 'amountCents' | 'credits'>, facts: PaymentFacts): Target {
  if (facts.progress !== 'paid') return { target: ZERO, state: facts.progress, alarm: null };
  if (facts.currency !== order.currency) return { target: ZERO, state: 'under_review', alarm: 'top_up_currency_mismatch' };
  if (facts.subtotalCents !== order.amountCents || facts.totalCents < facts.subtotalCents) {
    return { target: ZERO, state: 'under_review', alarm: 'top_up_amount_mismatch' };
  }
  const reversed = Math.min(facts.totalCents, facts.refundedCents + facts.disputedCents);
  const target = share(order.credits, facts.totalCents - reversed, facts.totalCents);
  return { target, state: stateOf(facts, reversed), alarm: null };
}

function stateOf(facts: PaymentFacts, reversed: number): TopUpState {
  if (facts.disputedCents > 0) return 'disputed';
  if (reversed === 0) return 'paid';
  return reversed === facts.totalCents ? 'refunded' : 'partly_refunded';
}

/** Exact: the product of a large top-up and its cents can pass 2^53. */
function share(credits: MicroCredits, part: number, whole: number): MicroCredits {
  return microCredits(Number((BigInt(credits) * BigInt(part)) / BigInt(whole)));
}
