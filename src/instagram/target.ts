import { err, ok, type Result } from '../core/result.ts';
import { INSTAGRAM_HOSTS, MEDIA_TAILS, URL_SHAPES } from './url-shapes.ts';

/** A post or reel that the input names. `hint` is what the URL's path said; what it really is, the provider tells. */
export type MediaTarget = {
  readonly kind: 'media';
  /** 5 to 11 characters of A–Z, a–z, 0–9, `_` and `-`. */
  readonly shortcode: string;
  readonly hint: 'post' | 'reel' | 'video' | 'unknown';
};

/** A share-sheet link. Its token is no shortcode, so it must be resolved before anything can be read. */
export type ShareTarget = {
  readonly kind: 'share';
  /** Rebuilt from the parsed parts, e.g. `/share/reel/BAxyz…/`; never the caller's string. */
  readonly path: string;
};

export type Target = MediaTarget | ShareTarget;

/** Enough for a post URL with any tracking query seen so far; the rest is somebody else's text. In UTF-16 units. */
export const MAX_TARGET_CHARACTERS = 2_048;

/** A public shortcode has 11 characters; a private post's link carries 28 more, which are the permission to see it. */
const PRIVATE_LINK_CHARACTERS = 11 + 28;

const EXAMPLE = 'Send the URL of a public post or reel, such as https://www.instagram.com/p/SHORTCODE/.';

/** Every reason for a refusal, with the sentence a caller gets: what was given, and what to send instead. */
export const TARGET_REFUSALS = {
  empty: `Nothing was given. ${EXAMPLE}`,
  too_long: `The input is longer than ${MAX_TARGET_CHARACTERS} characters. ${EXAMPLE}`,
  control_character: 'The input contains a control character, such as a tab or a line break. Send one URL on one line.',
  invisible_character:
    'The input contains an invisible character, such as a zero-width space. Type the URL anew or copy it from the address bar.',
  backslash: 'The input contains a backslash, which no URL of Instagram does. Use forward slashes.',
  several_words: `The input has several words. ${EXAMPLE}`,
  wrapped: 'The URL is wrapped in brackets, quotes or Markdown. Send the bare URL.',
  encoded: 'The host or the path is percent-encoded, perhaps more than once. Encode the URL exactly once when you put it into a query.',
  non_ascii:
    'The host or the path has characters outside ASCII, which can imitate others. Type the URL with plain letters, dots and slashes.',
  user_info: 'There is an @ before the host, which sends a browser somewhere else than it seems. Send the URL without it.',
  other_scheme:
    'Only http and https URLs are read; app links, scripts, files and data are not. Send the https://www.instagram.com/ URL of the post.',
  port: 'The URL names a port that Instagram does not use. Leave the port out.',
  ip_host: 'The URL names a numeric address in place of a host. Send the https://www.instagram.com/ URL of the post.',
  lookalike_host: 'The host resembles instagram.com but is another one. Send the https://www.instagram.com/ URL of the post.',
  other_instagram_host: 'This part of instagram.com holds no posts. Send the post’s URL on www.instagram.com.',
  media_file: 'This is the address of one picture or video file, which does not name its post. Send the URL of the post that shows it.',
  other_host: `The URL is not on instagram.com. ${EXAMPLE}`,
  malformed: `The input is neither a URL nor a shortcode. ${EXAMPLE}`,
  profile: 'This is a profile. Profiles can’t be read here; send the URL of one of its posts or reels.',
  story: 'This is a story. Stories are only shown to people who are logged in; send the URL of a post or reel.',
  highlight: 'This is a story highlight. Highlights are only shown to people who are logged in; send the URL of a post or reel.',
  explore: 'This is a page of explore: a hashtag, a place or a search. Send the URL of one of the posts it lists.',
  audio_page: 'This is the page of an audio track. Send the URL of one of the reels that use it.',
  direct: 'This is a private conversation. Send the URL of the post that was shared in it.',
  account_page: 'This is a login or account page, perhaps one you were redirected to. Send the URL of the post itself.',
  other_page: 'This page of Instagram is no post or reel. The URL of a post has /p/, /reel/ or /tv/ in lower case and then its shortcode.',
  private_link: `A shortcode of ${PRIVATE_LINK_CHARACTERS} characters opens a private account’s post. Only public posts are read.`,
  bad_shortcode: 'A shortcode has 5 to 11 letters, digits, hyphens or underscores; this has not. Copy the URL of the post again.',
  bad_share_link: 'This share link is incomplete or malformed. Copy it again, or send the URL of the post it opens.',
  media_id: 'This is a numeric media id. Send the post’s URL or its shortcode.',
} as const;

