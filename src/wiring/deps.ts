import { createAnswerSeal } from '../billing/idempotency/response-seal.ts';
import { createAccounts } from '../billing/accounts/libsql-accounts.ts';
import { createKeyRing } from '../billing/keys/libsql-key-manager.ts';
import { createOwnerDesk } from '../billing/operator/libsql-operator.ts';
import { createTopUps } from '../billing/topups/libsql-top-ups.ts';
import { createReplays } from '../billing/idempotency/libsql-idempotency.ts';
import { createUsageBook } from '../billing/usage/libsql-usage.ts';
import { PRICE_CARD } from '../billing/price-card.ts';
import { type Env, type Settings, withKey } from '../env.ts';
import type { AppDeps, RateLimits, Service } from '../http/context.ts';
import { ownersShard, shardOf } from '../http/auth/shard.ts';
import type { ShardHints } from '../http/context.ts';
import { createTimedLimiter } from '../limits/limiter.ts';
import { createObjectLimiter } from '../limits/durable-object-limiter.ts';
import { createTurnstile } from '../limits/turnstile.ts';
import { createUpstashLimiter } from '../limits/upstash-limiter.ts';
import { microCredits } from '../core/money.ts';
import { createJobStore, runJobs } from '../ops/jobs/jobs.ts';
import { createMetricsStore, type MetricsStore } from '../ops/metrics/metrics-store.ts';
import { createOwnerView, scheduledJobs } from '../ops/operator-view.ts';
import type { Configured } from '../ops/metrics/report.ts';
import { countersOf } from '../ops/metrics/request-counters.ts';
import { lazily } from './lazy.ts';
import { PROVIDER_IDS } from '../providers/provider.ts';
import { createSandbox } from '../read/sandbox/sandbox.ts';
import { readiness } from './readiness.ts';
import { ok } from '../core/result.ts';
import { count } from './counters.ts';
import { connect, openShard, type Shard, shardCount } from './database.ts';
import { buildPayments, reconcilePayments, unlessFirst } from './payments.ts';
import { buildReader } from './reader.ts';
import { type RequestContext, type Runtime, settingsFrom, workerd } from './runtime.ts';

/** How much longer than the read's deadline a hold lives, so that it never expires during settlement. */
const HOLD_SLACK_MS = 15_000;

/** Assembles what a request needs. Connections belong to this request alone (see src/db/client.ts). */
export function buildDeps(env: Env, background: (work: Promise<unknown>) => void, hints: ShardHints, runtime: Runtime = workerd): AppDeps {
  const settings = settingsFrom(env);
  return {
    clock: runtime.clock,
    ids: runtime.ids,
    version: settings.ok ? settings.value.SERVICE_VERSION : 'dev',
    priceCard: PRICE_CARD,
    log: (event) => {
      runtime.log(event);
      count(env, background, countersOf(event), runtime);
    },
    service: settings.ok ? ok(buildService({ settings: settings.value, env, background, runtime }, hints)) : settings,
    rateLimits: settings.ok ? rateLimits(settings.value, env) : null,
    readiness: () => readiness(settings, env, (complete, shard) => connect(complete, shard, runtime)),
  };
}

/**
 * What the service of one request is built from. `own` is the request's shard; `ownersShard` the one that an operator selected, null when
 * there is no such shard.
 */
type Parts = RequestContext & {
  readonly own: Shard;
  readonly ownersShard: number | null;
};

const serviceOf = lazily<Parts, Service>({
  shard: ({ own }) => own.number,
  ownersShard: ({ ownersShard }) => ownersShard,
  ledger: ({ own }) => own.ledger,
  accounts: ({ own, settings, runtime: { clock, ids } }) =>
    createAccounts({
      client: own.client,
      clock,
      ids,
      signupGrant: microCredits(settings.SIGNUP_GRANT_MICRO_CREDITS),
      shard: own.number,
    }),
  keyRing: ({ own, runtime: { clock, ids } }) => createKeyRing({ client: own.client, clock, ids, shard: own.number }),
  reader: (parts) => buildReader(parts),
  topUps: ({ own, runtime }) => createTopUps({ client: own.client, clock: runtime.clock }),
  payments: ({ settings, own, env, runtime }) => buildPayments({ settings, own, runtime, shards: () => allShards(settings, env, runtime) }),
  sandbox: ({ runtime }) => createSandbox({ clock: runtime.clock }),
  usage: ({ own, runtime }) => createUsageBook({ client: own.client, clock: runtime.clock }),
  replays: ({ own, runtime }) => createReplays({ client: own.client, clock: runtime.clock }),
  answerSeal: ({ settings }) => createAnswerSeal(settings.CURSOR_SIGNING_SECRET),
  ownerKeyHashes: ({ settings }) => settings.OWNER_ADMIN_KEY_SHA256,
  turnstile: ({ settings, runtime }) => turnstile(settings, runtime),
  ownerDesk: (parts) => createOwnerDesk({ client: ownersPart(parts).client, clock: parts.runtime.clock }),
  ownerView: (parts) => {
    const { client, ledger } = ownersPart(parts);
    return createOwnerView({ client, clock: parts.runtime.clock, ledger, configured: configuredIn(parts.settings) });
  },
  holdTtlMs: ({ settings }) => settings.READ_DEADLINE_MS + HOLD_SLACK_MS,
});

