import { createAnyShardCheck } from '../billing/topups/sync-any-shard.ts';
import type { Unreachable } from '../db/call.ts';
import { createTopUps } from '../billing/topups/libsql-top-ups.ts';
import type { PaymentService } from '../billing/topups/payment-service.ts';
import { type SweepMemory, sweepSessions } from '../billing/topups/sweep-sessions.ts';
import { createStripePayments } from '../billing/topups/stripe.ts';
import { createTopUpCheck, type TopUpCheck } from '../billing/topups/sync.ts';
import { createTopUpDesk } from '../billing/topups/checkout.ts';
import { bothReconciled, reconcileTopUps } from '../billing/topups/reconcile.ts';
import type { TopUps } from '../billing/topups/top-ups.ts';
import type { Settings } from '../env.ts';
import type { Payments } from '../http/context.ts';
import { createJobStore } from '../ops/jobs/jobs.ts';
import { ok, type Result } from '../core/result.ts';
import type { Shard } from './database.ts';
import type { Runtime } from './runtime.ts';

/**
 * How money comes in to a shard, or null while Stripe's secrets are not set. What Stripe tells is looked for in all shards: it doesn't
 * know of them.
 */
export function buildPayments(settings: Settings, own: Shard, shards: () => readonly Shard[], runtime: Runtime): Payments | null {
  const { clock, ids } = runtime;
  const payments = paymentService(settings, runtime);
  if (payments === null) return null;
  return {
    desk: createTopUpDesk({ topUps: topUpsOf(own, runtime), payments, clock, ids }),
    check: checkIn(own, shards, payments, runtime),
    readHint: (rawBody, signature) => payments.readHint(rawBody, signature),
  };
}

function paymentService(settings: Settings, { clock, fetch }: Runtime): PaymentService | null {
  const { STRIPE_API_BASE_URL: baseUrl, STRIPE_SECRET_KEY: secretKey, STRIPE_WEBHOOK_SECRET: webhookSecret } = settings;
  if (secretKey === undefined || webhookSecret === undefined) return null;
  return createStripePayments({ baseUrl, secretKey, webhookSecret, fetch, clock });
}

function topUpsOf({ client }: Shard, { clock }: Runtime): TopUps {
  return createTopUps({ client, clock });
}

function checkIn(own: Shard, shards: () => readonly Shard[], payments: PaymentService, runtime: Runtime): TopUpCheck {
  const { clock, ids } = runtime;
  const checkOf = (shard: Shard) => createTopUpCheck({ topUps: topUpsOf(shard, runtime), payments, clock, ids });
  return createAnyShardCheck(() => shards().map((shard) => ({ topUps: topUpsOf(shard, runtime), check: checkOf(shard) })), checkOf(own));
}

/** The number of a shard for a log line, which leaves out the first. */
export function unlessFirst(shard: number): { readonly shard?: number } {
  return shard === 0 ? {} : { shard };
}

/**
 * The cron's look at the top-up orders of a shard, and on the first one at sessions that have none in any, with a log line of its own: its
 * alarms are for a person.
 */
export async function reconcilePayments(
  settings: Settings,
  own: Shard,
  shards: readonly Shard[],
  runtime: Runtime,
): Promise<Result<void, Unreachable>> {
  const { clock } = runtime;
  const payments = paymentService(settings, runtime);
  if (payments === null) return ok(undefined);
  const check = checkIn(own, () => shards, payments, runtime);
  const startedAt = clock();
  const orders = await reconcileTopUps({ topUps: topUpsOf(own, runtime), check, clock });
  const looked = own.number === 0 ? bothReconciled(orders, await sweep(own, shards, payments, check, runtime)) : orders;
  const { done, failed, alarms } = looked.ok ? looked.value : { done: 0, failed: 0, alarms: [] };
  if (!looked.ok || done + failed > 0) {
    runtime.log({
      requestId: runtime.ids('req'),
      time: new Date(startedAt).toISOString(),
      method: 'CRON',
      route: 'reconcile_payments',
      status: looked.ok ? 200 : 503,
      milliseconds: clock() - startedAt,
      ...unlessFirst(own.number),
      cron: { done, failed },
      ...(alarms.length === 0 ? {} : { alarm: alarms.join(',') }),
    });
  }
  return looked.ok ? ok(undefined) : looked;
}

function sweep(own: Shard, shards: readonly Shard[], payments: PaymentService, check: TopUpCheck, runtime: Runtime) {
  const { clock } = runtime;
  const store = createJobStore({ client: own.client, clock });
  const memory: SweepMemory = {
    read: () => store.readState('reconcile_payments'),
    write: (pass) => store.writeState('reconcile_payments', pass),
  };
  const withoutOrder = async (sessionIds: readonly string[]) => {
    let left: Result<readonly string[], Unreachable> = ok(sessionIds);
    for (const shard of shards) if (left.ok) left = await topUpsOf(shard, runtime).withoutOrder(left.value);
    return left;
  };
  return sweepSessions({ topUps: { withoutOrder }, payments, check, clock, memory });
}
