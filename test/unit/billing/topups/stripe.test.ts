import { describe, expect, test } from 'vitest';
import { createStripePayments } from '../../../../src/billing/topups/stripe.ts';
import { microCredits } from '../../../../src/core/money.ts';

/** The service over a Stripe that answers every path with the same object, sessions as a list where one is asked for. */
function paymentsOver(session: object) {
  const answer = (url: string) => {
    if (/\/(refunds|disputes)\b/.test(url)) return { object: 'list', data: [], has_more: false };
    return /\/sessions\?/.test(url) ? { object: 'list', data: [session, WELL], has_more: false } : session;
  };
  return createStripePayments({
    baseUrl: 'https://stripe.test',
    secretKey: 'sk_test_1',
    mode: 'test',
    webhookSecrets: ['whsec_1'],
    clock: () => 1_800_000_000_000,
    fetch: async (input) => Response.json(answer(input instanceof Request ? input.url : String(input))),
  });
}

const WELL = {
  id: 'cs_2',
  object: 'checkout.session',
  livemode: false,
  url: 'https://checkout.stripe.test/c/pay/cs_2',
  status: 'complete',
  payment_status: 'paid',
  currency: 'usd',
  amount_subtotal: 500,
  amount_total: 500,
  metadata: { accountId: 'acct_1', microCredits: '5000000' },
  payment_intent: { id: 'pi_1', status: 'succeeded' },
};

const order = {
  id: 'pay_1',
  accountId: 'acct_1',
  amountCents: 500,
  credits: microCredits(5_000_000),
  expiresAt: 1_800_000_000_000,
} as const;

describe('a session with an exchange rate that is no number', () => {
  const payments = paymentsOver({ ...WELL, id: 'cs_1', currency_conversion: { fx_rate: '', amount_total: 1 } });

  test('can be made, read, listed and found by its intent', async () => {
    expect(await payments.createSession(order, 'https://api.test/topups/return')).toEqual({
      ok: true,
      value: { sessionId: 'cs_1', url: WELL.url },
    });
    expect(await payments.facts('cs_1')).toMatchObject({ value: { sessionId: 'cs_1', progress: 'paid', subtotalCents: 500 } });
    expect(await payments.sessionOfIntent('pi_1')).toEqual({ ok: true, value: 'cs_1' });
    expect(await payments.completedSessions(0, null)).toEqual({
      ok: true,
      value: {
        sessions: [
          { sessionId: 'cs_1', isPaidTopUp: true },
          { sessionId: 'cs_2', isPaidTopUp: true },
        ],
        next: null,
      },
    });
  });
});

describe('a session that cannot be read', () => {
  test.each([
    ['an unknown way of being paid', { ...WELL, id: 'cs_1', payment_status: 'in_doubt' }],
    ['metadata that are no texts', { ...WELL, id: 'cs_1', metadata: { accountId: 1 } }],
  ])('because of %s, is named as such in a page and does not hide the others', async (_what, session) => {
    const payments = paymentsOver(session);
    expect(await payments.facts('cs_1')).toEqual({ ok: false, error: { kind: 'unreadable' } });
    expect(await payments.completedSessions(0, null)).toMatchObject({
      value: {
        sessions: [
          { sessionId: 'cs_1', isPaidTopUp: null },
          { sessionId: 'cs_2', isPaidTopUp: true },
        ],
      },
    });
  });

  test('because it has no id, does not hide the others', async () => {
    expect(await paymentsOver({ ...WELL, id: 7 }).completedSessions(0, null)).toMatchObject({
      value: { sessions: [{ sessionId: 'cs_2', isPaidTopUp: true }] },
    });
  });

  test('because the answer is no object, is not taken for a Stripe that is down', async () => {
    const payments = createStripePayments({
      baseUrl: 'https://stripe.test',
      secretKey: 'sk_test_1',
      mode: 'test',
      webhookSecrets: ['whsec_1'],
      clock: () => 0,
      fetch: async () => Response.json(null),
    });
    expect(await payments.facts('cs_1')).toMatchObject({ ok: false });
    expect(await payments.createSession(order, 'https://api.test/topups/return')).toMatchObject({ ok: false });
  });
});
