import { createAnswerSeal } from '../billing/idempotency/response-seal.ts';
import type { Accounts } from '../billing/accounts/accounts.ts';
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
import { createExecuteRead, type ExecuteRead } from '../read/execute-read.ts';
import { createSandbox } from '../read/sandbox/sandbox.ts';
import { readiness } from './readiness.ts';
import { ok } from '../core/result.ts';
import { count } from './counters.ts';
import { connect, openShard, type Shard, shardCount } from './database.ts';
import { buildPayments, reconcilePayments, unlessFirst } from './payments.ts';
import { buildReader } from './reader.ts';
import { type Runtime, settingsFrom, workerd } from './runtime.ts';

/** A hold outlives the read's deadline by this much, so that it never expires under a read that still settles. Milliseconds. */
const HOLD_SLACK_MS = 15_000;

/** What a request needs, from the runtime's environment. Connections are made here for this request alone: see src/db/client.ts. */
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
    service: settings.ok ? ok(buildService(settings.value, env, background, hints, runtime)) : settings,
    rateLimits: settings.ok ? rateLimits(settings.value, env) : null,
    readiness: () => readiness(settings, env, (complete, shard) => connect(complete, shard, runtime)),
  };
}

/** What the service of one request is made of. `own` is the shard of the request; `ownersShard` is that of `Service`. */
type Parts = {
  readonly settings: Settings;
  readonly env: Env;
  readonly background: (work: Promise<unknown>) => void;
  readonly runtime: Runtime;
  readonly own: Shard;
  readonly ownersShard: number | null;
};

const serviceOf = lazily<Parts, Service>({
  shard: ({ own }) => own.number,
  ownersShard: ({ ownersShard }) => ownersShard,
  ledger: ({ own }) => own.ledger,
  accounts: (parts) => accountsOf(parts),
  keyRing: ({ own, runtime: { clock, ids } }) => createKeyRing({ client: own.client, clock, ids, shard: own.number }),
  executeRead: (parts) => buildExecuteRead(parts),
  topUps: ({ own, runtime }) => createTopUps({ client: own.client, clock: runtime.clock }),
  payments: ({ settings, own, env, runtime }) => buildPayments(settings, own, () => allShards(settings, env, runtime), runtime),
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
});

function accountsOf({ own, settings, runtime: { clock, ids } }: Parts): Accounts {
  const signupGrant = microCredits(settings.SIGNUP_GRANT_MICRO_CREDITS);
  return createAccounts({ client: own.client, clock, ids, signupGrant, shard: own.number });
}

function buildExecuteRead(parts: Parts): ExecuteRead {
  const { settings, env, background, runtime, own } = parts;
  const { clock } = runtime;
  return createExecuteRead({
    ledger: own.ledger,
    accounts: accountsOf(parts),
    seal: createAnswerSeal(settings.CURSOR_SIGNING_SECRET),
    limits: { ...rateLimits(settings, env), clock },
    reader: () => buildReader(settings, env, background, runtime),
    sandbox: () => createSandbox({ clock }),
    priceCardVersion: PRICE_CARD.version,
    holdTtlMs: settings.READ_DEADLINE_MS + HOLD_SLACK_MS,
  });
}

function buildService(
  settings: Settings,
  env: Env,
  background: (work: Promise<unknown>) => void,
  hints: ShardHints,
  runtime: Runtime,
): Service {
  const shards = shardCount(settings);
  const shard = shardOf(hints, shards, settings.SIGNUP_SHARDS, () => runtime.ids('req'));
  const own = openShard(settings, env, shard, runtime);
  return serviceOf({ settings, env, background, runtime, own, ownersShard: ownersShard(hints, shards) });
}

/** The shard that the owner chose. Where there is no such shard, the owner is refused before anything is asked of this one. */
function ownersPart({ settings, env, runtime, own, ownersShard: chosen }: Parts): Shard {
  return chosen === null || chosen === own.number ? own : openShard(settings, env, chosen, runtime);
}

/** Every shard, the first one first. Opening one costs no network. */
function allShards(settings: Settings, env: Env, runtime: Runtime): readonly Shard[] {
  return Array.from({ length: shardCount(settings) }, (_none, number) => openShard(settings, env, number, runtime));
}

/** What one isolate remembers of limits, until when, by subject: who is over one that Upstash counts, and which addresses make up keys. */
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

/** What is set up, by name. */
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

/** Where the counters are kept, for the object that brings them together. Throws while settings are missing. */
export function metricsFor(env: Env, runtime: Runtime = workerd): MetricsStore {
  const settings = settingsFrom(env);
  if (!settings.ok) throw new Error('the settings are not complete');
  return createMetricsStore({ client: openShard(settings.value, env, 0, runtime).client, clock: runtime.clock });
}

/**
 * The cron's work: every job once in every shard, in all of them side by side, so that one that is down holds up no other. Without
 * complete settings there is nothing to do it with; /ready says so.
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
      reconcilePayments: () => reconcilePayments(settings.value, shard, shards, runtime),
    });
    return runJobs(jobs, createJobStore({ client, clock }), clock, (run) => logJob({ ...run, ...unlessFirst(number) }));
  };
  await Promise.all(shards.map(runIn));
}
