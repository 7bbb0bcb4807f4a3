import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { InstagramMedia } from '../instagram/media.ts';
import { PROVIDER_IDS } from '../providers/provider.ts';

/** What the cache needs of a key-value store: Workers KV in production. */
export interface KeyValueStore {
  get(key: string): Promise<string | null>;
  put(key: string, value: string, options: { readonly expirationTtl: number }): Promise<void>;
}

/** Workers KV refuses a shorter time to live (developers.cloudflare.com/kv/api/write-key-value-pairs). Seconds. */
export const SHORTEST_TTL_SECONDS = 60;

/** Media addresses must still work for a caller who downloads a little later. Seconds. */
export const EXPIRY_MARGIN_SECONDS = 600;

/** A larger value is not cached: a read of it would cost more memory than a fresh read costs money. Characters. */
const LARGEST_VALUE_CHARS = 4_000_000;

/** The store answers within milliseconds or it is no cache. Milliseconds. */
const STORE_TIMEOUT_MS = 2_000;

const ProviderSummary = z.object({
  id: z.enum(PROVIDER_IDS),
  billedUnit: z.enum(['result', 'request', 'credit']),
  resultCount: z.int().nonnegative(),
});
/** The provider as a caller may see it. */
export type ProviderSummary = z.infer<typeof ProviderSummary>;

const times = { storedAt: z.int().nonnegative(), ttlSeconds: z.int().positive() };

const CachedMedia = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('found'), ...times, provider: ProviderSummary, media: InstagramMedia }),
  z.object({ kind: z.literal('absent'), ...times, reason: z.enum(['not_found', 'private', 'login_required', 'age_restricted']) }),
]);
/** A post as it was read at `storedAt` (unix milliseconds), or the definite news that there is none to read. */
export type CachedMedia = z.infer<typeof CachedMedia>;

const CachedShareLink = z.object({
  ...times,
  shortcode: z.string().regex(/^[A-Za-z0-9_-]{5,11}$/),
  hint: z.enum(['post', 'reel', 'video', 'unknown']),
});
/** Where a share link leads. */
export type CachedShareLink = z.infer<typeof CachedShareLink>;

/** The content cache. A failing store, a value of another shape and a copy past its time are all a miss, never an error. */
export interface ContentCache {
  media(key: string): Promise<CachedMedia | null>;
  shareLink(key: string): Promise<CachedShareLink | null>;
  /** Keeps a value until its own `ttlSeconds` is over. Never throws; a value that can't be kept is not. */
  keep(key: string, value: CachedMedia | CachedShareLink): Promise<void>;
}

/** A content cache over a key-value store. */
export function createContentCache(store: KeyValueStore, clock: Clock): ContentCache {
  async function lookUp<T extends { storedAt: number; ttlSeconds: number }>(key: string, schema: z.ZodType<T>): Promise<T | null> {
    const text = await answerInTime(store.get(key));
    if (text === null) return null;
    const parsed = schema.safeParse(parseJson(text));
    if (!parsed.success) return null;
    return clock() < parsed.data.storedAt + parsed.data.ttlSeconds * 1_000 ? parsed.data : null;
  }
  return {
    media: (key) => lookUp(key, CachedMedia),
    shareLink: (key) => lookUp(key, CachedShareLink),
    async keep(key, value) {
      const text = JSON.stringify(value);
      if (text.length > LARGEST_VALUE_CHARS) return;
      await answerInTime(store.put(key, text, { expirationTtl: value.ttlSeconds }).then(() => null));
    },
  };
}

/**
 * Seconds a post may be kept: the policy's, but not beyond the first media address that stops working, less a margin.
 * Addresses that have already expired don't count. Null when that is too short to keep.
 */
export function mediaTtlSeconds(media: InstagramMedia, now: number, policySeconds: number): number | null {
  const ahead = media.media
    .map((asset) => (asset.expiresAt === null ? Number.NaN : Date.parse(asset.expiresAt)))
    .filter((expiry) => expiry > now)
    .map((expiry) => Math.floor((expiry - now) / 1_000) - EXPIRY_MARGIN_SECONDS);
  const ttl = Math.min(policySeconds, ...ahead);
  return ttl >= SHORTEST_TTL_SECONDS ? ttl : null;
}

/** A cache that is down must not take the read with it: a failure or a late answer is a miss. */
async function answerInTime(answer: Promise<string | null>): Promise<string | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), STORE_TIMEOUT_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
