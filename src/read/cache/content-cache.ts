import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import { inTime, LATE } from '../../core/timeout.ts';
import { Comment } from '../../instagram/comment.ts';
import { InstagramMedia } from '../../instagram/media.ts';
import { Transcript } from '../../instagram/transcript.ts';
import { PROVIDER_IDS } from '../../providers/provider.ts';
import type { HotCopies, Timed } from './memory.ts';

/** What the cache needs of a key-value store: Workers KV in production. */
export interface KeyValueStore {
  get(key: string): Promise<string | null>;
  put(key: string, value: string, options: { readonly expirationTtl: number }): Promise<void>;
}

/** Workers KV refuses a shorter time to live (developers.cloudflare.com/kv/api/write-key-value-pairs). Seconds. */
const SHORTEST_TTL_SECONDS = 60;

/** Media addresses must still work for a caller who downloads a little later. Seconds. */
const EXPIRY_MARGIN_SECONDS = 600;

/** How long copies past their time are kept for callers who take a stale one: a week, as long as `maxStaleSeconds` may ask for. Seconds. */
export const STALE_RETENTION_SECONDS = 604_800;

/** A larger value is not cached: a read of it would cost more memory than a fresh read costs money. Characters. */
const LARGEST_VALUE_CHARS = 4_000_000;

/** The store answers within milliseconds or it is no cache. Milliseconds. */
const STORE_TIMEOUT_MS = 2_000;

/** The provider as a caller may see it. */
export const ProviderSummary = z.object({
  id: z.enum(PROVIDER_IDS),
  billedUnit: z.enum(['result', 'request', 'credit']),
  resultCount: z.int().nonnegative(),
});
export type ProviderSummary = z.infer<typeof ProviderSummary>;

/** Unix milliseconds, and how long a copy is fresh from then. */
const times = { storedAt: z.int().nonnegative(), ttlSeconds: z.int().positive() };

/** A post as it was read, or the definite news that there is none to read. */
export const MediaCopy = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('found'), ...times, provider: ProviderSummary, value: InstagramMedia }),
  z.object({ kind: z.literal('absent'), ...times, reason: z.enum(['not_found', 'private', 'login_required', 'age_restricted']) }),
]);
export type MediaCopy = z.infer<typeof MediaCopy>;

const Position = z.object({ cursor: z.string().nullable(), skip: z.int().nonnegative(), lastId: z.string().nullable() });

/** A batch of comments as it was read. */
export const CommentsCopy = z.object({
  ...times,
  provider: ProviderSummary,
  value: z.object({
    comments: z.array(Comment),
    shortfall: z.enum(['end_of_thread', 'disabled', 'deadline', 'provider_limit', 'provider_failed']).nullable(),
    next: Position.nullable(),
    order: z.enum(['ranked', 'newest', 'unknown']),
    repliesIncomplete: z.boolean(),
  }),
});
export type CommentsCopy = z.infer<typeof CommentsCopy>;

/** A transcript, or the definite news of one source that there is none. */
export const TranscriptCopy = z.object({
  ...times,
  value: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('transcript'), transcript: Transcript }),
    z.object({ kind: z.enum(['no_speech', 'too_long', 'none']) }),
  ]),
});
export type TranscriptCopy = z.infer<typeof TranscriptCopy>;

/** An output of the hosted interpretation. Its key is the hash of what went in, so it never goes out of date. */
export const ParseCopy = z.object({
  ...times,
  value: z.object({ output: z.record(z.string(), z.unknown()), model: z.string(), promptVersion: z.string() }),
});
export type ParseCopy = z.infer<typeof ParseCopy>;

/** Where a share link leads. */
export const ShareLinkCopy = z.object({
  ...times,
  shortcode: z.string().regex(/^[A-Za-z0-9_-]{5,11}$/),
  hint: z.enum(['post', 'reel', 'video', 'unknown']),
});
export type ShareLinkCopy = z.infer<typeof ShareLinkCopy>;

/** The content cache. A failing store and a value of another shape are a miss, never an error. */
export interface ContentCache {
  /**
   * The copy under this key, fresh or not, as long as it has this shape. `maxAgeSeconds` is the caller's: what the isolate remembers
   * is given only where it is fresh by that; otherwise the store may have something newer. A copy is shared: nobody may change it.
   */
  get<T extends Timed>(key: string, schema: z.ZodType<T>, maxAgeSeconds: number | null): Promise<T | null>;
  /**
   * Keeps a copy for its `ttlSeconds` and `retainSeconds` more. `by` `joiner`: whoever started the flight writes it to the store,
   * which takes one write a second of a key. Never throws; what can't be kept is not.
   */
  keep(key: string, copy: Timed, retainSeconds: number, by: 'reader' | 'joiner'): Promise<void>;
}

/** A content cache over a key-value store, with what this isolate remembers in front; null for the store alone. */
export function createContentCache(store: KeyValueStore, hot: HotCopies | null, clock: Clock): ContentCache {
  return {
    async get(key, schema, maxAgeSeconds) {
      const remembered = hot?.get(key, schema) ?? null;
      if (remembered !== null && isFresh(remembered, clock(), maxAgeSeconds)) return remembered;
      const text = await answerInTime(store.get(key));
      if (text === null) return null;
      const parsed = schema.safeParse(parseJson(text));
      if (!parsed.success) return null;
      hot?.found(key, schema, parsed.data, text.length);
      return parsed.data;
    },
    async keep(key, copy, retainSeconds, by) {
      if (by === 'joiner' && hot === null) return;
      const text = JSON.stringify(copy);
      if (text.length > LARGEST_VALUE_CHARS) return;
      hot?.kept(key, text, copy);
      if (by === 'joiner') return;
      const expirationTtl = Math.max(SHORTEST_TTL_SECONDS, copy.ttlSeconds + retainSeconds);
      await answerInTime(store.put(key, text, { expirationTtl }).then(() => null));
    },
  };
}

/** Whole seconds since a copy was read. */
export function ageSeconds(copy: Pick<Timed, 'storedAt'>, now: number): number {
  return Math.max(0, Math.floor((now - copy.storedAt) / 1_000));
}

/** Whether a copy may be served as it is: within its time, and no older than the caller allows. */
export function isFresh(copy: Timed, now: number, maxAgeSeconds: number | null): boolean {
  if (now >= copy.storedAt + copy.ttlSeconds * 1_000) return false;
  return maxAgeSeconds === null || (maxAgeSeconds > 0 && ageSeconds(copy, now) <= maxAgeSeconds);
}

/** Whether a copy may stand in when providers fail: past its time by no more than the caller allows. */
export function isServableStale(copy: Timed, now: number, maxStaleSeconds: number): boolean {
  return maxStaleSeconds > 0 && now < copy.storedAt + (copy.ttlSeconds + maxStaleSeconds) * 1_000;
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
  try {
    const answered = await inTime(answer, STORE_TIMEOUT_MS);
    return answered === LATE ? null : answered;
  } catch {
    return null;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
