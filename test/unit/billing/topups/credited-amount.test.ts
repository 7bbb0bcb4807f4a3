import { expect, test } from 'vitest';
import type { PaymentFacts } from '../../../../src/billing/topups/payment-service.ts';
import { topUpProblem } from '../../../../src/billing/topups/sync.ts';
import { targetOf } from '../../../../src/billing/topups/credited-amount.ts';
import { LARGEST_TOP_UP } from '../../../../src/billing/topups/top-ups.ts';
import { microCredits } from '../../../../src/core/money.ts';

const order = { currency: 'usd', amountCents: 500, credits: microCredits(5_000_000) };
const paid: PaymentFacts = {
  sessionId: 'cs_1',
  intentId: 'pi_1',
  isWrongMode: false,
  progress: 'paid',
  currency: 'usd',
  subtotalCents: 500,
  totalCents: 500,
  refundedCents: 0,
  disputedCents: 0,
  metadata: { order: null, accountId: null, microCredits: null },
};

test.each<[string, Partial<PaymentFacts>, number, string, string | null]>([
  ['unpaid', { progress: 'open' }, 0, 'open', null],
  ['expired', { progress: 'expired' }, 0, 'expired', null],
  ['failed', { progress: 'failed' }, 0, 'failed', null],
  ['paid', {}, 5_000_000, 'paid', null],
  ['paid with tax on top', { totalCents: 595 }, 5_000_000, 'paid', null],
  ['refunded by a fifth', { refundedCents: 100 }, 4_000_000, 'partly_refunded', null],
  ['refunded by a third of a total with tax', { totalCents: 600, refundedCents: 200 }, 3_333_333, 'partly_refunded', null],
  ['refunded whole', { refundedCents: 500 }, 0, 'refunded', null],
  ['disputed', { disputedCents: 500 }, 0, 'disputed', null],
  ['disputed in part', { disputedCents: 125 }, 3_750_000, 'disputed', null],
  ['refunded and disputed for more than was paid', { refundedCents: 300, disputedCents: 500 }, 0, 'disputed', null],
  ['paid less', { subtotalCents: 499 }, 0, 'under_review', 'top_up_amount_mismatch'],
  ['paid more', { subtotalCents: 501, totalCents: 501 }, 0, 'under_review', 'top_up_amount_mismatch'],
  ['paid less than its own subtotal, by a discount', { totalCents: 400 }, 0, 'under_review', 'top_up_amount_mismatch'],
  ['paid in the other mode of Stripe', { isWrongMode: true }, 0, 'under_review', 'top_up_mode_mismatch'],
  ['paid in another currency', { currency: 'eur' }, 0, 'under_review', 'top_up_currency_mismatch'],
  ['paid in no currency', { currency: null }, 0, 'under_review', 'top_up_currency_mismatch'],
])('an order that is %s is credited with the correct amount', (_what, change, target, state, alarm) => {
  expect(targetOf(order, { ...paid, ...change })).toEqual({ target, state, alarm });
});

test('the credited part of the largest order is exact', () => {
  const facts = { ...paid, subtotalCents: 500_000, totalCents: 595_001, refundedCents: 1 };
  const { target } = targetOf({ currency: 'usd', amountCents: 500_000, credits: LARGEST_TOP_UP }, facts);
  expect(target).toBe(4_999_991_596);
  expect(BigInt(target)).toBe((5_000_000_000n * 595_000n) / 595_001n);
});

test.each([500_000, 5_000_000_000, 1_230_000])('%d micro-credits can be bought', (amount) => {
  expect(topUpProblem(amount)).toBeNull();
});

test.each([
  [499_999, 'smallest'],
  [490_000, 'smallest'],
  [5_000_010_000, 'largest'],
  [1_005_000, 'whole cents'],
])('%d micro-credits cannot be bought, with a reason: %s', (amount, problem) => {
  expect(topUpProblem(amount)).toContain(problem);
});
