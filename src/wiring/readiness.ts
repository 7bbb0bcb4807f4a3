import type { Clock } from '../core/clock.ts';
import type { Database } from '../db/client.ts';
import { databaseProblem } from '../db/readiness.ts';
import { type Env, type Settings, type SettingsProblem, stripeKeyProblem, stripeSecrets, withKey } from '../env.ts';
import type { ReadinessCheck } from '../http/context.ts';
import { withTimeout, TIMED_OUT } from '../core/timeout.ts';
import type { Result } from '../core/result.ts';

const CACHE_PROBE_TIMEOUT_MS = 2_000;

/** Checks what reads depend on. Each check names a setting or a binding, never a value. */
export async function readiness(
  settings: Result<Settings, readonly SettingsProblem[]>,
  env: Env,
  open: (settings: Settings, shard: number) => Database,
  clock: Clock,
): Promise<readonly ReadinessCheck[]> {
  if (!settings.ok) return settings.error.map(({ name, problem }) => ({ name: `setting ${name}`, ok: false, problem }));
  const shards = Array.from({ length: 1 + settings.value.LIBSQL_SHARDS.length }, (_none, shard) => open(settings.value, shard));
  const [databases, cache] = await Promise.all([Promise.all(shards.map((shard) => databaseProblem(shard, clock))), cacheProblem(env)]);
  const providers = withKey(settings.value.PROVIDER_ORDER_MEDIA, settings.value).length > 0;
  return [
    { name: 'settings', ok: true },
    ...databases.map((problem, shard) => check(shard === 0 ? 'database' : `database of shard ${shard}`, problem)),
    check('binding CONTENT_CACHE', cache),
    check('data provider', providers ? null : 'no provider in PROVIDER_ORDER_MEDIA has a key'),
    ...halfConfigured(settings.value),
  ];
}

/** Reports settings that contradict each other or lack their other half, which would only show when a request needs them. */
function halfConfigured(settings: Settings): readonly ReadinessCheck[] {
  return [
    ...halfUpstash(settings),
    ...unknownShards(settings),
    ...wrongStripeKey(settings),
    ...unknownOrigin(settings),
    ...unknownWidgetPages(settings),
  ];
}

/** Without a page of its own, the widget's token opens no account. */
function unknownWidgetPages({ TURNSTILE_SECRET_KEY: secret, TURNSTILE_HOSTNAMES: hostnames }: Settings): readonly ReadinessCheck[] {
  return secret !== undefined && hostnames.length === 0 ? [{ name: 'setting TURNSTILE_HOSTNAMES', ok: false, problem: 'missing' }] : [];
}

/** Without it, checkout works only where the API is called at localhost, which is never so with live payments. */
function unknownOrigin(settings: Settings): readonly ReadinessCheck[] {
  const isNeeded = stripeSecrets(settings) !== null && settings.STRIPE_MODE === 'live';
  return isNeeded && settings.PUBLIC_ORIGIN === undefined ? [{ name: 'setting PUBLIC_ORIGIN', ok: false, problem: 'missing' }] : [];
}

function wrongStripeKey(settings: Settings): readonly ReadinessCheck[] {
  const problem = stripeKeyProblem(settings);
  return problem === null ? [] : [{ name: 'setting STRIPE_SECRET_KEY', ok: false, problem }];
}

function unknownShards({ SIGNUP_SHARDS, LIBSQL_SHARDS }: Settings): readonly ReadinessCheck[] {
  const isKnown = SIGNUP_SHARDS.every((shard) => shard <= LIBSQL_SHARDS.length);
  return isKnown ? [] : [{ name: 'setting SIGNUP_SHARDS', ok: false, problem: 'names a shard that is not configured' }];
}

function halfUpstash(settings: Settings): readonly ReadinessCheck[] {
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = settings;
  if ((url === undefined) === (token === undefined)) return [];
  return [{ name: `setting ${url === undefined ? 'UPSTASH_REDIS_REST_URL' : 'UPSTASH_REDIS_REST_TOKEN'}`, ok: false, problem: 'missing' }];
}

function check(name: string, problem: string | null): ReadinessCheck {
  return problem === null ? { name, ok: true } : { name, ok: false, problem };
}

async function cacheProblem(env: Env): Promise<'missing' | 'unreachable' | null> {
  // A binding missing from wrangler.toml is undefined at run time, whatever its type says.
  if ((env.CONTENT_CACHE as unknown) === undefined) return 'missing';
  try {
    return (await withTimeout(env.CONTENT_CACHE.get('readiness', 'text'), CACHE_PROBE_TIMEOUT_MS)) === TIMED_OUT ? 'unreachable' : null;
  } catch {
    return 'unreachable';
  }
}