function buildService(context: RequestContext, hints: ShardHints): Service {
  const { settings, env, runtime } = context;
  const shards = shardCount(settings);
  const shard = shardOf(hints, shards, settings.SIGNUP_SHARDS, () => runtime.ids('req'));
  const own = openShard(settings, env, shard, runtime);
  return serviceOf({ ...context, own, ownersShard: ownersShard(hints, shards) });
}

/** The shard that the operator selected. When there is none, the operator is refused before this one is used. */
function ownersPart({ settings, env, runtime, own, ownersShard: chosen }: Parts): Shard {
  return chosen === null || chosen === own.number ? own : openShard(settings, env, chosen, runtime);
}

/** All shards in order. Opening one costs no network. */
function allShards(settings: Settings, env: Env, runtime: Runtime): readonly Shard[] {
  return Array.from({ length: shardCount(settings) }, (_none, number) => openShard(settings, env, number, runtime));
}

/** What one isolate remembers, by subject and until when: who is over a limit that Upstash counts, and which addresses guess keys. */
const limitMemory = new WeakMap<Env, { readonly refused: Map<string, number>; readonly guessing: Map<string, number> }>();

function rateLimits(settings: Settings, env: Env): RateLimits {
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token, RATE_LIMIT_TIMEOUT_MS: timeoutMs } = settings;
  const memory = limitMemory.get(env) ?? { refused: new Map(), guessing: new Map() };
  limitMemory.set(env, memory);
  const limiter =
    url !== undefined && token !== undefined
      ? createUpstashLimiter({ url, token, timeoutMs, refused: memory.refused })
      : createObjectLimiter(env.RATE_LIMITS);
  return { limiter: createTimedLimiter(limiter, timeoutMs), scale: settings.RATE_LIMIT_SCALE, guessing: memory.guessing };
}

function turnstile(settings: Settings, { fetch, clock }: Runtime) {
  const { TURNSTILE_SECRET_KEY: secret, TURNSTILE_VERIFY_URL: url } = settings;
  return secret === undefined ? null : createTurnstile({ url, secret, fetch, clock });
}

function configuredIn(settings: Settings): Configured {
  const providers = new Set(withKey(PROVIDER_IDS, settings));
  return {
    providers: Object.fromEntries(PROVIDER_IDS.map((id) => [id, providers.has(id)])),
    boundaries: {
      achronon: settings.ACHRONON_AI_ENDPOINT !== undefined && settings.ACHRONON_AI_SERVICE_TOKEN !== undefined,
      stripe: settings.STRIPE_SECRET_KEY !== undefined && settings.STRIPE_WEBHOOK_SECRET !== undefined,
      upstash: settings.UPSTASH_REDIS_REST_URL !== undefined && settings.UPSTASH_REDIS_REST_TOKEN !== undefined,
      turnstile: settings.TURNSTILE_SECRET_KEY !== undefined,
    },
  };
}

/** Creates the counter store for the object that collects counters. Throws while settings are missing. */
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
  const runIn = (shard: Shard) => {
    const { client, ledger, number } = shard;
    const jobs = scheduledJobs({
      client,
      clock,
      ledger,
      replays: createReplays({ client, clock }),
      reconcilePayments: () => reconcilePayments({ settings: settings.value, own: shard, shards: () => shards, runtime }),
    });
    return runJobs(jobs, createJobStore({ client, clock }), clock, (run) => logJob({ ...run, ...unlessFirst(number) }));
  };
  await Promise.all(shards.map(runIn));
}
