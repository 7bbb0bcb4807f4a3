import type { Fetcher, KVNamespace, R2Bucket } from '@cloudflare/workers-types';
import { z } from 'zod';
import { LOCATION_HINTS, type WriterObjects } from './billing/writer/durable-object-client.ts';
import type { ReadCoalescers } from './coalescing/read-coalescer.ts';
import type { RateLimitObjects } from './limits/durable-object-limiter.ts';
import type { Counters } from './ops/metrics/counter-buffer.ts';
import { PROVIDER_IDS, type ProviderId } from './providers/provider.ts';
import { err, ok, type Result } from './core/result.ts';

const second = 1_000;

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,13}$/)
    .transform(Number)
    .pipe(z.int().min(min).max(max));

const httpUrl = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ''));

/** A scheme and a host, without a path. */
const webOrigin = z
  .url({ protocol: /^https?$/ })
  .refine((url) => url.replace(/\/$/, '') === new URL(url).origin)
  .transform((url) => new URL(url).origin);

const libsqlUrl = z.url({ protocol: /^(https?|libsql|wss?)$/ });

/** A path below a base URL, without a way to leave it. */
const urlPath = z.string().regex(/^(?!.*(?:\.\.|\/\/|[?#\\\s]))\/[\x21-\x7e]*$/);

/** A comma-separated list of distinct providers. */
function providerOrder<const P extends readonly [ProviderId, ...ProviderId[]]>(able: P) {
  return z
    .string()
    .transform((list) =>
      list
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    )
    .pipe(z.array(z.enum(able)).refine((ids) => new Set(ids).size === ids.length, 'names a provider twice'));
}

/** One secret, or two while one is rotated, separated by a comma. */
const secretList = z
  .string()
  .transform((list) => list.split(',').map((secret) => secret.trim()))
  .pipe(z.array(z.string().min(1)).min(1).max(2));

const sha256List = z
  .string()
  .transform((list) =>
    list
      .split(',')
      .map((hash) => hash.trim().toLowerCase())
      .filter((hash) => hash !== ''),
  )
  .pipe(z.array(z.string().regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 in hex')));

const hostnameList = z
  .string()
  .transform((list) => list.split(',').map((name) => name.trim().toLowerCase()))
  .pipe(z.array(z.string().regex(/^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/)));

/** The databases after the first, numbered by their order. JSON, because each has its own token. */
const shardList = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue('is not JSON');
      return z.NEVER;
    }
  })
  .pipe(z.array(z.strictObject({ url: libsqlUrl, authToken: z.string().min(1).optional() })).max(99));

const shardNumbers = z
  .string()
  .regex(/^\d{1,2}(,\d{1,2})*$/)
  .transform((list) => [...new Set(list.split(',').map(Number))]);

const TRANSCRIBING = ['scrapecreators', 'apify'] as const satisfies readonly ProviderId[];

/** Every text variable and secret of the Worker, with default and bounds. wrangler.toml and .dev.vars.example are checked against it. */
export const Settings = z.object({
  SERVICE_VERSION: z.string().min(1).max(64).default('dev'),
  PUBLIC_ORIGIN: webOrigin.optional(),
  LIBSQL_URL: libsqlUrl,
  LIBSQL_AUTH_TOKEN: z.string().min(1).optional(),
  LIBSQL_SHARDS: shardList.default([]),
  SIGNUP_SHARDS: shardNumbers.default([0]),
  LEDGER_LOCATION_HINT: z.enum(LOCATION_HINTS).optional(),
  OWNER_ADMIN_KEY_SHA256: sha256List.default([]),
  SIGNUP_GRANT_MICRO_CREDITS: wholeNumber(0, 1_000_000_000).default(0),
  READ_DEADLINE_MS: wholeNumber(1 * second, 29 * second).default(25 * second),
  CONTENT_TTL_SECONDS: wholeNumber(60, 2_592_000).default(21_600),
  NOT_FOUND_TTL_SECONDS: wholeNumber(60, 86_400).default(300),
  HOT_CACHE_SECONDS: wholeNumber(0, 60).default(30),
  PROVIDER_ORDER_MEDIA: providerOrder(PROVIDER_IDS).default([...PROVIDER_IDS]),
  PROVIDER_ORDER_COMMENTS: providerOrder(PROVIDER_IDS).default(['hikerapi', 'scrapecreators', 'apify']),
  PROVIDER_ORDER_TRANSCRIPT: providerOrder(TRANSCRIBING).default([...TRANSCRIBING]),
  APIFY_BASE_URL: httpUrl.default('https://api.apify.com'),
  APIFY_TOKEN: z.string().min(1).optional(),
  HIKERAPI_BASE_URL: httpUrl.default('https://api.hikerapi.com'),
  HIKERAPI_ACCESS_KEY: z.string().min(1).optional(),
  HIKERAPI_MEDIA_VERSION: z.enum(['v1', 'v2']).default('v1'),
  SCRAPECREATORS_BASE_URL: httpUrl.default('https://api.scrapecreators.com'),
  SCRAPECREATORS_API_KEY: z.string().min(1).optional(),
  INSTAGRAM_BASE_URL: httpUrl.default('https://www.instagram.com'),
  CURSOR_SIGNING_SECRET: z.string().min(32),
  STRIPE_API_BASE_URL: httpUrl.default('https://api.stripe.com'),
  STRIPE_MODE: z.enum(['live', 'test']).default('live'),
  STRIPE_SECRET_KEY: z.string().min(1).optional(),
  STRIPE_WEBHOOK_SECRET: secretList.optional(),
  ACHRONON_AI_ENDPOINT: httpUrl.optional(),
  ACHRONON_AI_SERVICE_TOKEN: z.string().min(1).optional(),
  ACHRONON_AI_TRANSCRIBE_PATH: urlPath.default('/claudex/transcribe'),
  ACHRONON_AI_TRANSCRIBE_MODEL: z.string().min(1).max(100).default('auto'),
  ACHRONON_AI_TRANSCRIBE_MAX_DURATION_SEC: wholeNumber(1, 3_600).default(180),
  ACHRONON_AI_TRANSCRIBE_TIMEOUT_MS: wholeNumber(1 * second, 29 * second).default(20 * second),
  ACHRONON_AI_PARSE_PATH: urlPath.default('/claudex/parse'),
  ACHRONON_AI_PARSE_MODEL: z.string().min(1).max(100).default('auto'),
  ACHRONON_AI_PARSE_TIMEOUT_MS: wholeNumber(1 * second, 29 * second).default(15 * second),
  RATE_LIMIT_SCALE: wholeNumber(1, 1_000_000).default(1),
  RATE_LIMIT_TIMEOUT_MS: wholeNumber(50, 10 * second).default(1 * second),
  UPSTASH_REDIS_REST_URL: httpUrl.optional(),
  UPSTASH_REDIS_REST_TOKEN: z.string().min(1).optional(),
  TURNSTILE_VERIFY_URL: httpUrl.default('https://challenges.cloudflare.com/turnstile/v0/siteverify'),
  TURNSTILE_HOSTNAMES: hostnameList.default([]),
  TURNSTILE_ACTION: z
    .string()
    .regex(/^[\w-]{1,32}$/)
    .default('signup'),
  TURNSTILE_SECRET_KEY: z.string().min(1).optional(),
});
export type Settings = z.infer<typeof Settings>;

/** The Worker's environment: settings as text, and the bindings of wrangler.toml. */
export type Env = { readonly [K in keyof Settings]?: string } & {
  readonly CONTENT_CACHE: KVNamespace;
  /** Where requests over age are kept; without it they stay in the database. */
  readonly ARCHIVE?: R2Bucket;
  readonly READ_FLIGHTS: ReadCoalescers;
  readonly RATE_LIMITS: RateLimitObjects;
  readonly METRICS: Counters;
  readonly LEDGER: WriterObjects;
  readonly ASSETS: Fetcher;
};

/** A missing or malformed setting; never its value. */
export type SettingsProblem = { readonly name: string; readonly problem: 'missing' | 'malformed' };

/** Parses the settings. An empty text counts as not set, like a cleared secret. */
export function readSettings(env: Readonly<Record<string, unknown>>): Result<Settings, readonly SettingsProblem[]> {
  const given: Record<string, unknown> = {};
  for (const name of Object.keys(Settings.shape)) {
    if (typeof env[name] === 'string' && env[name] !== '') given[name] = env[name];
  }
  const parsed = Settings.safeParse(given);
  if (parsed.success) return ok(parsed.data);
  const names = new Set(parsed.error.issues.map((issue) => String(issue.path[0])));
  return err([...names].map((name) => ({ name, problem: name in given ? 'malformed' : 'missing' })));
}

/** The mode that a secret or restricted key of Stripe names (docs.stripe.com/keys); null for any other text. */
function modeOfStripeKey(key: string): Settings['STRIPE_MODE'] | null {
  const named = /^[rs]k_(live|test)_/.exec(key)?.[1];
  return named === 'live' || named === 'test' ? named : null;
}

/** What is wrong with Stripe's key; null where it is of this deployment's mode, or not set. */
export function stripeKeyProblem({ STRIPE_SECRET_KEY: key, STRIPE_MODE: mode }: Settings): string | null {
  return key === undefined || modeOfStripeKey(key) === mode ? null : `is no ${mode} key, which STRIPE_MODE requires`;
}

/**
 * The secrets of Stripe; null unless both are set and the key is of this deployment's mode. With the key of another mode, test cards would
 * buy credit that pays for real reads.
 */
export function stripeSecrets(settings: Settings): { readonly secretKey: string; readonly webhookSecrets: readonly string[] } | null {
  const { STRIPE_SECRET_KEY: secretKey, STRIPE_WEBHOOK_SECRET: webhookSecrets } = settings;
  if (secretKey === undefined || webhookSecrets === undefined || stripeKeyProblem(settings) !== null) return null;
  return { secretKey, webhookSecrets };
}

/** Returns the providers that have a key, in the given order. */
export function withKey<P extends ProviderId>(order: readonly P[], settings: Settings): readonly P[] {
  const hasKey: Record<ProviderId, boolean> = {
    apify: settings.APIFY_TOKEN !== undefined,
    hikerapi: settings.HIKERAPI_ACCESS_KEY !== undefined,
    scrapecreators: settings.SCRAPECREATORS_API_KEY !== undefined,
  };
  return order.filter((id) => hasKey[id]);
}
