/** When a cache entry was read (unix milliseconds), and how long it is fresh from then. */
export type Timed = { readonly storedAt: number; readonly ttlSeconds: number };

/**
 * How old an answer may be, in seconds: an entry older than `maxAgeSeconds` is read anew, and one expired for at most `maxStaleSeconds`
 * is served when every provider fails.
 */
export type Freshness = { readonly maxAgeSeconds: number | null; readonly maxStaleSeconds: number };

/** Where a part came from: a fresh cache entry, a provider, or an expired entry because every provider failed. */
export type CacheStatus = 'hit' | 'miss' | 'stale';

/** How long expired entries are retained for callers who accept stale ones: the largest `maxStaleSeconds` there is, a week. */
export const STALE_RETENTION_SECONDS = 604_800;

/** How far the clocks of two isolates may differ. */
const CLOCK_SKEW_MS = 5_000;

/** Whether an entry claims to have been read later than now, so that nothing is known of its age. */
export function isFromFuture(entry: Pick<Timed, 'storedAt'>, now: number): boolean {
  return entry.storedAt > now + CLOCK_SKEW_MS;
}

/** Whole seconds since an entry was read. */
export function ageSeconds(entry: Pick<Timed, 'storedAt'>, now: number): number {
  return Math.max(0, Math.floor((now - entry.storedAt) / 1_000));
}

/** Whether an entry may be served as it is: within its time to live, and no older than the caller allows. */
export function isFresh(entry: Timed, now: number, maxAgeSeconds: number | null): boolean {
  if (isFromFuture(entry, now) || now >= entry.storedAt + entry.ttlSeconds * 1_000) return false;
  return maxAgeSeconds === null || (maxAgeSeconds > 0 && ageSeconds(entry, now) <= maxAgeSeconds);
}

/** Whether an entry may be served when every provider fails: expired for no longer than the caller allows. */
export function isServableStale(entry: Timed, now: number, maxStaleSeconds: number): boolean {
  return maxStaleSeconds > 0 && !isFromFuture(entry, now) && now < entry.storedAt + (entry.ttlSeconds + maxStaleSeconds) * 1_000;
}
