import { distinct } from '../core/collections.ts';

/**
 * The rules were settled by what the platform's help and its users' guides say, and where these are silent by Unicode's
 * hashtag syntax (UAX #31):
 * - a hashtag is letters, marks, digits and underscores with a letter or digit among them; digits alone are one (#80);
 * - the joiners U+200C and U+200D belong to it between letters, where Persian and Indic words are spelled with them;
 * - emoji end it, also those made of a digit or of `#` itself with a keycap;
 * - the full-width ＃ that Japanese keyboards type starts one; a full-width ＠ mentions nobody, since usernames are ASCII;
 * - tags glued to each other (#a#b) are all tags; glued to other text (a#b) they are none, nor as part of `&#39;`.
 */
const LETTER_MARK_DIGIT = '[[\\p{L}\\p{M}\\p{N}_]--[\\uFE0E\\uFE0F\\u20E3]]';

const HASHTAG = `[#＃](?=[\\p{L}\\p{N}_])(?<hashtag>(?:(?![0-9]\\uFE0F?\\u20E3)${LETTER_MARK_DIGIT}|[\\u200C\\u200D](?=[\\p{L}\\p{M}]))+)`;

/** Dots stand only between other characters, so that the one that ends a sentence stays out. */
const MENTION = '@(?<mention>[A-Za-z0-9_]+(?:\\.[A-Za-z0-9_]+)*)';

/** With a scheme, with www, or a domain with a slash. Runs to the next blank or non-ASCII character, as no tag within counts. */
const LINK =
  '[Hh][Tt][Tt][Pp][Ss]?://[!-~]+|(?<![A-Za-z0-9.@_\\-])(?:[Ww]{3}\\.[A-Za-z0-9\\-][!-~]*|(?:[A-Za-z0-9\\-]+\\.)+[A-Za-z]{2,}/[!-~]*)';

/** No alternative can match the same text in two ways and each starts at a sign or at the head of a run, so that a scan is linear. */
const ENTITY = new RegExp(`${LINK}|${HASHTAG}|${MENTION}`, 'gv');

const ENDS_IN_WORD = new RegExp(`${LETTER_MARK_DIGIT}$`, 'v');
const HAS_LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;
/** `@josé` names nobody, while in `@yuki_さん` the title follows the name without a blank. */
const STARTS_IN_LATIN_OR_MARK = /^[\p{Script=Latin}[\p{M}--[\uFE0E\uFE0F\u20E3]]]/v;

/** The platform's limit on usernames; a longer run names nobody, and cutting it would name a stranger. */
const MAX_USERNAME_CHARACTERS = 30;

/**
 * Hashtags of a caption in order of first appearance, without the sign, in the author's spelling. Two spellings that
 * differ by case or by Unicode composition are one tag. Takes time linear in the caption.
 */
export function captionHashtags(caption: string): string[] {
  return distinct(
    entities(caption).flatMap(({ hashtag }) => (hashtag === undefined ? [] : [hashtag])),
    sameName,
  );
}

/**
 * Usernames that a caption mentions, in order of first appearance, without the sign, in the author's spelling. E-mail
 * addresses and URLs mention nobody. Takes time linear in the caption.
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
      endOfMention = end;
      found.push({ hashtag: undefined, mention });
    }
  }
  return found;
}

/** Two units are enough for any one character. */
function followsWord(caption: string, index: number): boolean {
  return ENDS_IN_WORD.test(caption.slice(Math.max(0, index - 2), index));
}

function sameName(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
