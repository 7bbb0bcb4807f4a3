import { z } from '@hono/zod-openapi';
import { TOP_UP_STATES, type TopUp } from '../../billing/topups/top-ups.ts';
import { isoTime } from '../../core/clock.ts';

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

export const TopUpView = z
  .object({
    id: z.string(),
    status: z.enum(TOP_UP_STATES).openapi({
      description: '`open`: not paid yet. `under_review`: the payment differs from the order, and the operator looks into it.',
    }),
    microCredits: z.int().openapi({ description: 'The credit that full payment buys.' }),
    creditedMicroCredits: z.int().openapi({ description: 'The credit it has brought so far, less refunds and disputes.' }),
    amountCents: z.int().openapi({ description: 'The price in cents.' }),
    currency: z.string(),
    checkoutUrl: z.string().nullable().openapi({ description: 'The page on which to pay; null once it is paid or expired.' }),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().openapi({ description: 'When the session stops taking a payment.' }),
  })
  .openapi('TopUp', {
    example: topUpExample,
  });

/** `now` decides whether the order can still be paid. */
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
