import { distinct } from '../core/collections.ts';

/**
 * The rules follow the platform's help and its users' guides, and where these are silent Unicode's hashtag syntax (UAX #31):
 * - a hashtag is what identifiers are made of (XID_Continue: letters, marks, digits, underscores) with at least one letter or digit; digits
 *   alone are one (#80), a URL (#http://…) is none;
 * - the joiners U+200C and U+200D belong to it between letters, because Persian and Indic spelling needs them, and so do the dot of #il·lusió,
 *   the Hebrew gershayim and the Tibetan tsheg; the katakana dot ends it, as users' guides say;
 * - emoji end it, including those built from a digit or from `#` with a keycap;
 * - the full-width ＃ of Japanese keyboards starts one; a full-width ＠ starts no mention, because usernames are ASCII;
 * - tags joined to each other (#a#b) are all tags; a tag joined to other text (a#b, `&#39;`) is none;
 * - a mention is a username; an address of two hosts (@kite@social.example) names an account of another platform.
 */
const WORD_CHARACTERS = '\\p{L}\\p{M}\\p{N}\\p{Pc}\\u05F3';

/** Belong to a word only where it goes on behind them. */
const MEDIAL_CHARACTERS = '\\u00B7\\u0387\\u05F4\\u0F0B\\u0F0C\\u200C\\u200D';

/** Every character of a hashtag, for a character class of a regular expression. */
export const HASHTAG_CHARACTERS = WORD_CHARACTERS + MEDIAL_CHARACTERS;

const WORD_CHARACTER = `[[${WORD_CHARACTERS}]--[\\uFE0E\\uFE0F\\u20E3]]`;
const MEDIAL_CHARACTER = `[${MEDIAL_CHARACTERS}](?=[[\\p{L}\\p{M}]--[\\uFE0E\\uFE0F\\u20E3]])`;

const SCHEME = '[A-Za-z][A-Za-z0-9+.\\-]*://';

const HASHTAG = `[#＃](?!${SCHEME})(?=[\\p{L}\\p{N}\\p{Pc}])(?<hashtag>(?:(?![0-9]\\uFE0F?\\u20E3)${WORD_CHARACTER}|${MEDIAL_CHARACTER})+)`;

/** A dot counts only between other characters, so that the end of a sentence stays out. */
const MENTION = '@(?<mention>[A-Za-z0-9_]+(?:\\.[A-Za-z0-9_]+)*)';

/** A scheme, `www.`, or a domain with a slash; up to the next blank or non-ASCII character. Tags inside a link do not count. */
const LINK =
  '[Hh][Tt][Tt][Pp][Ss]?://[!-~]+|(?<![A-Za-z0-9.@_\\-])(?:[Ww]{3}\\.[A-Za-z0-9\\-][!-~]*|(?:[A-Za-z0-9\\-]+\\.)+[A-Za-z]{2,}/[!-~]*)';

/** Each alternative starts at a sign or at the head of a run and matches a text in one way only, so that a scan is linear. */
const ENTITY = new RegExp(`${LINK}|${HASHTAG}|${MENTION}`, 'gv');

const ENDS_IN_WORD = new RegExp(`${WORD_CHARACTER}$`, 'v');
const HAS_LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;
/** `@josé` mentions nobody, but in `@yuki_さん` a title follows the name without a blank. */
const STARTS_IN_LATIN_OR_MARK = /^[\p{Script=Latin}[\p{M}--[\uFE0E\uFE0F\u20E3]]]/v;

/** What makes the name before it the account of another platform. */
const AT_HOST = /@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}/y;

/** The platform's limit. A longer run mentions nobody: cut to size, it would name another account. */
const MAX_USERNAME_CHARACTERS = 30;

/**
 * Returns a caption's hashtags in order of first appearance, without the sign, as the author spelled them. Spellings that differ only by
 * case or Unicode composition are one tag. Linear in the caption's length.
 */
export function captionHashtags(caption: string): string[] {
  return distinct(
    entities(caption).flatMap(({ hashtag }) => (hashtag === undefined ? [] : [hashtag])),
    sameName,
  );
}

/**
 * Returns the usernames that a caption mentions, in order of first appearance, without the sign. E-mail addresses and URLs mention nobody.
 * Linear in the caption's length.
 */
export function captionMentions(caption: string): string[] {
  return distinct(
    entities(caption).flatMap(({ mention }) => (mention === undefined ? [] : [mention])),
    sameName,
  );
}

type Entity = { readonly hashtag: string | undefined; readonly mention: string | undefined };

function entities(caption: string): Entity[] {
  const found: Entity[] = [];
  let endOfHashtag = -1;
  let endOfMention = -1;
  for (const match of caption.matchAll(ENTITY)) {
    const hashtag = match.groups?.['hashtag'];
    const mention = match.groups?.['mention'];
    const start = match.index;
    const end = start + match[0].length;
    if (hashtag !== undefined) {
      const glued = start === endOfHashtag || start === endOfMention;
      if (!glued && (caption[start - 1] === '&' || followsWord(caption, start))) continue;
      if (!HAS_LETTER_OR_DIGIT.test(hashtag)) continue;
      endOfHashtag = end;
      found.push({ hashtag, mention: undefined });
    } else if (mention !== undefined) {
      if (start !== endOfHashtag && followsWord(caption, start)) continue;
      if (mention.length > MAX_USERNAME_CHARACTERS || STARTS_IN_LATIN_OR_MARK.test(caption.slice(end, end + 2))) continue;
      AT_HOST.lastIndex = end;
      if (AT_HOST.test(caption)) continue;
      endOfMention = end;
      found.push({ hashtag: undefined, mention });
    }
  }
  return found;
}

/** One character has at most two UTF-16 units. */
function followsWord(caption: string, index: number): boolean {
  return ENDS_IN_WORD.test(caption.slice(Math.max(0, index - 2), index));
}

function sameName(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
