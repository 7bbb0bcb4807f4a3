import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import { answerInTime } from '../../core/timeout.ts';
import { isFresh, isFromFuture, type Timed } from './freshness.ts';
import type { MemoryCache } from './memory.ts';

/** What the cache needs of a key-value store: Workers KV in production. */
export interface KeyValueStore {
  get(key: string): Promise<string | null>;
  put(key: string, value: string, options: { readonly expirationTtl: number }): Promise<void>;
}

/** Workers KV refuses a shorter time to live (developers.cloudflare.com/kv/api/write-key-value-pairs). */
export const MIN_TTL_SECONDS = 60;

/** A larger value is not cached: reading it would cost more memory than a fresh read costs money. */
const MAX_VALUE_CHARS = 4_000_000;

/** A store that takes longer than this does not speed anything up. */
const STORE_TIMEOUT_MS = 2_000;

/** How an entry is written. */
export type WriteOptions = {
  /** How long the store retains it beyond its time to live. */
  readonly retainSeconds: number;
  /** `follower`: the request that made the upstream call writes the store, which accepts one write a second for each key. */
  readonly by: 'reader' | 'follower';
};

/** The content cache. A failing store, and a value of another shape, of another key or from the future, count as a miss, never as an error. */
export interface ContentCache {
  /**
   * The entry under this key, fresh or not, if it has this shape. An entry from the memory cache is returned only while it is fresh by
   * the caller's `maxAgeSeconds`; otherwise the store may hold a newer one. Entries are shared: nobody may change them.
   */
  get<T extends Timed>(key: string, schema: z.ZodType<T>, maxAgeSeconds: number | null): Promise<T | null>;
  /** Stores an entry for its `ttlSeconds` and `retainSeconds` more. Never throws; an entry that cannot be stored is dropped. */
  keep(key: string, entry: Timed, options: WriteOptions): Promise<void>;
}

/** Each value names its key, so that one found under another key is not delivered as the content of that key. Older values name none. */
const Keyed = z.object({ key: z.string() });

/** A content cache over a key-value store, with the isolate's memory cache in front; null for the store alone. */
export function createContentCache(store: KeyValueStore, memory: MemoryCache | null, clock: Clock): ContentCache {
  return {
    async get(key, schema, maxAgeSeconds) {
      const remembered = memory?.get(key, schema) ?? null;
      if (remembered !== null && isFresh(remembered, clock(), maxAgeSeconds)) return remembered;
      const text = await answerInTime(() => store.get(key), STORE_TIMEOUT_MS);
      if (text === null) return null;
      const json = parseJson(text);
      if ((Keyed.safeParse(json).data?.key ?? key) !== key) return null;
      const parsed = schema.safeParse(json);
      if (!parsed.success || isFromFuture(parsed.data, clock())) return null;
      memory?.found(key, parsed.data, { schema, chars: text.length });
      return parsed.data;
    },
    async keep(key, entry, { retainSeconds, by }) {
      if (by === 'follower' && memory === null) return;
      const text = JSON.stringify({ ...entry, key } satisfies z.infer<typeof Keyed>);
      if (text.length > MAX_VALUE_CHARS) return;
      memory?.kept(key, text, entry);
      if (by === 'follower') return;
      const expirationTtl = Math.max(MIN_TTL_SECONDS, entry.ttlSeconds + retainSeconds);
      await answerInTime(() => store.put(key, text, { expirationTtl }), STORE_TIMEOUT_MS);
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
