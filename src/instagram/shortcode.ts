/** The platform's digits in order of their value. */
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const BITS_PER_DIGIT = 6n;

/** The shortcode of a public post. The first posts have codes of a few characters. */
export const SHORTCODE = /^[A-Za-z0-9_-]{1,11}$/;

/** What a private post's link appends to the shortcode. It grants access and is not part of the number. */
const PRIVATE_LINK_CHARACTERS = 28;

/** Eleven digits of six bits. Current ids have 62 bits. */
const MEDIA_ID_LIMIT = 1n << 66n;

/**
 * Decodes a shortcode to its media id in decimal; a string, because ids exceed 2^53. What a private post's link appends does not count.
 * Throws on an empty text or an invalid character: shortcodes are validated before.
 */
export function mediaIdFromShortcode(shortcode: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(shortcode)) throw new RangeError('not a shortcode');
  const digits = shortcode.length > PRIVATE_LINK_CHARACTERS ? shortcode.slice(0, -PRIVATE_LINK_CHARACTERS) : shortcode;
  let id = 0n;
  for (const digit of digits) id = (id << BITS_PER_DIGIT) | BigInt(DIGITS.indexOf(digit));
  return id.toString();
}

/**
 * Encodes a decimal media id as a shortcode without leading zeros (`A`). Ignores an owner's id appended as `pk_userid`. Throws on anything
 * else, and on an id that 11 characters cannot hold.
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
