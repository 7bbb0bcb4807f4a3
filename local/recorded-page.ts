import { shortcodeFromMediaId } from '../src/instagram/shortcode.ts';
import { idText, isRecord, parseExactly } from './exact-json.ts';
import type { PageKind } from './payloads.ts';

/** Comments, replies or a transcript from a file, with what they say about their post. */
export type RecordedPage = {
  readonly kind: PageKind;
  /** Path relative to the folder of recordings. */
  readonly file: string;
  /** Null when the file does not name its post. */
  readonly shortcode: string | null;
  /** The parent of replies. */
  readonly commentId: string | null;
  readonly text: string;
  /** The parsed text, with all digits. */
  readonly value: unknown;
};

type Recognised = Omit<RecordedPage, 'file' | 'text' | 'value'>;

/** Recognises comments, replies and transcripts by their shape; empty for anything else. The text must be valid JSON. */
export function pagesIn(text: string, file: string): readonly RecordedPage[] {
  const value = parseExactly(text);
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return items.length > 0 && items.every(isApifyComment) ? apifyPages(items, file) : one(listPage(items), text, file, value);
  }
  return one(isRecord(value) ? objectPage(value) : null, text, file, value);
}

/** Returns the vendor's cursor of the next page; null on the last. */
export function nextCursorOf({ kind, value }: RecordedPage): string | null {
  const cursor =
    kind === 'hikerapi_v1_comments' && Array.isArray(value)
      ? value[1]
      : isRecord(value)
        ? (value['next_page_id'] ?? value['cursor'])
        : null;
  return typeof cursor === 'string' && cursor !== '' ? cursor : null;
}

export function scrapedComments(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return isRecord(value) ? recordsIn(value['comments']) : [];
}

function one(recognised: Recognised | null, text: string, file: string, value: unknown): readonly RecordedPage[] {
  return recognised === null ? [] : [{ ...recognised, file, text: text.trim(), value }];
}

/** Some lists contain comments of several posts. */
function apifyPages(items: readonly unknown[], file: string): readonly RecordedPage[] {
  const byPost = Map.groupBy(items, apifyShortcode);
  return [...byPost].flatMap(([shortcode, comments]) =>
    shortcode === null
      ? []
      : [{ kind: 'apify_comments' as const, file, shortcode, commentId: null, text: JSON.stringify(comments), value: comments }],
  );
}

function isApifyComment(item: unknown): boolean {
  return isRecord(item) && typeof item['text'] === 'string' && apifyShortcode(item) !== null;
}

function apifyShortcode(item: unknown): string | null {
  if (!isRecord(item)) return null;
  const url = item['postUrl'] ?? item['commentUrl'];
  return typeof url === 'string' ? (/\/(?:p|reel|reels|tv)\/([A-Za-z0-9_-]{1,11})(?:[/?]|$)/.exec(url)?.[1] ?? null) : null;
}

function listPage(items: readonly unknown[]): Recognised | null {
  const [first, minCursor] = items;
  const isChunk = items.length === 3 && Array.isArray(first) && (minCursor === null || typeof minCursor === 'string');
  if (isChunk && recordsIn(first).every(hasPkAndText)) return nameless('hikerapi_v1_comments');
  const records = recordsIn(items);
  const isGraph = (record: Readonly<Record<string, unknown>>) =>
    hasPkAndText(record) && ('edge_threaded_comments' in record || 'comment_like_count' in record);
  return items.length > 0 && records.length === items.length && records.every(isGraph) ? nameless('hikerapi_gql_comments') : null;
}

function objectPage(value: Readonly<Record<string, unknown>>): Recognised | null {
  const { response, child_comments: replies, comments, transcripts } = value;
  if (isRecord(response) && Array.isArray(response['comments'])) {
    const owners = [response['caption'], ...recordsIn(response['comments'])];
    return { ...nameless('hikerapi_v2_comments'), shortcode: shortcodeOf(owners) };
  }
  if (Array.isArray(replies)) {
    const parent = value['parent_comment'];
    const commentId = (isRecord(parent) ? idText(parent['pk']) : null) ?? parentIn(replies);
    return commentId === null ? null : { kind: 'hikerapi_replies', shortcode: shortcodeOf([parent, ...recordsIn(replies)]), commentId };
  }
  if ('success' in value && Array.isArray(comments)) {
    const commentId = parentIn(comments);
    return commentId === null ? nameless('scrapecreators_comments') : { ...nameless('scrapecreators_replies'), commentId };
  }
  if (!('success' in value) || transcripts === undefined) return null;
  const [first] = recordsIn(transcripts);
  const shortcode = first?.['shortcode'];
  const id = idText(first?.['id']);
  const named = typeof shortcode === 'string' && shortcode !== '' ? shortcode : id === null ? null : shortcodeFromMediaId(id);
  return { ...nameless('scrapecreators_transcript'), shortcode: named };
}

function nameless(kind: PageKind): Recognised {
  return { kind, shortcode: null, commentId: null };
}

function shortcodeOf(comments: readonly unknown[]): string | null {
  for (const comment of comments) {
    const id = isRecord(comment) ? idText(comment['media_id']) : null;
    if (id !== null) return shortcodeFromMediaId(id);
  }
  return null;
}

function parentIn(replies: readonly unknown[]): string | null {
  return recordsIn(replies).map((reply) => idText(reply['parent_comment_id']))[0] ?? null;
}

function hasPkAndText(record: Readonly<Record<string, unknown>>): boolean {
  return idText(record['pk']) !== null && typeof record['text'] === 'string';
}

function recordsIn(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
