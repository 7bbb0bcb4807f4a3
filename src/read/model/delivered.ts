import { z } from 'zod';
import { PROVIDER_IDS } from '../../providers/provider.ts';
import { type CacheStatus, isFresh, isServableStale, type Timed } from '../cache/freshness.ts';
import type { ReadContext } from './context.ts';

/** The provider as a caller sees it. */
export const ProviderSummary = z.object({
  id: z.enum(PROVIDER_IDS),
  billedUnit: z.enum(['result', 'request', 'credit']),
  resultCount: z.int().nonnegative(),
});
export type ProviderSummary = z.infer<typeof ProviderSummary>;

/** The times of every cache entry. */
export const entryTimes = { storedAt: z.int().nonnegative(), ttlSeconds: z.int().positive() };

/** Content with its origin. `ttlSeconds` counts from `storedAt` (unix milliseconds); null when it is not cached. */
export type Delivered<T> = {
  readonly value: T;
  readonly provider: ProviderSummary;
  readonly status: CacheStatus;
  readonly key: string;
  readonly storedAt: number;
  readonly ttlSeconds: number | null;
};

/** What the cache holds of a part: an entry to deliver as it is, and one to fall back on when every provider fails. */
export type CacheLookup<T> = { readonly hit: Delivered<T> | null; readonly stale: Delivered<T> | null };

export const EMPTY_LOOKUP = { hit: null, stale: null } as const;

/** Judges a cache entry by the freshness that the read asks for. */
export function judgeEntry<T>(
  { deps, freshness }: ReadContext,
  key: string,
  entry: Timed & { readonly value: T; readonly provider: ProviderSummary },
): CacheLookup<T> {
  const now = deps.clock();
  const { value, provider, storedAt, ttlSeconds } = entry;
  const delivered = { value, provider, key, storedAt, ttlSeconds };
  return {
    hit: isFresh(entry, now, freshness.maxAgeSeconds) ? { ...delivered, status: 'hit' } : null,
    stale: isServableStale(entry, now, freshness.maxStaleSeconds) ? { ...delivered, status: 'stale' } : null,
  };
}
