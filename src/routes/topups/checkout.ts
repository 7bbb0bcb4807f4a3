import { createRoute, z } from '@hono/zod-openapi';
import { failureAlarm, topUpProblem } from '../../billing/topups/sync.ts';
import type { App } from '../../http/context.ts';
import { ENDPOINTS, operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { identifyCustomer } from '../../http/auth/identify.ts';
import { idempotencyHeaders, idempotencyKey } from '../../http/idempotency/header.ts';
import { publicOrigin } from '../../http/origin.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { orderRefusal, paymentsUnconfigured, testKeyBuysNothing } from '../../errors/from-payment.ts';
import { isTest } from '../../billing/keys/limits.ts';
import { secretRetiring } from '../../errors/from-database.ts';
import { isoTime } from '../../core/clock.ts';
import { microCredits } from '../../core/money.ts';
import { topUpExample, TopUpView } from './view.ts';
import { jsonObject } from '../../http/json-body.ts';

const Wanted = jsonObject({
  microCredits: z
    .int()
    .superRefine((amount, ctx) => {
      const problem = topUpProblem(amount);
      if (problem !== null) ctx.addIssue({ code: 'custom', message: problem });
    })
    .openapi({
      description: 'The credit to buy: a multiple of 10,000 (whole cents) from 500,000 (US$0.50) to 5,000,000,000 (US$5,000).',
    }),
}).openapi('TopUpRequest', { example: { microCredits: 1_000_000 } });

const Checkout = z
  .object({
    checkoutSession: z.object({ id: z.string(), url: z.string().openapi({ description: 'The page on which to pay.' }) }),
    microCredits: z.int().openapi({ description: 'The credit that full payment buys.' }),
    topUpId: z.string().openapi({ description: 'The id of the top-up, for `GET /v1/topups/{id}`.' }),
    status: TopUpView.shape.status.openapi({
      description: 'The status of the top-up; anything but `open` only for a repeat: `expired` needs a new `Idempotency-Key`.',
    }),
    expiresAt: TopUpView.shape.expiresAt,
  })
  .openapi('TopUpCheckout', {
    example: {
      checkoutSession: { id: 'cs_…', url: 'https://checkout.stripe.com/…' },
      microCredits: 1_000_000,
      topUpId: topUpExample.id,
      status: 'open',
      expiresAt: topUpExample.expiresAt,
    },
  });

const KEY_LIFE =
  'For a top-up it is 22 hours, an hour less than the session can be paid: a repeat returns the same session, with the present `status`, and ' +
  'a later request makes a new one.';

const route = createRoute({
  ...operation(
    'createTopUpCheckout',
    'Creates a Stripe Checkout session and returns the page on which a person pays by card. 1,000,000 micro-credits are US$1. The balance grows ' +
      'when the payment arrives, usually within seconds: see `GET /v1/topups/{id}` with the `topUpId`, or `GET /v1/me`. A session can be paid for 23 hours. Send an ' +
      '`Idempotency-Key`, so that a retry returns the same session instead of a second one. Needs the scope `billing`; a test key is refused with 403 `forbidden`.',
  ),
  middleware: [strictQuery({})] as const,
  request: { headers: idempotencyHeaders(KEY_LIFE), body: { required: true, content: { 'application/json': { schema: Wanted } } } },
  responses: {
    200: { description: 'The session to pay.', content: { 'application/json': { schema: Checkout } } },
    ...errorResponses('invalid_request', 'body_too_large', 'unsupported_media_type', 'unauthorized', 'forbidden', 'account_frozen'),
    ...errorResponses('idempotency_in_flight', 'idempotency_mismatch', 'internal', 'payments_unavailable'),
    ...errorResponses('payments_unconfigured', 'misconfigured', 'overloaded', 'too_many_open_top_ups'),
  },
});

export function registerTopUpCheckout(app: App): void {
  app.openapi(route, async (c) => {
    c.header('Cache-Control', 'no-store');
    const customer = await identifyCustomer(c, 'billing');
    if (!customer.ok) return refuse(c, customer.error);
    if (isTest(customer.value.key.lineage)) return refuse(c, testKeyBuysNothing);
    if (customer.value.account.status !== 'active') return refuse(c, { code: 'account_frozen' });
    if (customer.value.secret.retiresAt !== null) return refuse(c, secretRetiring);
    const key = idempotencyKey(c.req.header('Idempotency-Key'));
    if (!key.ok) return refuse(c, key.error);
    const { stripe } = c.get('service').payments;
    const origin = publicOrigin(c);
    if (stripe === null || origin === null) return refuse(c, paymentsUnconfigured);
    const credits = microCredits(c.req.valid('json').microCredits);
    const ordered = await stripe.desk.order({
      accountId: customer.value.account.id,
      credits,
      idempotencyKeyHash: key.value?.digest ?? null,
      returnUrl: `${origin}${ENDPOINTS.topUpReturn.path}`,
    });
    if (!ordered.ok) {
      const alarm = failureAlarm(ordered.error);
      if (alarm !== null) c.get('event').alarm = alarm;
      return refuse(c, orderRefusal(ordered.error, c.get('deps').clock()));
    }
    const { id: topUpId, state: status, expiresAt, sessionId, url, isReplay } = ordered.value;
    c.get('event').topUpId = topUpId;
    if (isReplay) c.header('Idempotency-Replayed', 'true');
    const checkoutSession = { id: sessionId, url };
    return c.json({ checkoutSession, microCredits: credits, topUpId, status, expiresAt: isoTime(expiresAt) }, 200);
  });
}
