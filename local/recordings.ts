import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { err, ok, type Result } from '../src/core/result.ts';
import { isRecord } from './exact-json.ts';
import { PAYLOAD_KINDS, type PayloadKind, type Payloads } from './payloads.ts';
import { pagesFrom, type PlacedPage, placePages } from './recorded-pages.ts';
import { pagesIn, type RecordedPage } from './recorded-page.ts';
import type { RecordingMap } from './recording-map.ts';

/** A hundred times the largest known recording. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;

/** More than this means that the wrong folder was given, such as a home folder. */
const MAX_FILES = 5_000;
const MAX_DEPTH = 12;

/** A post in a file, with its original text, so that ids beyond 2^53 keep their digits. */
type Found = {
  readonly kind: PayloadKind;
  readonly shortcode: string;
  readonly text: string;
  readonly leaves: number;
  readonly value: unknown;
};

export type Recordings = {
  readonly payloads: Payloads;
  readonly counts: Readonly<Record<PayloadKind, number>>;
  /** Comments, replies and transcripts with their shortcodes. */
  readonly pages: readonly PlacedPage[];
  /** Files without a known format. */
  readonly ignoredFiles: number;
  /** One sentence per unreadable file, named relative to the folder. */
  readonly warnings: readonly string[];
};

/**
 * Reads every .json file under `folder`. `map` assigns recordings that do not name their post. An unreadable folder or an unsuitable map
 * fails with one sentence; an unreadable file is a warning.
 */
export function readRecordings(folder: string, map: RecordingMap = {}): Result<Recordings, string> {
  const warnings: string[] = [];
  const files = listFiles(folder, folder, warnings);
  if (!files.ok) return files;
  const best = new Map(PAYLOAD_KINDS.map((kind) => [kind, new Map<string, Found>()]));
  const pages: RecordedPage[] = [];
  let ignoredFiles = 0;
  for (const file of files.value) {
    const found = readFile(folder, file, warnings);
    if (found === null) continue;
    if (found.posts.length === 0 && found.pages.length === 0) ignoredFiles += 1;
    pages.push(...found.pages);
    for (const post of found.posts) {
      const known = best.get(post.kind)?.get(post.shortcode);
      if (known === undefined || post.leaves > known.leaves) best.get(post.kind)?.set(post.shortcode, post);
    }
  }
  const shortcodes = (kind: PayloadKind) => [...(best.get(kind)?.keys() ?? [])];
  const isVideo = (kind: PayloadKind, shortcode: string) => isVideoPost(best.get(kind)?.get(shortcode)?.value);
  const placed = placePages([...pages, ...transcribedReels(best.get('apify')?.values() ?? [])], { shortcodes, isVideo }, map);
  if (!placed.ok) return placed;
  const isPost = (shortcode: string) => PAYLOAD_KINDS.some((kind) => best.get(kind)?.has(shortcode) === true);
  return ok({
    payloads: {
      find: (kind, shortcode) => best.get(kind)?.get(shortcode)?.text ?? null,
      isKnown: isPost,
      shortcodes,
      page: pagesFrom(placed.value, isPost),
    },
    counts: {
      apify: shortcodes('apify').length,
      hikerapi_v1: shortcodes('hikerapi_v1').length,
      hikerapi_v2: shortcodes('hikerapi_v2').length,
      scrapecreators: shortcodes('scrapecreators').length,
    },
    pages: placed.value,
    ignoredFiles,
    warnings,
  });
}

/** Apify's transcripts are inside the item of a reel. */
function transcribedReels(items: Iterable<Found>): readonly RecordedPage[] {
  return [...items].flatMap(({ shortcode, text, value }) =>
    isRecord(value) && typeof value['transcript'] === 'string' && value['transcript'] !== ''
      ? [{ kind: 'apify_transcript' as const, file: '', shortcode, commentId: null, text, value }]
      : [],
  );
}

/** Needed only for ScrapeCreators' transcripts. */
function isVideoPost(value: unknown): boolean {
  const data = isRecord(value) && isRecord(value['data']) ? value['data'] : value;
  const media = isRecord(data) ? data['xdt_shortcode_media'] : null;
  return isRecord(media) && typeof media['video_url'] === 'string';
}

