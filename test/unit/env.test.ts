import { expect, test } from 'vitest';
import { readSettings, stripeSecrets, withKey } from '../../src/env.ts';

const least = { LIBSQL_URL: 'http://127.0.0.1:8080', CURSOR_SIGNING_SECRET: 'thirty-two characters or more, x' };

function settings(env: Record<string, unknown>) {
  const read = readSettings({ ...least, ...env });
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value;
}

test('requires a database and has a default for everything else', () => {
  expect(settings({})).toMatchObject({
    SERVICE_VERSION: 'dev',
    SIGNUP_GRANT_MICRO_CREDITS: 0,
    READ_DEADLINE_MS: 25_000,
    PROVIDER_ORDER_MEDIA: ['scrapecreators', 'hikerapi', 'apify'],
    OWNER_ADMIN_KEY_SHA256: [],
  });
  expect(readSettings({})).toEqual({
    ok: false,
    error: [
      { name: 'LIBSQL_URL', problem: 'missing' },
      { name: 'CURSOR_SIGNING_SECRET', problem: 'missing' },
    ],
  });
});

test('names malformed settings, never their values', () => {
  const secret = 'hunter2-hunter2';
  for (const [name, value] of [
    ['LIBSQL_URL', `${secret} not a url`],
    ['LIBSQL_URL', `file:///${secret}`],
    ['OWNER_ADMIN_KEY_SHA256', secret],
    ['STRIPE_WEBHOOK_SECRET', `${secret},`],
    ['STRIPE_WEBHOOK_SECRET', `${secret},two,three`],
    ['SIGNUP_GRANT_MICRO_CREDITS', '1.5'],
    ['SIGNUP_GRANT_MICRO_CREDITS', '-1'],
    ['READ_DEADLINE_MS', '30001'],
    ['CONTENT_TTL_SECONDS', '59'],
    ['HOT_CACHE_SECONDS', '61'],
    ['PROVIDER_ORDER_MEDIA', `apify,${secret}`],
    ['PROVIDER_ORDER_MEDIA', 'apify,apify'],
    ['HIKERAPI_MEDIA_VERSION', 'v3'],
    ['APIFY_BASE_URL', 'ftp://api.apify.com'],
    ['PROVIDER_ORDER_TRANSCRIPT', 'hikerapi'],
    ['CURSOR_SIGNING_SECRET', 'too short'],
    ['ACHRONON_AI_PARSE_PATH', '/claudex/../admin'],
    ['ACHRONON_AI_PARSE_PATH', 'claudex'],
    ['ACHRONON_AI_TRANSCRIBE_PATH', '//evil.example/x'],
    ['LIBSQL_SHARDS', `[{"url":"https://one.example","authToken":"${secret}"}`],
    ['LIBSQL_SHARDS', `{"url":"https://one.example","authToken":"${secret}"}`],
    ['LIBSQL_SHARDS', `["https://${secret}.example"]`],
    ['LIBSQL_SHARDS', `[{"url":"${secret}"}]`],
    ['LIBSQL_SHARDS', `[{"url":"file:///${secret}"}]`],
    ['LIBSQL_SHARDS', `[{"url":"https://one.example","authToken":"","${secret}":1}]`],
    ['LIBSQL_SHARDS', `[{"authToken":"${secret}"}]`],
    ['LIBSQL_SHARDS', JSON.stringify(Array.from({ length: 100 }, () => ({ url: 'https://one.example', authToken: secret })))],
    ['SIGNUP_SHARDS', secret],
    ['SIGNUP_SHARDS', '0,100'],
    ['SIGNUP_SHARDS', '-1'],
    ['LEDGER_LOCATION_HINT', secret],
    ['STRIPE_MODE', secret],
    ['TURNSTILE_HOSTNAMES', `https://${secret}.example`],
    ['TURNSTILE_HOSTNAMES', `a.example,,${secret}`],
    ['TURNSTILE_ACTION', `${secret} `],
    ['PUBLIC_ORIGIN', `https://${secret}.example/path`],
    ['PUBLIC_ORIGIN', `https://user:${secret}@api.example`],
    ['PUBLIC_ORIGIN', `javascript:${secret}`],
  ] as const) {
    const read = readSettings({ ...least, [name]: value });
    expect(read, name).toEqual({ ok: false, error: [{ name, problem: 'malformed' }] });
    expect(JSON.stringify(read)).not.toContain(secret);
  }
});