export type TargetRefusalReason = keyof typeof TARGET_REFUSALS;

/** Why an input names nothing that can be read. `message` is the reason's own sentence and never repeats the input. */
export type TargetRefusal = { readonly reason: TargetRefusalReason; readonly message: string };

type Parsed = Result<Target, TargetRefusal>;
type Rule = { readonly pattern: RegExp; readonly reason: TargetRefusalReason };

const SHORTCODE = /^[A-Za-z0-9_-]{5,11}$/;
const WORD = /^[A-Za-z0-9_-]+$/;
/** Seen with 9 and 10 characters; the bounds leave room and keep the rebuilt path short. Six keeps `/share/reels` out. */
const SHARE_TOKEN = /^[A-Za-z0-9_-]{6,32}$/;
/** The platform's rule for usernames, apart from where dots may stand. */
const USERNAME = /^[A-Za-z0-9._]{1,30}$/;
/** Ids of comments have 17 or 18 digits today. */
const DIGITS = /^[0-9]{1,24}$/;
/** An id as the platform's own API writes it: 12 digits are more than a bare shortcode may have, `_` joins the owner's id. */
const MEDIA_ID = /^[0-9]{12,20}(?:_[0-9]{1,20})?$/;

/** Refused wherever they stand. A URL parser drops tabs and line breaks and turns backslashes into slashes, silently. */
const FORBIDDEN_ANYWHERE: readonly Rule[] = [
  { pattern: /[\p{Cc}\u2028\u2029]/u, reason: 'control_character' },
  { pattern: /[\p{Cf}\p{Default_Ignorable_Code_Point}]/u, reason: 'invisible_character' },
  { pattern: /\\/, reason: 'backslash' },
  { pattern: /\s/, reason: 'several_words' },
];

