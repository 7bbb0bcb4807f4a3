/** 2010-10-06, when the platform opened. Unix seconds. */
const EARLIEST_EXPIRY = 1_286_323_200;

/** 2100-01-01. URLs live for days, so a later time is a placeholder such as ffffffff. Unix seconds. */
const LATEST_EXPIRY = 4_102_444_800;

/**
 * Returns when a media URL stops working, in unix milliseconds: its `oe` parameter holds unix seconds in hexadecimal. Null when it is
 * missing, ambiguous or not credible.
 */
export function mediaUrlExpiresAt(url: string): number | null {
  if (!URL.canParse(url)) return null;
  const [expiry, ...others] = new Set(new URL(url).searchParams.getAll('oe'));
  // Every time between the two bounds has exactly eight hexadecimal digits.
  if (expiry === undefined || others.length > 0 || !/^[0-9A-Fa-f]{8}$/.test(expiry)) return null;
  const unixSeconds = Number.parseInt(expiry, 16);
  return unixSeconds >= EARLIEST_EXPIRY && unixSeconds < LATEST_EXPIRY ? unixSeconds * 1_000 : null;
}

/**
 * The platform's content servers, as recorded responses name them: two domains and the hosts below them. Only https, without userinfo or
 * port. A backslash or a character beyond ASCII may make another program see another host, so both are refused.
 */
const PLATFORM_URL = /^https:\/\/(?:[a-z0-9-]+\.)*(?:cdninstagram\.com|fbcdn\.net)(?:[/?#][!-[\]-~]*)?$/i;

/**
 * Whether a media URL leads to the platform's own content servers. Callers and the transcription service open these URLs, so any other one
 * could lead them to a private address or to somebody else's server.
 */
export function isPlatformMediaUrl(url: string): boolean {
  return PLATFORM_URL.test(url) && URL.canParse(url);
}
