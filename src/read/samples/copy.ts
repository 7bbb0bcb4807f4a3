import type { CacheStatus } from '../cache/freshness.ts';
import type { Delivered } from '../model/delivered.ts';

export const SAMPLE_TTL_SECONDS = 21_600;

/** A hit is within its time to live, a stale sample past it. */
export const SAMPLE_AGE_SECONDS = { miss: 0, hit: 600, stale: SAMPLE_TTL_SECONDS + 600 } as const satisfies Record<CacheStatus, number>;

export const SAMPLE_PROVIDER = { id: 'scrapecreators', billedUnit: 'credit', resultCount: 1 } as const;

/** Gives invented content the origin that the sample has. */
export function sampleCopy<T>(
  part: string,
  value: T,
  { shortcode, status, now }: { readonly shortcode: string; readonly status: CacheStatus; readonly now: number },
): Delivered<T> {
  const storedAt = now - SAMPLE_AGE_SECONDS[status] * 1_000;
  return { value, provider: SAMPLE_PROVIDER, status, key: `sandbox:${part}:${shortcode}`, storedAt, ttlSeconds: SAMPLE_TTL_SECONDS };
}
