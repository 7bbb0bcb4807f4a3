import { HASHTAG_CHARACTERS } from './caption.ts';

/**
 * Why a comment is low-signal, in the order in which the reasons are tested. The table in docs/reference/comment-sampling.md is checked against it.
 */
export const LOW_SIGNAL_REASONS = {
  empty: 'No text: a GIF, a sticker, or nothing but invisible characters.',
  emoji_only: 'Emoji, symbols and punctuation without a letter or digit.',
  mentions_only: 'User names and hashtags, and nothing said beside them.',
  promotion: 'An advertisement: one strong sign or two weak ones. Never the owner of the post or a verified author.',
  repeated_text: 'The same words as a better-ranked comment; the best-ranked one stays.',
} as const;

export type LowSignalReason = keyof typeof LOW_SIGNAL_REASONS;

/** The platform's limit on comments; longer text is not examined. */
const MAX_READ_CHARACTERS = 2_200;

/** Weak signs that make a promotion. One alone, a link or "write to me", is common among people. */
const PROMOTION_THRESHOLD = 2;

/** With fewer letters than this beside its link, a comment is nothing but the link. */
const FEWEST_LETTERS_BESIDE_LINK = 4;

const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;
const LETTERS_AND_DIGITS = /[\p{L}\p{N}]/gu;
/** Digits drawn as emoji: 1️⃣. */
const KEYCAPS = /[0-9#*]\uFE0F?\u20E3/gu;
const INVISIBLE = /[\s\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
const TAGS_AND_MENTIONS = new RegExp(`[@＠][A-Za-z0-9._]+|[#＃][${HASHTAG_CHARACTERS}]+`, 'gu');
const NO_LETTER_MARK_DIGIT = /[^\p{L}\p{M}\p{N}]+/gu;
/** Scripts whose characters write a syllable or a word. */
const DENSE_SCRIPT = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

const TOP_LEVEL = 'com|net|org|io|ly|me|co|shop|store|xyz|link|site|online|app|info|biz';
const LINK = new RegExp(
  `https?://[^\\s]{1,500}|(?<![\\p{L}\\p{N}@._-])(?:www\\.)?[a-z0-9-]{2,63}\\.(?:${TOP_LEVEL})(?![\\p{L}\\p{N}])(?:/[^\\s]{0,500})?`,
  'gu',
);

/** Matches whole words; `\b` knows only ASCII. Applied to NFKC text in lower case without invisible characters. */
function words(source: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{M}\\p{N}_])(?:${source})(?![\\p{L}\\p{M}\\p{N}_])`, 'u');
}

const HANDLE_OR_NUMBER = '(?:@[a-z0-9_.]{3,30}|\\+?\\d[\\d ().-]{7,18}\\d)';

/** Phrases that only advertisers use. One is enough. */
const STRONG_SIGNS: readonly RegExp[] = [
  words('(?:check|visit|see|view|look at)(?: out)? my (?:page|profile|bio|channel|account|story|stories)|(?:the )?links? in my bio'),
  words('f4f|l4l|s4s|(?:follow|like|sub) ?(?:4|for) ?(?:follow|like|sub)'),
  new RegExp('(?<![\\p{L}])promote (?:it|this|your [a-z]{2,20}) (?:on|at|to) @', 'u'),
  words(
    '(?:dm|pm|message|inbox|text|contact)(?: me| us| @[a-z0-9._]{1,30})? (?:for|to) (?:a )?(?:paid )?(?:collab|collabs|collaboration|promo|promotion|shoutout|feature)',
  ),
  new RegExp(
    `(?<![\\p{L}])(?:telegram|whats ?app|wechat)(?: (?:me|us|id|number|no|on|at)){0,2}[^\\p{L}\\p{N}@+]{0,6}${HANDLE_OR_NUMBER}`,
    'u',
  ),
  new RegExp('(?<![\\p{L}\\p{N}])(?:t\\.me|wa\\.me|chat\\.whatsapp\\.com)/[+a-z0-9_]{3,}', 'u'),
  words(
    '(?:mira|mirad|visita|checa|revisa|olha|olhem|visite|veja|confere) (?:el |o |a )?(?:mi|meu|minha) (?:perfil|p[aá]gina|bio|cuenta|conta)|s[ií]gueme y te sigo|segue que eu sigo',
  ),
  words("(?:regarde[zr]?|visite[zr]?|va voir|allez voir) (?:mon|ma) (?:profil|page|bio|compte)|abonne[- ]toi et je m['’]abonne"),
  words('(?:schau|schaut|besuch|besucht) (?:mal |doch )?(?:auf |bei )?(?:mein|meine|meinem|meiner|meinen) (?:profil|seite|bio|kanal)'),
  words('(?:guarda|guardate|visita|visitate) (?:il )?mio (?:profilo|canale)|seguimi e ti seguo'),
  words(
    '(?:cek|kunjungi|lihat) (?:bio|profil|akun) (?:aku|saya|kami|gue)|profilime (?:bak|bakın|bakar mısın)|takibe takip|karşılıklı takip',
  ),
  words(
    'взаимн(?:ая|ую|ые|ой) подписк(?:а|у|и|ой)|(?:загляни|заходи|зайди)(?:те)? (?:ко мне )?(?:в|на) (?:мой |мою )?(?:профиль|страничку|страницу|канал)',
  ),
  words('تابعني و?[اأ]تابعك|فولو مقابل فولو|متابعة متبادلة'),
  /相互フォロー|フォロバ(?:100|します|確実)|互关|互粉|加我?(?:微信|vx)|맞팔|선팔/u,
];

const WEAK_SIGNS: readonly RegExp[] = [
  new RegExp(LINK.source, 'u'),
  words(
    '(?:dm|pm|inbox|text|message|write|contact) (?:me|us)|escr[ií]beme|m[aá]ndame (?:un )?(?:dm|md|mensaje)|me chama (?:no|na) (?:dm|direct|inbox)|schreib mir|напиши(?:те)? мне',
  ),
  /\+\d[\d ().-]{8,18}\d/u,
  words('forex|bitcoins?|btc|crypto|usdt|binary options?|passive income|cash ?app|guaranteed (?:profit|returns?)'),
  words('link in (?:the )?bio|link na bio|link en (?:mi |la )?bio|lien en bio|ссылка в (?:профиле|шапке)'),
  words('follow me|follow back|follback|s[ií]gueme|me segue|seguimi|folge mir|abonne[- ]toi|подпишись на меня|تابعوني'),
];

/**
 * Returns why a comment is low-signal, or null. Repetition is not judged here, because it takes the other comments. The rules look at the
 * characters of any script; only promotion is recognised by words, and only when it is plain.
 */
export function lowSignalReason(text: string): Exclude<LowSignalReason, 'repeated_text'> | null {
  const read = text.slice(0, MAX_READ_CHARACTERS);
  if (read.replace(INVISIBLE, '') === '') return 'empty';
  const spoken = read.replace(KEYCAPS, '');
  if (!LETTER_OR_DIGIT.test(spoken)) return 'emoji_only';
  if (!LETTER_OR_DIGIT.test(spoken.replace(TAGS_AND_MENTIONS, ''))) return 'mentions_only';
  return isPromotion(read) ? 'promotion' : null;
}

/**
 * Returns the text's letters and digits without mentions, case, punctuation and spaces: equal for comments that say the same, empty when
 * nothing is left.
 */
export function textKey(text: string): string {
  return foldedText(text.slice(0, MAX_READ_CHARACTERS).replace(TAGS_AND_MENTIONS, '')).replace(NO_LETTER_MARK_DIGIT, '');
}

/**
 * Counts letters and digits; characters that write a syllable or a word count twice. Words are not counted, because not every script
 * separates them.
 */
export function letterCount(text: string): number {
  let count = 0;
  for (const [sign] of text.slice(0, MAX_READ_CHARACTERS).matchAll(LETTERS_AND_DIGITS)) count += DENSE_SCRIPT.test(sign) ? 2 : 1;
  return count;
}

function isPromotion(text: string): boolean {
  const folded = foldedText(text);
  if (STRONG_SIGNS.some((sign) => sign.test(folded))) return true;
  const beside = folded.replace(LINK, '');
  if (beside !== folded && letterCount(beside.replace(TAGS_AND_MENTIONS, '')) < FEWEST_LETTERS_BESIDE_LINK) return true;
  return WEAK_SIGNS.filter((sign) => sign.test(folded)).length >= PROMOTION_THRESHOLD;
}

/** Folds look-alike letters (ＤＭ, 𝐃𝐌) and removes joiners that hide words, independent of the locale. */
function foldedText(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '')
    .replace(/\s+/gu, ' ');
}
