/** Tells the time in unix milliseconds. Handed in everywhere, so that tests decide what time it is. */
export type Clock = () => number;

/** Milliseconds to the ISO 8601 form that the API speaks. */
export function isoTime(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

/** Whole seconds until a time, rounded up, at least 1: a caller who waits that long is not early. */
export function secondsUntil(time: number, now: number): number {
  return Math.max(1, Math.ceil((time - now) / 1_000));
}
