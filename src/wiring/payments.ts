import { createAnyShardCheck } from '../billing/topups/sync-any-shard.ts';
import type { Unreachable } from '../db/call.ts';
import { createTopUps } from '../billing/topups/libsql-top-ups.ts';
import type { PaymentService } from '../billing/topups/payment-service.ts';
import { type SweepMemory, sweepSessions } from '../billing/topups/sweep-sessions.ts';
import { createStripePayments } from '../billing/topups/stripe.ts';
import { createTopUpCheck, type TopUpCheck } from '../billing/topups/sync.ts';
import { createCheckoutService } from '../billing/topups/checkout.ts';
import { reconcileDue, reconcileListed, runParts } from '../billing/topups/reconcile.ts';
import type { TopUps } from '../billing/topups/top-ups.ts';
import { type Settings, stripeSecrets } from '../env.ts';
import type { Payments } from '../http/context.ts';
import { createJobStore, type JobWork } from '../ops/jobs/jobs.ts';
import { ok, type Result } from '../core/result.ts';
import type { Shard } from './database.ts';
import type { Runtime } from './runtime.ts';

type PaymentContext = {
  readonly settings: Settings;
  readonly own: Shard;
  readonly shards: () => readonly Shard[];
  readonly runtime: Runtime;
};

/**
 * Assembles the payments of a shard; null while Stripe's secrets are not set, or its key is of another mode. Stripe does not know shards,
 * so its events are looked up in all of them.
 */
export function buildPayments(context: PaymentContext): Payments | null {
  const { own, runtime } = context;
  const { clock, ids } = runtime;
  const payments = paymentService(context);
  if (payments === null) return null;
  return {
    desk: createCheckoutService({ topUps: topUpsOf(own, runtime), payments, clock, ids }),
    check: checkIn(context, payments),
    readHint: (rawBody, signature) => payments.readHint(rawBody, signature),
  };
}

function paymentService({ settings, runtime: { clock, fetch } }: PaymentContext): PaymentService | null {
  const secrets = stripeSecrets(settings);
  if (secrets === null) return null;
  const { STRIPE_API_BASE_URL: baseUrl, STRIPE_MODE: mode } = settings;
  return createStripePayments({ baseUrl, mode, ...secrets, fetch, clock });
}

function topUpsOf({ client }: Shard, { clock }: Runtime): TopUps {
  return createTopUps({ client, clock });
}

function checkIn({ own, shards, runtime }: PaymentContext, payments: PaymentService): TopUpCheck {
  const { clock, ids } = runtime;
  const checkOf = (shard: Shard) => createTopUpCheck({ topUps: topUpsOf(shard, runtime), payments, clock, ids });
  return createAnyShardCheck(() => shards().map((shard) => ({ topUps: topUpsOf(shard, runtime), check: checkOf(shard) })), checkOf(own));
}

/** A shard's number for a log line, omitted for the first. */
export function unlessFirst(shard: number): { readonly shard?: number } {
  return shard === 0 ? {} : { shard };
}

/**
 * Checks a shard's top-up orders that Stripe lists as paid or that are due and, on the first shard, sessions without an order in any shard.
 * Writes a log line of its own, whose alarms are for a person.
 */
export async function reconcilePayments(context: PaymentContext, isOver: () => boolean): Promise<Result<JobWork, never>> {
  const { own, runtime } = context;
  const { clock } = runtime;
  const payments = paymentService(context);
  if (payments === null) return ok({ done: 0, putOff: 0 });
  const check = checkIn(context, payments);
  const startedAt = clock();
  const deps = { topUps: topUpsOf(own, runtime), check, clock, isOver };
  const { done, failed, alarms, isDown } = await runParts([
    () => reconcileListed(payments, deps),
    ...(own.number === 0 ? [() => sweep(context, payments, check, isOver)] : []),
    () => reconcileDue('other', deps),
    // Last, so that they take no time from anything that was paid.
    () => reconcileDue('unpaid', deps),
  ]);
  if (isDown || done + failed > 0) {
    runtime.log({
      requestId: runtime.ids('req'),
      time: new Date(startedAt).toISOString(),
      method: 'CRON',
      route: 'reconcile_payments',
      status: isDown ? 503 : 200,
      milliseconds: clock() - startedAt,
      ...unlessFirst(own.number),
      cron: { done, failed },
      ...(alarms.length === 0 ? {} : { alarm: alarms.join(',') }),
    });
  }
  return ok({ done, putOff: failed, isDown });
}

function sweep({ own, shards, runtime }: PaymentContext, payments: PaymentService, check: TopUpCheck, isOver: () => boolean) {
  const { clock } = runtime;
  const store = createJobStore({ client: own.client, clock });
  const memory: SweepMemory = {
    read: () => store.readState('reconcile_payments'),
    write: (pass) => store.writeState('reconcile_payments', pass),
  };
  const withoutOrder = async (sessionIds: readonly string[]) => {
    let left: Result<readonly string[], Unreachable> = ok(sessionIds);
    for (const shard of shards()) if (left.ok) left = await topUpsOf(shard, runtime).withoutOrder(left.value);
    return left;
  };
  return sweepSessions({ topUps: { withoutOrder }, payments, check, clock, memory, isOver });
}
