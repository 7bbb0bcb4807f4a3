/** Tells the time in unix milliseconds. Handed in everywhere, so that tests decide what time it is. */
export type Clock = () => number;

/** Milliseconds to the ISO 8601 form that the API speaks. */
export function isoTime(unixMs: number): string {
  return new Date(unixMs).toISOString();
}
