import { err, ok, type Result } from '../core/result.ts';
import { SHORTCODE } from './shortcode.ts';
import { INSTAGRAM_HOSTS, MEDIA_TAILS, URL_SHAPES } from './url-shapes.ts';

/** A post or reel that an input names. `hint` is what the URL's path said; the provider tells the real type. */
export type MediaTarget = {
  readonly kind: 'media';
  readonly shortcode: string;
  readonly hint: 'post' | 'reel' | 'video' | 'unknown';
};

/** A share-sheet link. Its token is not a shortcode, so it must be resolved before the post can be read. */
export type ShareTarget = {
  readonly kind: 'share';
  /** Rebuilt from parsed parts, such as `/share/reel/BAxyz…/`; never the caller's string. */
  readonly path: string;
};

export type Target = MediaTarget | ShareTarget;

/** Fits a post URL with any tracking query seen so far. UTF-16 units. */
export const MAX_TARGET_CHARACTERS = 2_048;

/** A private post's link appends 28 characters, which grant access, to a shortcode of at most 11. */
const PRIVATE_LINK = /^[A-Za-z0-9_-]{29,39}$/;

const EXAMPLE = 'Send the URL of a public post or reel, such as https://www.instagram.com/p/SHORTCODE/.';

/** Every reason to refuse an input, with the message for the caller. */
export const TARGET_REFUSALS = {
  empty: `Nothing was given. ${EXAMPLE}`,
  too_long: `The input is longer than ${MAX_TARGET_CHARACTERS} characters. ${EXAMPLE}`,
  control_character: 'The input contains a control character, such as a tab or a line break. Send one URL on one line.',
  invisible_character:
    'The input contains an invisible character, such as a zero-width space. Type the URL again, or copy it from the address bar.',
  backslash: 'The input contains a backslash. Use forward slashes.',
  several_words: `The input has several words, and none of them is the URL of a post. ${EXAMPLE}`,
  several_targets: 'The input names several posts. Send one at a time.',
  wrapped: 'The URL is wrapped in brackets, quotes or Markdown. Send the bare URL.',
  encoded: 'The host or the path is percent-encoded, perhaps more than once. Encode the URL exactly once when you put it into a query.',
  non_ascii:
    'The host or the path has characters outside ASCII, which can imitate other characters. Type the URL with plain letters, dots and slashes.',
  user_info: 'The URL has an @ before the host, which hides the real host. Send the URL without it.',
  other_scheme:
    'Only http and https URLs are read; app links, scripts, files and data are not. Send the https://www.instagram.com/ URL of the post.',
  port: 'The URL names a port that Instagram does not use. Remove the port.',
  ip_host: 'The URL names a numeric address instead of a host. Send the https://www.instagram.com/ URL of the post.',
  lookalike_host: 'The host resembles instagram.com but is a different host. Send the https://www.instagram.com/ URL of the post.',
  other_instagram_host: 'This subdomain of instagram.com serves no posts. Send the post’s URL on www.instagram.com.',
  media_file: 'This is the URL of an image or video file, which does not identify its post. Send the URL of the post.',
  other_host: `The URL is not on instagram.com. ${EXAMPLE}`,
  malformed: `The input is neither a URL nor a shortcode. ${EXAMPLE}`,
  profile: 'This is a profile. Profiles can’t be read here; send the URL of one of its posts or reels.',
  story: 'This is a story. Stories are only shown to people who are logged in; send the URL of a post or reel.',
  highlight: 'This is a story highlight. Highlights are only shown to people who are logged in; send the URL of a post or reel.',
  explore: 'This is an explore page: a hashtag, a place or a search. Send the URL of one of the posts it lists.',
  audio_page: 'This is the page of an audio track. Send the URL of one of the reels that use it.',
  direct: 'This is a private conversation. Send the URL of the post that was shared in it.',
  account_page: 'This is a login or account page, perhaps one you were redirected to. Send the URL of the post itself.',
  other_page: 'This Instagram page is not a post or reel. A post’s URL has /p/, /reel/ or /tv/ in lower case, followed by its shortcode.',
  private_link: 'A shortcode of 29 to 39 characters opens a private account’s post. Only public posts are read.',
  bad_shortcode:
    'A shortcode has 1 to 11 letters, digits, hyphens or underscores, and outside a URL at least 5; this one does not. Copy the URL of the post again.',
  bad_share_link: 'This share link is incomplete or malformed. Copy it again, or send the URL of the post that it opens.',
  media_id: 'This is a numeric media id. Send the post’s URL or its shortcode.',
} as const;

export type TargetRefusalReason = keyof typeof TARGET_REFUSALS;

/**
 * Why an input names nothing readable. `message` never repeats the input. `targets` are two of several posts that it names, as URLs rebuilt
 * from their parsed parts.
 */