/** Returns the posts in a text, recognised by shape; empty for other JSON. Throws a SyntaxError for invalid JSON. */
function postsIn(text: string): readonly Found[] {
  const value: unknown = JSON.parse(text);
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const texts = elementTexts(text);
    return items.flatMap((item, index) => {
      const shortcode = apifyShortcode(item);
      const itemText = texts[index];
      return shortcode === null || itemText === undefined
        ? []
        : [{ kind: 'apify', shortcode, text: itemText, leaves: countLeaves(item), value: item }];
    });
  }
  const named = classify(value);
  return named === null ? [] : [{ ...named, text: text.trim(), leaves: countLeaves(value), value }];
}

function classify(value: unknown): { readonly kind: PayloadKind; readonly shortcode: string } | null {
  if (!isRecord(value)) return null;
  const apify = apifyShortcode(value);
  if (apify !== null) return { kind: 'apify', shortcode: apify };
  const appMedia = value['media_or_ad'];
  if (isRecord(appMedia)) return named('hikerapi_v2', appMedia['code']);
  // The flat format differs from the app's own object by its caption as plain text.
  if ('pk' in value && 'media_type' in value && 'caption_text' in value) return named('hikerapi_v1', value['code']);
  const data = value['data'];
  const webMedia = isRecord(data) ? data['xdt_shortcode_media'] : value['xdt_shortcode_media'];
  return isRecord(webMedia) ? named('scrapecreators', webMedia['shortcode']) : null;
}

/** An item without a shortcode, such as the basic detail level's, cannot be looked up. */
function apifyShortcode(item: unknown): string | null {
  if (!isRecord(item) || !('ownerUsername' in item || 'type' in item)) return null;
  return named('apify', item['shortCode'])?.shortcode ?? null;
}

function named(kind: PayloadKind, shortcode: unknown): { readonly kind: PayloadKind; readonly shortcode: string } | null {
  return typeof shortcode === 'string' && /^[A-Za-z0-9_-]+$/.test(shortcode) ? { kind, shortcode } : null;
}

/** Returns the original text of each element of a JSON array. The text must be valid JSON. */
function elementTexts(text: string): readonly string[] {
  const elements: string[] = [];
  let depth = 0;
  let start = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (inString) {
      if (character === '\\') at += 1;
      else if (character === '"') inString = false;
      continue;
    }
    if (character === '"') inString = true;
    const closes = character === ']' || character === '}';
    if ((character === ',' && depth === 1) || (closes && depth === 1)) {
      elements.push(text.slice(start, at).trim());
      start = at + 1;
    }
    if (character === '[' || character === '{') {
      depth += 1;
      if (depth === 1) start = at + 1;
    }
    if (closes) depth -= 1;
  }
  return elements;
}

function countLeaves(value: unknown): number {
  if (value === null || value === undefined || value === '') return 0;
  if (typeof value !== 'object') return 1;
  return Object.values(value).reduce<number>((sum, child) => sum + countLeaves(child), 0);
}

type FileContent = { readonly posts: readonly Found[]; readonly pages: readonly RecordedPage[] };

function readFile(folder: string, file: string, warnings: string[]): FileContent | null {
  const name = relative(folder, file);
  try {
    if (statSync(file).size > MAX_FILE_BYTES) {
      warnings.push(`${name} is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB and was left out.`);
      return null;
    }
    const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
    const posts = postsIn(text);
    return { posts, pages: posts.length > 0 ? [] : pagesIn(text, name.split(sep).join('/')) };
  } catch (cause) {
    warnings.push(`${name} ${cause instanceof SyntaxError ? 'is not JSON' : 'cannot be read'} and was left out.`);
    return null;
  }
}

function listFiles(root: string, folder: string, warnings: string[]): Result<readonly string[], string> {
  const files: string[] = [];
  const pending = [{ path: folder, depth: 0 }];
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    const { path, depth } = next;
    const entries = readFolder(path);
    if (!entries.ok && path === root) return err(`The recordings folder ${root} cannot be read (${entries.error}).`);
    if (!entries.ok || depth > MAX_DEPTH) {
      warnings.push(`The folder ${relative(root, path)} ${entries.ok ? 'is nested too deeply' : 'cannot be read'} and was left out.`);
      continue;
    }
    for (const entry of entries.value) {
      if (entry.isDirectory()) pending.push({ path: join(path, entry.name), depth: depth + 1 });
      else if (entry.name.endsWith('.json')) files.push(join(path, entry.name));
    }
    if (files.length > MAX_FILES)
      return err(`The recordings folder ${root} holds more than ${MAX_FILES} JSON files, too many for a set of recordings.`);
  }
  return ok(files);
}

function readFolder(path: string) {
  try {
    return ok(readdirSync(path, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1)));
  } catch (cause) {
    return err(cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason');
  }
}
