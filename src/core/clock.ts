/** Tells the time in unix milliseconds. Handed in everywhere, so that tests decide what time it is. */
export type Clock = () => number;

export const DAY_MS = 86_400_000;

/** Milliseconds to the ISO 8601 form that the API speaks. */
export function isoTime(unixMs: number): string {
  return new Date(unixMs).toISOString();
}
