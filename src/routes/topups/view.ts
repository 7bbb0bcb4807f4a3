import { z } from '@hono/zod-openapi';
import { TOP_UP_STATES, type TopUp } from '../../billing/topups/top-ups.ts';
import { isoTime } from '../../core/clock.ts';

/** A paid order, for the description of the API. */
export const topUpExample = {
  id: 'pay_01JZ0000000000000000000000',
  status: 'paid' as const,
  microCredits: 1_000_000,
  creditedMicroCredits: 1_000_000,
  amountCents: 100,
  currency: 'usd',
  checkoutUrl: null,
  createdAt: '2026-06-28T00:00:00.000Z',
  updatedAt: '2026-06-28T00:01:00.000Z',
  expiresAt: '2026-06-28T23:00:00.000Z',
};

/** A top-up order as its account sees it. */
export const TopUpView = z
  .object({
    id: z.string(),
    status: z.enum(TOP_UP_STATES).openapi({
      description: '`under_review`: what was paid is not what was ordered, and a person looks at it.',
    }),
    microCredits: z.int().openapi({ description: 'What full payment is worth.' }),
    creditedMicroCredits: z.int().openapi({ description: 'What the balance holds for it now: less after refunds and disputes.' }),
    amountCents: z.int(),
    currency: z.string(),
    checkoutUrl: z.string().nullable().openapi({ description: 'Where to pay; null when there is nothing to pay any more.' }),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().openapi({ description: 'Until when it can be paid.' }),
  })
  .openapi('TopUp', {
    example: topUpExample,
  });

/** Shows an order; `now` decides whether it can still be paid. */
export function topUpView(order: TopUp, now: number): z.infer<typeof TopUpView> {
  return {
    id: order.id,
    status: order.state,
    microCredits: order.credits,
    creditedMicroCredits: order.target,
    amountCents: order.amountCents,
    currency: order.currency,
    checkoutUrl: order.state === 'open' && now < order.expiresAt ? order.url : null,
    createdAt: isoTime(order.createdAt),
    updatedAt: isoTime(order.updatedAt),
    expiresAt: isoTime(order.expiresAt),
  };
}
