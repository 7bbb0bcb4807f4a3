import { type MicroCredits, microCredits, ZERO } from '../../core/money.ts';
import type { PaymentFacts } from './payment-service.ts';
import type { TopUp, TopUpState } from './top-ups.ts';

/** How much the ledger should hold for an order, the order's state, and what an operator has to check. */
export type Target = {
  readonly target: MicroCredits;
  readonly state: TopUpState;
  readonly alarm: 'top_up_mode_mismatch' | 'top_up_amount_mismatch' | 'top_up_currency_mismatch' | null;
};

/**
 * Computes the target from the order and the present state of its payment. Credit requires a paid session of the right mode, in the order's
 * currency and at the order's amount before tax. Refunds that didn't fail and disputes that aren't won reduce it proportionally, rounded
 * down. The result doesn't depend on what was credited before.
 */
export function targetOf(order: Pick<TopUp, 'currency' | 'amountCents' | 'credits'>, facts: PaymentFacts): Target {
  if (facts.progress !== 'paid') return { target: ZERO, state: facts.progress, alarm: null };
  if (facts.isWrongMode) return { target: ZERO, state: 'under_review', alarm: 'top_up_mode_mismatch' };
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

/** Uses BigInt, because the product of a large top-up and its cents can exceed 2^53. */
function share(credits: MicroCredits, part: number, whole: number): MicroCredits {
  return microCredits(Number((BigInt(credits) * BigInt(part)) / BigInt(whole)));
}
