/** Upper bounds of the latency histogram, milliseconds: fine where a cached read lies, and up to a read's longest deadline. */
export const LATENCY_BOUNDS_MS = [10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 20_000, 30_000] as const;

/** The bucket above the last bound, as Prometheus names it. */
export const OVERFLOW = '+Inf';

/** How many observations fell into each bucket, by the bucket's upper bound as text; not accumulated. */
export type Buckets = Readonly<Record<string, number>>;

/** The bucket that a duration in milliseconds falls into, by its upper bound. */
export function bucketOf(milliseconds: number): string {
  const bound = LATENCY_BOUNDS_MS.find((bound) => milliseconds <= bound);
  return bound === undefined ? OVERFLOW : String(bound);
}

/** The number of observations. */
export function countOf(buckets: Buckets): number {
  return Object.values(buckets).reduce((sum, count) => sum + count, 0);
}

/**
 * The duration in milliseconds below which the share `quantile` (0 to 1) of the observations lies, taken as spread evenly inside their
 * bucket. Null without observations; what lies above the last bound is reported as that bound, since no more is known.
 */
export function quantileOf(buckets: Buckets, quantile: number): number | null {
  const total = countOf(buckets);
  if (total === 0) return null;
  const rank = quantile * total;
  let below = 0;
  let lower = 0;
  for (const upper of LATENCY_BOUNDS_MS) {
    const count = buckets[String(upper)] ?? 0;
    if (count > 0 && below + count >= rank) return Math.round(lower + ((upper - lower) * (rank - below)) / count);
    below += count;
    lower = upper;
  }
  return lower;
}
