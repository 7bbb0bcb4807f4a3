import { createRoute, z } from '@hono/zod-openapi';
import { topUpProblem } from '../../billing/topups/sync.ts';
import type { App } from '../../http/context.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { identifyCustomer } from '../../http/auth/identify.ts';
import { onlyQuery } from '../../http/middleware/strict-query.ts';
import { orderRefusal, paymentsUnconfigured } from '../../errors/from-payment.ts';
import { microCredits } from '../../core/money.ts';
import { TOP_UP_RETURN_PATH } from './return.ts';

const Wanted = z
  .strictObject({
    microCredits: z
      .int()
      .superRefine((amount, ctx) => {
        const problem = topUpProblem(amount);
        if (problem !== null) ctx.addIssue({ code: 'custom', message: problem });
      })
      .openapi({ description: 'Whole cents (a multiple of 10,000), from 500,000 (US$0.50) to 5,000,000,000 (US$5,000).' }),
  })
  .openapi('TopUpRequest', { example: { microCredits: 1_000_000 } });

const Checkout = z
  .object({
    checkoutSession: z.object({ id: z.string(), url: z.string().openapi({ description: 'Send the buyer here.' }) }),
    microCredits: z.int(),
  })
  .openapi('TopUpCheckout', {
    example: { checkoutSession: { id: 'cs_…', url: 'https://checkout.stripe.com/…' }, microCredits: 1_000_000 },
  });

const Headers = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
    .optional()
    .openapi({ description: 'The same key with the same body answers with the same session, for 24 hours.' }),
});

const route = createRoute({
  method: 'post',
  path: '/v1/topups/checkout',
  operationId: 'createTopUpCheckout',
  tags: ['Top-ups'],
  summary: 'Get a page to pay a top-up',
  description:
    'Makes a Stripe Checkout session. 1,000,000 micro-credits are US$1. The balance grows when the payment has arrived; GET /v1/topups shows it. Needs the scope `billing`.',
  security: [{ apiKey: [] }],
  middleware: [onlyQuery([])] as const,
  request: { headers: Headers, body: { required: true, content: { 'application/json': { schema: Wanted } } } },
  responses: {
    200: { description: 'Where to pay.', content: { 'application/json': { schema: Checkout } } },
    ...errorResponses('invalid_request', 'body_too_large', 'unsupported_media_type', 'unauthorized', 'forbidden', 'account_frozen'),
    ...errorResponses('idempotency_in_flight', 'idempotency_mismatch', 'internal', 'payments_unavailable'),
    ...errorResponses('payments_unconfigured', 'misconfigured', 'overloaded'),
  },
});

export function registerTopUpCheckout(app: App): void {
  app.openapi(route, async (c) => {
    c.header('Cache-Control', 'no-store');
    const customer = await identifyCustomer(c, 'billing');
    if (!customer.ok) return refuse(c, customer.error);
    if (customer.value.account.status !== 'active') return refuse(c, { code: 'account_frozen' });
    const { payments } = c.get('service');
    if (payments === null) return refuse(c, paymentsUnconfigured);
    const credits = microCredits(c.req.valid('json').microCredits);
    const ordered = await payments.desk.order({
      accountId: customer.value.account.id,
      credits,
      idempotencyKey: c.req.valid('header')['idempotency-key'] ?? null,
      returnUrl: `${new URL(c.req.url).origin}${TOP_UP_RETURN_PATH}`,
    });
    if (!ordered.ok) {
      if (ordered.error.kind === 'refused') c.get('event').alarm = 'payment_service_refused';
      return refuse(c, orderRefusal(ordered.error));
    }
    const { orderId, sessionId, url, isReplay } = ordered.value;
    c.get('event').topUpId = orderId;
    if (isReplay) c.header('Idempotency-Replayed', 'true');
    return c.json({ checkoutSession: { id: sessionId, url }, microCredits: credits }, 200);
  });
}
