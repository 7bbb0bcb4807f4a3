/** Returns the current time in unix milliseconds. Injected everywhere, so that tests control time. */
export type Clock = () => number;

export const DAY_MS = 86_400_000;

/** Formats a time for the API, in ISO 8601. */
export function isoTime(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

/** Whole seconds until a time, rounded up, at least 1: a caller who waits that long is not early. */
export function secondsUntil(time: number, now: number): number {
  return Math.max(1, Math.ceil((time - now) / 1_000));
}