export type TargetRefusal = { readonly reason: TargetRefusalReason; readonly message: string; readonly targets?: readonly string[] };

type Parsed = Result<Target, TargetRefusal>;
type Rule = { readonly pattern: RegExp; readonly reason: TargetRefusalReason };

/** Only a URL tells a shorter code from a word. */
const BARE_SHORTCODE = /^[A-Za-z0-9_-]{5,11}$/;
const WORD = /^[A-Za-z0-9_-]+$/;
/** Tokens of 9 and 10 characters are known. Six as the least keeps `/share/reels` out. */
const SHARE_TOKEN = /^[A-Za-z0-9_-]{6,32}$/;
/** The platform's rule for usernames, except for the position of dots. */
const USERNAME = /^[A-Za-z0-9._]{1,30}$/;
const DIGITS = /^[0-9]{1,24}$/;
/** A media id of the platform's API, with the owner's id after `_`. 12 digits are more than a bare shortcode may have. */
const MEDIA_ID = /^[0-9]{12,20}(?:_[0-9]{1,20})?$/;

/** Refused anywhere in the input: a URL parser silently drops tabs and line breaks and turns backslashes into slashes. */
const FORBIDDEN_ANYWHERE: readonly Rule[] = [
  { pattern: /[\p{Cc}\u2028\u2029]/u, reason: 'control_character' },
  { pattern: /[\p{Cf}\p{Default_Ignorable_Code_Point}]/u, reason: 'invisible_character' },
  { pattern: /\\/, reason: 'backslash' },
  { pattern: /\s/, reason: 'several_words' },
];

/** Refused before the query and fragment, which are dropped. A URL parser silently turns full-width dots into dots. */
const FORBIDDEN_IN_ADDRESS: readonly Rule[] = [
  { pattern: /^[<"'`({«“‘]|^\[(?![0-9A-Fa-f:.]+\])|\]\(/, reason: 'wrapped' },
  { pattern: /[^ -~]/, reason: 'non_ascii' },
  { pattern: /%/, reason: 'encoded' },
];

/**
 * Parses what a caller wants to read: a post URL in any spelling that people and agents paste, a share link, or a bare shortcode. Refuses
 * everything else with a reason. Pure: the input itself is never fetched and never returned. A URL that is percent-encoded as a whole is
 * decoded once. A login page means the post in its `next=`. A bare word that is also the name of a page ("explore", "reels") means the page;
 * the post with that shortcode can still be named by its URL.
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
  if (malformed !== undefined) return refuse(malformed);
  const parsed = parseAddress(address);
  return !parsed.ok && parsed.error.reason === 'account_page' ? (postBehind(text.slice(address.length)) ?? parsed) : parsed;
}

/** The post that a login page or a challenge leads back to, named by a path or a URL; null when it names none. */
function postBehind(query: string): Parsed | null {
  const next = new URLSearchParams(query.split('#', 1)[0]).get('next');
  if (next === null || firstBroken(FORBIDDEN_ANYWHERE, next) !== undefined) return null;
  const address = (/^\/(?!\/)/.test(next) ? `https://www.instagram.com${next}` : next).split(/[?#]/, 1)[0] ?? '';
  const parsed = firstBroken(FORBIDDEN_IN_ADDRESS, address) === undefined ? parseAddress(address) : null;
  return parsed?.ok === true && parsed.value.kind === 'media' ? parsed : null;
}

/** A bare word is a shortcode unless it names a page or is a media id. */
function parseWord(word: string): Parsed {
  const page = PATTERNS.find(({ segments }) => segments[0]?.startsWith('{') === false && captures(segments, [word]) !== null);
  if (page?.shape.is === 'refused') return refuse(page.shape.reason);
  if (MEDIA_ID.test(word)) return refuse('media_id');
  return BARE_SHORTCODE.test(word) || PRIVATE_LINK.test(word) ? mediaTarget(word, 'unknown') : refuse('bad_shortcode');
}

/** Takes `[scheme://]host[:port][/path]`, already checked to be ASCII without percent signs, backslashes and blanks. */
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

/** Null when the authority is a host of the platform on the scheme's own port. */
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
  // Browsers take dotted, short, decimal, octal and hexadecimal spellings for an IPv4 address.
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
  return refuse(PRIVATE_LINK.test(shortcode) ? 'private_link' : 'bad_shortcode');
}

/** The URL shapes as segments; those of a post also with each tail. */
const PATTERNS = URL_SHAPES.flatMap((shape) =>
  (shape.is === 'media' ? ['', ...MEDIA_TAILS] : ['']).map((tail) => ({ shape, segments: `${shape.path}${tail}`.slice(1).split('/') })),
);

/** The values of the slots, or null when the path has another shape. */
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
