import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { err, ok, type Result } from '../src/result.ts';
import { PAYLOAD_KINDS, type PayloadKind, type Payloads } from './payloads.ts';

/** The largest file that is read, in bytes: a hundred times the largest recording known. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;

/** More files or deeper folders than these mean that the wrong folder was given, such as a home folder. */
const MAX_FILES = 5_000;
const MAX_DEPTH = 12;

/** One post found in a file: its original text, so that ids beyond 2^53 are served digit by digit. */
type Found = { readonly kind: PayloadKind; readonly shortcode: string; readonly text: string; readonly leaves: number };

/** What a folder of recordings holds. */
export type Recordings = {
  readonly payloads: Payloads;
  /** Different shortcodes for each kind. */
  readonly counts: Readonly<Record<PayloadKind, number>>;
  /** Files that hold no post of a known shape. */
  readonly ignoredFiles: number;
  /** One sentence a file that could not be read, naming it relative to the folder. */
  readonly warnings: readonly string[];
};

/** Reads every .json file under `folder`. An unreadable folder is refused in one sentence; an unreadable file is a warning. */
export function readRecordings(folder: string): Result<Recordings, string> {
  const warnings: string[] = [];
  const files = listFiles(folder, folder, warnings);
  if (!files.ok) return files;
  const best = new Map(PAYLOAD_KINDS.map((kind) => [kind, new Map<string, Found>()]));
  let ignoredFiles = 0;
  for (const file of files.value) {
    const found = readFile(folder, file, warnings);
    if (found === null) continue;
    if (found.length === 0) ignoredFiles += 1;
    for (const post of found) {
      const known = best.get(post.kind)?.get(post.shortcode);
      if (known === undefined || post.leaves > known.leaves) best.get(post.kind)?.set(post.shortcode, post);
    }
  }
  const count = (kind: PayloadKind) => best.get(kind)?.size ?? 0;
  return ok({
    payloads: {
      find: (kind, shortcode) => best.get(kind)?.get(shortcode)?.text ?? null,
      shortcodes: (kind) => [...(best.get(kind)?.keys() ?? [])],
    },
    counts: {
      apify: count('apify'),
      hikerapi_v1: count('hikerapi_v1'),
      hikerapi_v2: count('hikerapi_v2'),
      scrapecreators: count('scrapecreators'),
    },
    ignoredFiles,
    warnings,
  });
}

/** The posts in a file's text, by shape. An empty list for JSON of any other shape; throws a SyntaxError for what isn't JSON. */
export function postsIn(text: string): readonly Found[] {
  const value: unknown = JSON.parse(text);
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const texts = elementTexts(text);
    return items.flatMap((item, index) => {
      const shortcode = apifyShortcode(item);
      const itemText = texts[index];
      return shortcode === null || itemText === undefined ? [] : [{ kind: 'apify', shortcode, text: itemText, leaves: countLeaves(item) }];
    });
  }
  const named = classify(value);
  return named === null ? [] : [{ ...named, text: text.trim(), leaves: countLeaves(value) }];
}

function classify(value: unknown): { readonly kind: PayloadKind; readonly shortcode: string } | null {
  if (!isRecord(value)) return null;
  const apify = apifyShortcode(value);
  if (apify !== null) return { kind: 'apify', shortcode: apify };
  const appMedia = value['media_or_ad'];
  if (isRecord(appMedia)) return named('hikerapi_v2', appMedia['code']);
  // The flat form is told from the app's own object by the caption in one text.
  if ('pk' in value && 'media_type' in value && 'caption_text' in value) return named('hikerapi_v1', value['code']);
  const data = value['data'];
  const webMedia = isRecord(data) ? data['xdt_shortcode_media'] : value['xdt_shortcode_media'];
  return isRecord(webMedia) ? named('scrapecreators', webMedia['shortcode']) : null;
}

/** An item without a shortcode (the basic detail level leaves it out) can't be looked up. */
function apifyShortcode(item: unknown): string | null {
  if (!isRecord(item) || !('ownerUsername' in item || 'type' in item)) return null;
  return named('apify', item['shortCode'])?.shortcode ?? null;
}

function named(kind: PayloadKind, shortcode: unknown): { readonly kind: PayloadKind; readonly shortcode: string } | null {
  return typeof shortcode === 'string' && /^[A-Za-z0-9_-]+$/.test(shortcode) ? { kind, shortcode } : null;
}

/** The original text of each element of a JSON array. The text is known to be valid JSON. */
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

/** How much a payload says: its values that are neither null nor empty. */
function countLeaves(value: unknown): number {
  if (value === null || value === undefined || value === '') return 0;
  if (typeof value !== 'object') return 1;
  return Object.values(value).reduce<number>((sum, child) => sum + countLeaves(child), 0);
}

function readFile(folder: string, file: string, warnings: string[]): readonly Found[] | null {
  const name = relative(folder, file);
  try {
    if (statSync(file).size > MAX_FILE_BYTES) {
      warnings.push(`${name} is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB and was left out.`);
      return null;
    }
    return postsIn(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
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
      return err(`The recordings folder ${root} holds more than ${MAX_FILES} JSON files, which no set of recordings does.`);
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

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