/** Refused before the query and fragment, which are dropped. A URL parser turns full-width dots into dots, silently. */
const FORBIDDEN_IN_ADDRESS: readonly Rule[] = [
  { pattern: /^[<"'`({«“‘]|^\[(?![0-9A-Fa-f:.]+\])|\]\(/, reason: 'wrapped' },
  { pattern: /[^ -~]/, reason: 'non_ascii' },
  { pattern: /%/, reason: 'encoded' },
];

/**
 * Recognises what a caller wants read, in any spelling people and agents paste: a post's URL or a bare shortcode. Pure; the
 * string itself is never fetched and never part of the outcome. Two spellings are decided here: a URL that arrives
 * percent-encoded as a whole is decoded, once; a bare word that is also the name of a page ("explore", "reels") is that
 * page, and the post of this shortcode can still be named by its URL.
 */
export function parseTarget(input: string): Result<Target, TargetRefusal> {
  if (input.length > MAX_TARGET_CHARACTERS) return refuse('too_long');
  const text = input.trim();
  if (text === '') return refuse('empty');
  if (!/^https?%3a%2f%2f/i.test(text)) return parseText(text);
  const decoded = decodeOnce(text);
  return decoded === null ? refuse('encoded') : parseText(decoded);
}

function parseText(text: string): Parsed {
  const forbidden = firstBroken(FORBIDDEN_ANYWHERE, text);
  if (forbidden !== undefined) return refuse(forbidden);
  if (WORD.test(text)) return parseWord(text);
  if (text.startsWith('#')) return refuse('explore');
  if (text.startsWith('@') && USERNAME.test(text.slice(1))) return refuse('profile');
  const address = text.split(/[?#]/, 1)[0] ?? '';
  const malformed = firstBroken(FORBIDDEN_IN_ADDRESS, address);
  return malformed === undefined ? parseAddress(address) : refuse(malformed);
}

/** A word alone: a shortcode, unless it is the name of a page or an id. */
function parseWord(word: string): Parsed {
  const page = PATTERNS.find(({ segments }) => segments[0]?.startsWith('{') === false && captures(segments, [word]) !== null);
  if (page?.shape.is === 'refused') return refuse(page.shape.reason);
  return MEDIA_ID.test(word) ? refuse('media_id') : mediaTarget(word, 'unknown');
}

/** `[scheme://]host[:port][/path]`, known to be ASCII without percent signs, backslashes and blanks. */
function parseAddress(address: string): Parsed {
  const scheme = /^(?:(https?):)?\/\/(?!\/)/i.exec(address);
  const rest = scheme === null ? address : address.slice(scheme[0].length);
  const slash = rest.indexOf('/');
  const authority = slash === -1 ? rest : rest.slice(0, slash);
  if (authority.includes('@')) return refuse('user_info');
  if (scheme === null && /^[a-z][a-z0-9+-]*:(?![0-9]+(?:\/|$))|^[a-z][a-z0-9+.-]*:\/\//i.test(address)) {
    return refuse(/^https?:/i.test(address) ? 'malformed' : 'other_scheme');
  }
  if (authority === '') return refuse('malformed');
  const broken = authorityRefusal(authority.toLowerCase(), scheme?.[1]?.toLowerCase());
  if (broken !== null) return refuse(broken);
  return parsePath(
    slash === -1
      ? []
      : rest
          .slice(slash)
          .split('/')
          .filter((segment) => segment !== ''),
  );
}

/** Null when the authority is one of the platform's hosts on its scheme's own port. */
function authorityRefusal(authority: string, scheme: string | undefined): TargetRefusalReason | null {
  if (authority.startsWith('[') || /^[0-9a-f]*:[0-9a-f.]*:[0-9a-f:.]*$/.test(authority)) return 'ip_host';
  const [host = '', port, ...more] = authority.split(':');
  if (more.length > 0) return 'malformed';
  if (!INSTAGRAM_HOSTS.includes(host)) return foreignHost(host);
  if (port === undefined) return null;
  const ownPorts = { http: ['80'], https: ['443'], none: ['80', '443'] };
  return ownPorts[scheme === 'http' || scheme === 'https' ? scheme : 'none'].includes(port) ? null : 'port';
}

function foreignHost(host: string): TargetRefusalReason {
  // Dotted, short, decimal, octal and hexadecimal spellings: browsers take all of them for an IPv4 address.
  if (/^(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+))*\.?$/.test(host)) return 'ip_host';
  if (/(?:^|\.)(?:cdninstagram\.com|fbcdn\.net)$/.test(host)) return 'media_file';
  if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.instagram\.com$/.test(host) && !host.includes('xn--')) return 'other_instagram_host';
  if (/nstagr|xn--/.test(host)) return 'lookalike_host';
  return host.includes('.') ? 'other_host' : 'malformed';
}

function parsePath(path: readonly string[]): Parsed {
  if (path.length === 0) return refuse('other_page');
  if (path.includes('.') || path.includes('..')) return refuse('malformed');
  for (const { segments, shape } of PATTERNS) {
    const found = captures(segments, path);
    if (found === null) continue;
    switch (shape.is) {
      case 'media':
        return mediaTarget(found['shortcode'] ?? '', shape.hint);
      case 'share':
        return SHARE_TOKEN.test(found['token'] ?? '') ? ok({ kind: 'share', path: `/${path.join('/')}/` }) : refuse('bad_share_link');
      case 'refused':
        return refuse(shape.reason);
    }
  }
  return refuse('other_page');
}

function mediaTarget(shortcode: string, hint: MediaTarget['hint']): Parsed {
  if (SHORTCODE.test(shortcode)) return ok({ kind: 'media', shortcode, hint });
  return refuse(WORD.test(shortcode) && shortcode.length === PRIVATE_LINK_CHARACTERS ? 'private_link' : 'bad_shortcode');
}

/** The shapes split into segments, those of a post once more with each tail. */
const PATTERNS = URL_SHAPES.flatMap((shape) =>
  (shape.is === 'media' ? ['', ...MEDIA_TAILS] : ['']).map((tail) => ({ shape, segments: `${shape.path}${tail}`.slice(1).split('/') })),
);

/** What stood in the slots, or null when the path has another shape. */
function captures(segments: readonly string[], path: readonly string[]): Readonly<Record<string, string>> | null {
  const found: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    if (segment === '**') return found;
    const given = path[index];
    if (given === undefined || !fits(segment, given)) return null;
    if (segment.startsWith('{')) found[segment.slice(1, -1)] = given;
  }
  return segments.length === path.length ? found : null;
}

function fits(segment: string, given: string): boolean {
  switch (segment) {
    case '{shortcode}':
    case '{token}':
      return true; // judged by the caller, who has a better reason than "no such page"
    case '{username}':
      return USERNAME.test(given);
    case '@{username}':
      return given.startsWith('@') && USERNAME.test(given.slice(1));
    case '{digits}':
      return DIGITS.test(given);
  }
  return segment.split('|').includes(given);
}

function firstBroken(rules: readonly Rule[], text: string): TargetRefusalReason | undefined {
  return rules.find(({ pattern }) => pattern.test(text))?.reason;
}

function decodeOnce(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null; // a stray percent sign
  }
}

function refuse(reason: TargetRefusalReason): { readonly ok: false; readonly error: TargetRefusal } {
  return err({ reason, message: TARGET_REFUSALS[reason] });
}
