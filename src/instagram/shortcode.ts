/** The platform's base64url digits by value. */
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const BITS_PER_DIGIT = 6n;

/** A public shortcode has at most 11 characters; what follows in a private post's link is no part of the number. */
const MAX_SHORTCODE_CHARACTERS = 11;

/** Eleven digits of six bits. Ids of today have 62 bits. */
const MEDIA_ID_LIMIT = 1n << 66n;

/**
 * Turns a shortcode into the media id it spells, in decimal; a string, because ids exceed 2^53. Only the first 11
 * characters count. Throws on an empty text or another character: a shortcode is checked before it comes here.
 */
export function mediaIdFromShortcode(shortcode: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(shortcode)) throw new RangeError('not a shortcode');
  let id = 0n;
  for (const digit of shortcode.slice(0, MAX_SHORTCODE_CHARACTERS)) id = (id << BITS_PER_DIGIT) | BigInt(DIGITS.indexOf(digit));
  return id.toString();
}

/**
 * Turns a decimal media id into its shortcode, without leading zeros (`A`). Of an id that carries its owner's, as in
 * `pk_userid`, what precedes the `_` counts. Throws on anything else, and on an id that 11 characters can't hold.
 */
export function shortcodeFromMediaId(id: string): string {
  const pk = /^(0|[1-9][0-9]{0,19})(?:_[0-9]{1,20})?$/.exec(id)?.[1];
  if (pk === undefined) throw new RangeError('not a media id');
  let rest = BigInt(pk);
  if (rest >= MEDIA_ID_LIMIT) throw new RangeError('a media id that no shortcode spells');
  let shortcode = '';
  do {
    shortcode = DIGITS.charAt(Number(rest & 63n)) + shortcode;
    rest >>= BITS_PER_DIGIT;
  } while (rest > 0n);
  return shortcode;
}
