/** Upper bounds of the latency histogram: fine where cached reads lie, and up to the longest deadline of a read. */
export const LATENCY_BOUNDS_MS = [10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 20_000, 30_000] as const;

export const OVERFLOW = '+Inf';

/** Observations per bucket, keyed by its upper bound as text. Not cumulative. */
export type Buckets = Readonly<Record<string, number>>;

/** Returns the bucket of a duration, named by its upper bound. */
export function bucketOf(milliseconds: number): string {
  const bound = LATENCY_BOUNDS_MS.find((bound) => milliseconds <= bound);
  return bound === undefined ? OVERFLOW : String(bound);
}

export function countOf(buckets: Buckets): number {
  return Object.values(buckets).reduce((sum, count) => sum + count, 0);
}

/**
 * Returns the duration in milliseconds below which a share (0 to 1) of the observations lies, interpolated linearly within its bucket. Null
 * without observations; above the last bound, the last bound.
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
