import type { OrderRefusal } from '../billing/topups/checkout.ts';
import { MAX_OPEN_ORDERS } from '../billing/topups/top-ups.ts';
import type { CheckFailure } from '../billing/topups/sync.ts';
import { secondsUntil } from '../core/clock.ts';
import type { Refusal } from '../errors.ts';
import { IN_FLIGHT_RETRY_SECONDS, UNCONFIGURED_RETRY_SECONDS } from './retry-seconds.ts';

/** Stripe's secrets are not set, or its key is of another mode than this deployment, or the address to return to is unknown. */
export const paymentsUnconfigured: Refusal<'payments_unconfigured'> = {
  code: 'payments_unconfigured',
  retryAfterSeconds: UNCONFIGURED_RETRY_SECONDS,
};

/** A test key, which moves no money. */
export const testKeyBuysNothing: Refusal<'forbidden'> = {
  code: 'forbidden',
  message: 'A test key cannot buy credit. Use a live key with the scope "billing".',
  details: { reason: 'test_key' },
};

/** Maps an order for which no checkout session could be made. `now` is unix milliseconds. */
export function orderRefusal(
  refusal: OrderRefusal,
  now: number,
): Refusal<'overloaded' | 'payments_unavailable' | 'idempotency_in_flight' | 'idempotency_mismatch' | 'too_many_open_top_ups'> {
  switch (refusal.kind) {
    case 'unreachable':
      return { code: 'overloaded' };
    case 'unavailable':
    case 'refused':
    case 'unreadable':
      return { code: 'payments_unavailable' };
    case 'in_flight':
      return { code: 'idempotency_in_flight', retryAfterSeconds: IN_FLIGHT_RETRY_SECONDS };
    case 'other_request':
      return { code: 'idempotency_mismatch' };
    case 'too_many_open':
      return {
        code: 'too_many_open_top_ups',
        details: { limit: MAX_OPEN_ORDERS },
        retryAfterSeconds: secondsUntil(refusal.until, now),
      };
  }
}

/** Maps an order whose state could not be checked now. */
export function checkRefusal(failure: CheckFailure): Refusal<'overloaded' | 'payments_unavailable'> {
  switch (failure.kind) {
    case 'unreachable':
    case 'contended':
      return { code: 'overloaded' };
    case 'unavailable':
    case 'refused':
    case 'unreadable':
      return { code: 'payments_unavailable' };
  }
}
