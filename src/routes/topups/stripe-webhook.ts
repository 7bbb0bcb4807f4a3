import { createRoute, z } from '@hono/zod-openapi';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { failureAlarm } from '../../billing/topups/sync.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { checkRefusal, paymentsUnconfigured } from '../../errors/from-payment.ts';

const Received = z.object({ received: z.literal(true) }).openapi('WebhookReceived', { example: { received: true } });

const route = createRoute({
  ...operation(
    'receiveStripeEvent',
    'For Stripe only; callers never need it. Verifies the signature over the raw body. An event is a hint: what is credited follows from what ' +
      'Stripe reports when it is asked. Events that are not about a top-up, or are of another mode than this deployment, are acknowledged and change nothing. On an error Stripe sends the event again.',
  ),
  middleware: [strictQuery({})] as const,
  request: {
    headers: z.object({ 'stripe-signature': z.string().optional().openapi({ description: 'The signature that Stripe sends.' }) }),
    // Only described: the signature is over the bytes, so the body is not parsed here.
    body: { required: true, content: { 'application/json': { schema: { type: 'object' }, example: { id: 'evt_…', object: 'event' } } } },
  },
  responses: {
    200: { description: 'The event is handled.', content: { 'application/json': { schema: Received } } },
    ...errorResponses('invalid_request', 'invalid_signature', 'body_too_large', 'internal', 'payments_unavailable'),
    ...errorResponses('payments_unconfigured', 'misconfigured', 'overloaded'),
  },
});

export function registerStripeWebhook(app: App): void {
  app.openapi(route, async (c) => {
    const { stripe, topUps } = c.get('service').payments;
    if (stripe === null) return refuse(c, paymentsUnconfigured);
    const hint = await stripe.readHint(await c.req.text(), c.req.header('Stripe-Signature') ?? '');
    if (!hint.ok) return refuse(c, { code: 'invalid_signature' });
    c.get('event').stripeEvent = hint.value.type;
    if (hint.value.isWrongMode) {
      c.get('event').alarm = 'top_up_mode_mismatch';
      return c.json({ received: true as const }, 200);
    }
    if (hint.value.about === null) return c.json({ received: true as const }, 200);
    const isDone = await topUps.isDone(hint.value.id);
    if (!isDone.ok) return refuse(c, { code: 'overloaded' });
    if (isDone.value) return c.json({ received: true as const }, 200);
    const checked = await stripe.check.byHint(hint.value);
    if (!checked.ok) {
      const alarm = failureAlarm(checked.error);
      if (alarm !== null) c.get('event').alarm = alarm;
      return refuse(c, checkRefusal(checked.error));
    }
    const { order, alarm } = checked.value;
    if (order !== null) c.get('event').topUpId = order.id;
    if (order !== null) c.get('event').accountId = order.accountId;
    if (alarm !== null) c.get('event').alarm = alarm;
    // A lost note only costs one more check of the same order, so its failure is ignored.
    await topUps.markDone(hint.value);
    return c.json({ received: true as const }, 200);
  });
}
