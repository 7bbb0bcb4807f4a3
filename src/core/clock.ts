/** Returns the current time in unix milliseconds. Injected everywhere, so that tests control time. */
export type Clock = () => number;

export const DAY_MS = 86_400_000;

/** Formats a time for the API, in ISO 8601. */
export function isoTime(unixMs: number): string {
  return new Date(unixMs).toISOString();
}
