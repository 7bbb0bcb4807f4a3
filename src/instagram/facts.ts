// What single facts of a vendor may be believed, whatever they belong to.

/** 10000-01-01 in unix milliseconds: ISO 8601 writes years from here on in another form, which few parsers read. */
const LATEST_TIME_MS = 253_402_300_800_000;

/** A text, or null. Vendors write an empty text where they have none. */
export function textOrNull(value: string | null | undefined): string | null {
  return value == null || value === '' ? null : value;
}

/** A count, or null: a vendor's −1 means hidden, and a fraction is no count. */
export function countOrNull(value: number | null | undefined): number | null {
  return value != null && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** An http(s) address, or null: a vendor's `data:` or `javascript:` string would be executed by somebody. */
export function httpUrl(value: string | null | undefined): string | null {
  if (value == null || !/^https?:\/\//i.test(value)) return null;
  return URL.canParse(value) ? value : null;
}

/** Unix milliseconds in ISO 8601, or null: a vendor's 0 means that it doesn't know, and a year of five digits can't be written. */
export function isoOrNull(unixMs: number | null | undefined): string | null {
  if (unixMs == null || !(unixMs > 0 && unixMs < LATEST_TIME_MS)) return null;
  return new Date(unixMs).toISOString();
}
