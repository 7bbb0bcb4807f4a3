import { createRoute, z } from '@hono/zod-openapi';
import type { App } from '../../http/context.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { onlyQuery } from '../../http/middleware/strict-query.ts';
import { checkRefusal, paymentsUnconfigured } from '../../errors/from-payment.ts';

/** Where Stripe sends its events. */
export const STRIPE_WEBHOOK_PATH = '/v1/stripe/webhook';

const Received = z.object({ received: z.literal(true) }).openapi('WebhookReceived', { example: { received: true } });

const route = createRoute({
  method: 'post',
  path: STRIPE_WEBHOOK_PATH,
  operationId: 'receiveStripeEvent',
  tags: ['Top-ups'],
  summary: "Receive Stripe's events",
  description:
    'For Stripe alone: the signature over the raw body is verified. An event is a hint to look; what is credited follows from what Stripe says ' +
    'when it is asked. Events that are not about a top-up are acknowledged. A failure is answered with an error, and Stripe sends the event again.',
  security: [],
  middleware: [onlyQuery([])] as const,
  request: {
    headers: z.object({ 'stripe-signature': z.string().optional() }),
    // Described, but not parsed here: the signature is over the bytes.
    body: { required: true, content: { 'application/json': { schema: { type: 'object' }, example: { id: 'evt_…', object: 'event' } } } },
  },
  responses: {
    200: { description: 'The event was dealt with.', content: { 'application/json': { schema: Received } } },
    ...errorResponses('invalid_request', 'invalid_signature', 'body_too_large', 'internal', 'payments_unavailable'),
    ...errorResponses('payments_unconfigured', 'misconfigured', 'overloaded'),
  },
});

export function registerStripeWebhook(app: App): void {
  app.openapi(route, async (c) => {
    const { payments, topUps } = c.get('service');
    if (payments === null) return refuse(c, paymentsUnconfigured);
    const hint = await payments.readHint(await c.req.text(), c.req.header('Stripe-Signature') ?? '');
    if (!hint.ok) return refuse(c, { code: 'invalid_signature' });
    c.get('event').stripeEvent = hint.value.type;
    if (hint.value.about === null) return c.json({ received: true as const }, 200);
    const isDone = await topUps.isDone(hint.value.id);
    if (!isDone.ok) return refuse(c, { code: 'overloaded' });
    if (isDone.value) return c.json({ received: true as const }, 200);
    const checked = await payments.check.byHint(hint.value);
    if (!checked.ok) {
      if (checked.error.kind === 'refused') c.get('event').alarm = 'payment_service_refused';
      return refuse(c, checkRefusal(checked.error));
    }
    const { order, alarm } = checked.value;
    if (order !== null) c.get('event').topUpId = order.id;
    if (order !== null) c.get('event').accountId = order.accountId;
    if (alarm !== null) c.get('event').alarm = alarm;
    // A memory that fails costs one more look at the same order, so its answer isn't waited for with an error.
    await topUps.markDone(hint.value);
    return c.json({ received: true as const }, 200);
  });
}
