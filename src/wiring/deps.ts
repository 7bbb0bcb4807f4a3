import { createIdempotencyStore } from '../billing/idempotency/libsql-idempotency.ts';
import { PRICE_CARD } from '../billing/price-card.ts';
import type { Env, Settings } from '../env.ts';
import type { AppDeps, Service } from '../http/context.ts';
import { operatorShardOf, shardOf } from '../http/auth/shard.ts';
import type { ShardHints } from '../http/context.ts';
import { runJobs } from '../ops/jobs/jobs.ts';
import { createMetricsStore, type MetricsStore } from '../ops/metrics/metrics-store.ts';
import { jobRecord, scheduledJobs } from '../ops/operator-view.ts';
import { alarmCounters, countersOf } from '../ops/metrics/request-counters.ts';
import { rateLimits } from './rate-limits.ts';
import { readiness } from './readiness.ts';
import { ok } from '../core/result.ts';
import { bucketFiles } from './archive.ts';
import { count } from './counters.ts';
import { openShard, type Shard, shardCount } from './database.ts';
import { reconcilePayments, unlessFirst } from './payments.ts';
import { type RequestContext, type Runtime, settingsFrom, workerd } from './runtime.ts';
import { createService } from './service.ts';

/** Assembles what a request needs. Connections belong to this request alone (see src/db/client.ts). */
export function buildDeps(env: Env, background: (work: Promise<unknown>) => void, hints: ShardHints, runtime: Runtime = workerd): AppDeps {
  const settings = settingsFrom(env);
  return {
    clock: runtime.clock,
    ids: runtime.ids,
    version: settings.ok ? settings.value.SERVICE_VERSION : 'dev',
    publicOrigin: settings.ok ? (settings.value.PUBLIC_ORIGIN ?? null) : null,
    priceCard: PRICE_CARD,
    log: (event) => {
      runtime.log(event);
      count(env, background, countersOf(event), runtime);
    },
    service: settings.ok ? ok(buildService({ settings: settings.value, env, background, runtime }, hints)) : settings,
    rateLimits: settings.ok ? rateLimits(settings.value, env) : null,
    readiness: () => readiness(settings, env, (complete, shard) => openShard(complete, env, shard, runtime).client, runtime.clock),
  };
}

function buildService(context: RequestContext, hints: ShardHints): Service {
  const { settings, env, runtime } = context;
  const shards = shardCount(settings);
  const shard = shardOf(hints, shards, settings.SIGNUP_SHARDS, () => runtime.ids('req'));
  const own = openShard(settings, env, shard, runtime);
  const everyShard = () => allShards(settings, env, runtime);
  return createService({ ...context, own, operatorShard: operatorShardOf(hints, shards), everyShard });
}

/** All shards in order. Opening one costs no network. */
function allShards(settings: Settings, env: Env, runtime: Runtime): readonly Shard[] {
  return Array.from({ length: shardCount(settings) }, (_none, number) => openShard(settings, env, number, runtime));
}

/** Where the counters are kept, for the object that brings them together. Throws while settings are missing. */
export function metricsFor(env: Env, runtime: Runtime = workerd): MetricsStore {
  const settings = settingsFrom(env);
  if (!settings.ok) throw new Error('the settings are not complete');
  return createMetricsStore({ client: openShard(settings.value, env, 0, runtime).client, clock: runtime.clock });
}

/**
 * Runs every job once in every shard, in parallel, so that a shard that is down does not delay the others. Without complete settings it
 * does nothing; /ready reports that.
 */
export async function runScheduled(env: Env, runtime: Runtime = workerd): Promise<void> {
  const settings = settingsFrom(env);
  if (!settings.ok) return;
  const { clock, logJob = () => undefined } = runtime;
  const shards = allShards(settings.value, env, runtime);
  const counting: Promise<unknown>[] = [];
  const log: Runtime['log'] = (event) => {
    runtime.log(event);
    count(env, (work) => counting.push(work), alarmCounters(event), runtime);
  };
  const runIn = (shard: Shard) => {
    const { client, ledger, number } = shard;
    const jobs = scheduledJobs({
      client,
      clock,
      ledger,
      idempotencyStore: createIdempotencyStore({ client, clock }),
      archive: { files: env.ARCHIVE === undefined ? null : bucketFiles(env.ARCHIVE), shard: number },
      reconcilePayments: (isOver) =>
        reconcilePayments({ settings: settings.value, own: shard, shards: () => shards, runtime: { ...runtime, log } }, isOver),
    });
    return runJobs(jobs, jobRecord({ client, clock }), clock, (run) => logJob({ ...run, ...unlessFirst(number) }));
  };
  await Promise.all(shards.map(runIn));
  await Promise.all(counting);
}
