/** 10000-01-01: from there on ISO 8601 uses a longer form, which few parsers read. */
const LATEST_TIME_MS = 253_402_300_800_000;

/** Returns null for an empty text, which vendors send for a missing one. */
export function textOrNull(value: string | null | undefined): string | null {
  return value == null || value === '' ? null : value;
}

/** Returns null for anything but a whole number from 0: vendors send −1 for a hidden count. */
export function countOrNull(value: number | null | undefined): number | null {
  return value != null && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** Returns null for anything but an http(s) URL: a client might execute a `data:` or `javascript:` URL. */
export function httpUrl(value: string | null | undefined): string | null {
  if (value == null || !/^https?:\/\//i.test(value)) return null;
  return URL.canParse(value) ? value : null;
}

/** Formats unix milliseconds as ISO 8601. Null for 0, which vendors send for an unknown time, and for years beyond 9999. */
export function isoOrNull(unixMs: number | null | undefined): string | null {
  if (unixMs == null || !(unixMs > 0 && unixMs < LATEST_TIME_MS)) return null;
  return new Date(unixMs).toISOString();
}
