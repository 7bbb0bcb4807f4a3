import { err, ok, type Result } from '../../core/result.ts';
import { canonicalUrl } from '../media.ts';
import {
  MAX_TARGET_CHARACTERS,
  parseTarget,
  TARGET_REFUSALS,
  type Target,
  type TargetRefusal,
  type TargetRefusalReason,
} from '../target.ts';
import { addressesIn, wordsIn } from './addresses.ts';
import { mirrorOf } from './mirrors.ts';

/** What a pasted text names. `mirror` is the host of the mirror that its only link leads to; null for a link of the platform. */
export type FoundTarget = { readonly target: Target; readonly mirror: string | null };

type Finding = Result<FoundTarget, TargetRefusal>;

/** Tabs and the line breaks of all systems. A URL may end there, or go on in the next line. */
const BREAK = /[\t\n\v\f\r\u0085\u2028\u2029]+[ >]*/g;

/** Each break is read in two ways; a text with more of them is no URL that was wrapped. */
const MAX_BREAKS = 8;

/** A URL arrives encoded once more than necessary where a program encodes what is encoded already. */
const MAX_DECODINGS = 2;

const OTHER_CONTROL = /[[\p{Cc}]--[\t\n\v\f\r\u0085]]/v;
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
/** Slashes in JSON, underscores in Markdown, and escapes that nobody resolved. */
const ESCAPED = /\\([/_.-])|\\["'nrt]/g;
const QUOTES = /^["'`“”„‘’«»]+|["'`“”„‘’«»]+$/g;
const TRAILING = /[.,;:!?*~=+^$\u3002\uFF0E\uFF61]+$/;
const EMPHASIS = /[*_~.,;:!?]+$|(?<=\/)[^A-Za-z0-9/]+$/;
/** What follows the path of a URL that lost its question mark. */
const SPILLED = /^([^?#&;]*)[&;].*$/s;

/** Only a URL that goes on, or ends the text, shows that a code of so few characters was not cut. */
const SHORT_CODE_AT_END = /\/[A-Za-z0-9_-]{1,4}$/;
/** A program that shows a part of a URL ends it with dots. */
const SHORTENED = /\/[A-Za-z0-9_-]{1,10}\.{2,}$/;

/** Tokens of share links have nine or ten characters, so a longer one that spans a line break has a word of the next line. */
const MAX_WRAPPED_SHARE_TOKEN = 10;

/**
 * Finds the one post that a pasted text names: a URL among words, punctuation, brackets, quotes or Markdown, with invisible characters or line
 * breaks in it, encoded up to twice more, with anything behind its path, also a URL of a known mirror; or what `parseTarget` takes.
 * Refuses two different targets and names both, and refuses a text with a URL that imitates the platform's. Pure: nothing is fetched.
 */
export function findTarget(pasted: string): Finding {
  const asIs = parseTarget(pasted);
  if (pasted.length > MAX_TARGET_CHARACTERS || OTHER_CONTROL.test(pasted)) return withoutMirror(asIs);
  const text = pasted
    .replace(INVISIBLE, '')
    .replaceAll('…', '...')
    .replace(ESCAPED, (_escape, character: string | undefined) => character ?? ' ')
    .trim();
  const { targets, refusals } = readingsOf(text);
  const disguised = refusals.find(isDisguise);
  if (disguised !== undefined) return err(disguised);
  const [first, second] = targets;
  if (second !== undefined && first !== undefined) return err(severalTargets(first.target, second.target));
  if (first !== undefined) return ok(first);
  if (asIs.ok) return withoutMirror(asIs);
  const bare = parseTarget(text.replace(QUOTES, ''));
  if (bare.ok) return withoutMirror(bare);
  return err(refusals[0] ?? asIs.error);
}

type Readings = { readonly targets: readonly FoundTarget[]; readonly refusals: readonly TargetRefusal[] };

/** Reads a text with each of its breaks as a blank, then with each of them as nothing. */
function readingsOf(text: string): Readings {
  const breaks = [...text.matchAll(BREAK)];
  const whole = findingsIn(text.replace(BREAK, ' '), MAX_DECODINGS);
  const joined =
    breaks.length === 0 || breaks.length > MAX_BREAKS ? [] : [text.replace(BREAK, ''), ...breaks.map((at) => joinedAt(text, at))];
  const wrapped = joined
    .flatMap((reading) => findingsIn(reading, MAX_DECODINGS))
    .filter((finding) => finding.ok && mayBeWrapped(finding.value));
  const findings = [...whole, ...wrapped];
  return {
    targets: distinctTargets(findings.flatMap((finding) => (finding.ok ? [finding.value] : []))),
    refusals: findings.flatMap((finding) => (finding.ok ? [] : [finding.error])),
  };
}

function joinedAt(text: string, { index, 0: found }: RegExpExecArray): string {
  return (text.slice(0, index) + text.slice(index + found.length)).replace(BREAK, ' ');
}

function mayBeWrapped({ target }: FoundTarget): boolean {
  return target.kind === 'media' || (target.path.split('/').at(-2) ?? '').length <= MAX_WRAPPED_SHARE_TOKEN;
}

/** What the addresses in a text name. Of other hosts, only those that imitate the platform matter. */
function findingsIn(text: string, decodings: number): Finding[] {
  const words = wordsIn(text);
  return words.flatMap((word, index) => {
    const isLast = index === words.length - 1;
    const addresses = addressesIn(word);
    if (!addresses.some(({ isOwn }) => isOwn)) {
      const behind = findingsBehind(word, decodings);
      return behind.length > 0 ? behind : addresses.flatMap((address) => foreignFindings(address.text));
    }
    return addresses.flatMap((address) => {
      const finding = ownFinding(address.text, isLast);
      const behind = !finding.ok && finding.error.reason === 'encoded' ? findingsBehind(address.text, decodings) : [];
      return behind.length > 0 ? behind : [finding];
    });
  });
}

/** What a text names when its percent signs are decoded; nothing where there are none. */
function findingsBehind(text: string, decodings: number): Finding[] {
  const decoded = decodings === 0 ? text : decode(text);
  return decoded === text ? [] : findingsIn(decoded, decodings - 1);
}

function ownFinding(address: string, isLast: boolean): Finding {
  const mirror = mirrorOf(address);
  const url = mirror?.original ?? address;
  if (SHORTENED.test(url)) return refuse('bad_shortcode');
  const trimmed = url.replace(TRAILING, '');
  for (const candidate of [url, trimmed, trimmed.replace(EMPHASIS, ''), trimmed.replace(SPILLED, '$1')]) {
    const parsed = parseTarget(candidate);
    if (!parsed.ok) continue;
    const mayBeCut = !isLast && parsed.value.kind === 'media' && SHORT_CODE_AT_END.test(candidate);
    return mayBeCut ? refuse('bad_shortcode') : ok({ target: parsed.value, mirror: mirror?.host ?? null });
  }
  return withoutMirror(parseTarget(trimmed));
}

/** Nothing where another host does not imitate the platform, whatever it names. */
function foreignFindings(address: string): Finding[] {
  const parsed = parseTarget(address.replace(TRAILING, ''));
  return !parsed.ok && isDisguise(parsed.error) ? [parsed] : [];
}

function isDisguise({ reason }: TargetRefusal): boolean {
  return reason === 'lookalike_host' || reason === 'user_info';
}

/** Decodes what can be decoded: a text may hold percent signs of its own. */
function decode(text: string): string {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}

/** One post at several addresses is one target; an address of the platform counts before that of a mirror. */
function distinctTargets(found: readonly FoundTarget[]): FoundTarget[] {
  const distinct = new Map<string, FoundTarget>();
  for (const one of found) {
    const name = one.target.kind === 'media' ? one.target.shortcode : one.target.path;
    const known = distinct.get(name);
    if (known === undefined || (known.mirror !== null && one.mirror === null)) distinct.set(name, one);
  }
  return [...distinct.values()];
}

function severalTargets(first: Target, second: Target): TargetRefusal {
  const targets = [urlOf(first), urlOf(second)];
  return { reason: 'several_targets', message: `${TARGET_REFUSALS.several_targets} These were found: ${targets.join(' and ')}.`, targets };
}

function urlOf(target: Target): string {
  if (target.kind === 'share') return `https://www.instagram.com${target.path}`;
  return canonicalUrl(target.shortcode, target.hint === 'reel' ? 'reel' : 'image');
}

function withoutMirror(parsed: Result<Target, TargetRefusal>): Finding {
  return parsed.ok ? ok({ target: parsed.value, mirror: null }) : parsed;
}

function refuse(reason: TargetRefusalReason): Finding {
  return err({ reason, message: TARGET_REFUSALS[reason] });
}
