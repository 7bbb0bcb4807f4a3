import { sha256Hex } from '../../core/sha256.ts';
import type { CommentLimit } from '../want.ts';

/** Raised when the shape of what is cached changes: older copies are then simply not found. */
const CONTENT_SCHEMA_VERSION = 2;

/** What a cached thing is the content of. Options that change the content belong in here; those that don't, don't. */
export type ContentSubject =
  | { readonly part: 'media'; readonly shortcode: string }
  | {
      readonly part: 'comments';
      readonly shortcode: string;
      readonly limit: CommentLimit;
      readonly includeReplies: boolean;
      readonly cursor: string | null;
    }
  | { readonly part: 'transcript'; readonly mediaId: string; readonly source: 'provider' | 'hosted'; readonly model: string | null }
  | { readonly part: 'parse'; readonly contentHash: string; readonly mode: string; readonly model: string; readonly promptVersion: string }
  | { readonly part: 'share_link'; readonly path: string };

/**
 * The key of a piece of content: its part, the schema version, and 128 bits of the SHA-256 of its canonical JSON.
 * The same content has one key however its URL was spelled.
 */
export function contentKey(subject: ContentSubject): string {
  const hex = contentHash(Object.entries(subject).sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${subject.part}:v${CONTENT_SCHEMA_VERSION}:${hex.slice(0, 32)}`;
}

/** SHA-256, in hex, of a value's JSON. The value's keys must come in a fixed order. */
export function contentHash(value: unknown): string {
  return sha256Hex(JSON.stringify(value));
}