test('reads the shards in their order, and has one without the setting', () => {
  expect(settings({})).toMatchObject({ LIBSQL_SHARDS: [], SIGNUP_SHARDS: [0] });
  const shards = [{ url: 'libsql://one.example', authToken: 'token one' }, { url: 'http://127.0.0.1:8081' }];
  expect(settings({ LIBSQL_SHARDS: JSON.stringify(shards), SIGNUP_SHARDS: '0,2,2' })).toMatchObject({
    LIBSQL_SHARDS: shards,
    SIGNUP_SHARDS: [0, 2],
  });
  const most = Array.from({ length: 99 }, (_none, index) => ({ url: `https://shard-${index + 1}.example` }));
  expect(settings({ LIBSQL_SHARDS: JSON.stringify(most) }).LIBSQL_SHARDS).toHaveLength(99);
});

test.each([
  ['sk_live_1', 'live', true],
  ['rk_live_1', 'live', true],
  ['sk_test_1', 'test', true],
  ['rk_test_1', 'test', true],
  ['sk_test_1', 'live', false],
  ['rk_test_1', 'live', false],
  ['sk_test_1', undefined, false],
  ['sk_live_1', undefined, true],
  ['sk_live_1', 'test', false],
  ['sk_sandbox_1', 'test', false],
  ['pk_live_1', 'live', false],
  [' sk_live_1', 'live', false],
])("Stripe's key %s in mode %s is usable: %s", (STRIPE_SECRET_KEY, STRIPE_MODE, isUsable) => {
  const read = settings({ STRIPE_SECRET_KEY, STRIPE_MODE, STRIPE_WEBHOOK_SECRET: 'whsec_1' });
  expect(stripeSecrets(read)).toEqual(isUsable ? { secretKey: STRIPE_SECRET_KEY, webhookSecrets: ['whsec_1'] } : null);
});

test('treats an empty text as not set', () => {
  expect(settings({ APIFY_TOKEN: '', READ_DEADLINE_MS: '' })).toMatchObject({ READ_DEADLINE_MS: 25_000 });
  expect(settings({ APIFY_TOKEN: '' }).APIFY_TOKEN).toBeUndefined();
});

test('takes an origin with or without a slash', () => {
  expect(settings({ PUBLIC_ORIGIN: 'https://api.example.com/' }).PUBLIC_ORIGIN).toBe('https://api.example.com');
  expect(settings({ PUBLIC_ORIGIN: 'https://api.example.com' }).PUBLIC_ORIGIN).toBe('https://api.example.com');
});

test('drops trailing slashes of base URLs, but not their path', () => {
  expect(settings({ APIFY_BASE_URL: 'https://proxy.example/apify//' }).APIFY_BASE_URL).toBe('https://proxy.example/apify');
});

test('uses the providers that have a key, in the configured order', () => {
  const keys = { APIFY_TOKEN: 'a', HIKERAPI_ACCESS_KEY: 'h' };
  const media = (env: Record<string, unknown>) => withKey(settings(env).PROVIDER_ORDER_MEDIA, settings(env));
  expect(media(keys)).toEqual(['hikerapi', 'apify']);
  expect(media({ ...keys, PROVIDER_ORDER_MEDIA: 'apify, scrapecreators' })).toEqual(['apify']);
  expect(media({})).toEqual([]);
});

test("takes the contract's defaults for the transcription gateway", () => {
  expect(settings({})).toMatchObject({
    ACHRONON_AI_TRANSCRIBE_PATH: '/claudex/transcribe',
    ACHRONON_AI_TRANSCRIBE_MODEL: 'auto',
    ACHRONON_AI_TRANSCRIBE_MAX_DURATION_SEC: 180,
  });
});
