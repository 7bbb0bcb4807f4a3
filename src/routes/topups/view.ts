import { z } from '@hono/zod-openapi';
import type { OrderRefusal } from '../../billing/topups/checkout.ts';
import type { CheckFailure } from '../../billing/topups/sync.ts';
import { TOP_UP_STATES, type TopUp } from '../../billing/topups/top-ups.ts';
import { isoTime } from '../../core/clock.ts';
import type { Refusal } from '../../errors.ts';

/** How long to wait for a request that is still running. Seconds. */
const IN_FLIGHT_RETRY_SECONDS = 2;

/** How long to wait for something only the operator can change. Seconds. */
const UNCONFIGURED_RETRY_SECONDS = 300;

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

/** The answer while Stripe's secrets are not set. */
export const paymentsUnconfigured: Refusal<'payments_unconfigured'> = {
  code: 'payments_unconfigured',
  retryAfterSeconds: UNCONFIGURED_RETRY_SECONDS,
};

/** The answer when there is no session to pay. */
export function orderRefusal(
  refusal: OrderRefusal,
): Refusal<'overloaded' | 'payments_unavailable' | 'idempotency_in_flight' | 'idempotency_mismatch'> {
  switch (refusal.kind) {
    case 'unreachable':
      return { code: 'overloaded' };
    case 'unavailable':
    case 'refused':
      return { code: 'payments_unavailable' };
    case 'in_flight':
      return { code: 'idempotency_in_flight', retryAfterSeconds: IN_FLIGHT_RETRY_SECONDS };
    case 'other_request':
      return { code: 'idempotency_mismatch' };
  }
}

/** The answer when an order could not be checked now; whoever asked comes back. */
export function checkRefusal(failure: CheckFailure): Refusal<'overloaded' | 'payments_unavailable'> {
  switch (failure.kind) {
    case 'unreachable':
    case 'contended':
      return { code: 'overloaded' };
    case 'unavailable':
    case 'refused':
      return { code: 'payments_unavailable' };
  }
}
