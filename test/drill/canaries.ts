import { createHash } from 'node:crypto';
import { parseApiKey } from '../../src/billing/keys/api-key.ts';
import type { Settings } from '../../src/env.ts';

/** The operator key of the tests; only its hash is configured. */
export const CANARY_OPERATOR_KEY = 'c4n4ry-owner-key-3f9a1c';

/** Prefixed to every caption, comment and transcript that the fake providers return. */
export const WRITING_MARK = 'wr1t1ng';

/** Part of every error body that an upstream returns. */
export const VENDOR_MARK = 'v3nd0r-w0rds';

/** What the fake providers return instead of the URLs of pictures: a private address that nobody may be led to. */
export const FOREIGN_URL_MARK = 'http://169.254.169.254/f0r31gn/';

/** A recognisable value for each secret of the Worker. */
export const CANARY_SETTINGS = {
  OWNER_ADMIN_KEY_SHA256: createHash('sha256').update(CANARY_OPERATOR_KEY).digest('hex'),
  LIBSQL_AUTH_TOKEN: 'c4n4ry-database-token-77b1',
  APIFY_TOKEN: 'c4n4ry-apify-token-5c20',
  HIKERAPI_ACCESS_KEY: 'c4n4ry-hikerapi-key-91fe',
  SCRAPECREATORS_API_KEY: 'c4n4ry-scrapecreators-key-0d4b',
  CURSOR_SIGNING_SECRET: 'c4n4ry-cursor-secret-of-32-characters-or-more',
  STRIPE_SECRET_KEY: 'sk_test_c4n4ry_stripe_key_a8e3',
  STRIPE_WEBHOOK_SECRET: 'whsec_c4n4ry_webhook_secret_62d7',
  ACHRONON_AI_SERVICE_TOKEN: 'c4n4ry-achronon-token-e519',
  TURNSTILE_SECRET_KEY: 'c4n4ry-turnstile-secret-b6c4',
} as const satisfies Partial<Record<keyof Settings, string>>;

/** The token of the rate-limit store. */
export const CANARY_STORE_TOKEN = 'c4n4ry-upstash-token-20aa';

const SECRETS: readonly string[] = [CANARY_OPERATOR_KEY, CANARY_STORE_TOKEN, ...Object.values(CANARY_SETTINGS)];

/**
 * Where a text was found. Only a `reading`, the response of a paid read, may contain content, and only a `key_answer`, the response that
 * creates a key, may contain a secret.
 */
export type Place = 'reading' | 'key_answer' | 'answer' | 'header' | 'log' | 'content_cache' | 'database' | 'object_state';

const MAY_HOLD_WRITING: readonly Place[] = ['reading', 'content_cache'];

/** The shape of a key; lookalikes fail the checksum. */
const KEY_SHAPED = /igsk_(?:(?:live|test)_)?[0-9A-Za-z]{36,70}/g;

/** Names the kinds of forbidden content in a text, never the secret itself. */
export function leaksIn(place: Place, text: string): string[] {
  const leaks: string[] = [];
  for (const [index, secret] of SECRETS.entries()) {
    if (text.includes(secret)) leaks.push(`secret ${index} (${secret.replace(/[^a-z0-9]*c4n4ry[^a-z0-9]*/, '').slice(0, 12)}…)`);
  }
  const keys = new Set((text.match(KEY_SHAPED) ?? []).filter((key) => parseApiKey(key).ok));
  if (keys.size > (place === 'key_answer' ? 1 : 0)) leaks.push('a whole API key');
  if (!MAY_HOLD_WRITING.includes(place) && text.includes(WRITING_MARK)) leaks.push("somebody's words");
  if (text.includes(VENDOR_MARK)) leaks.push("an upstream's own error");
  if (text.includes(FOREIGN_URL_MARK)) leaks.push('a media URL that leads elsewhere than to the platform');
  return leaks;
}
