import { sha256Hex } from '../../core/sha256.ts';

/** Raised when the shape of a cached value changes, so that older entries are no longer found. */
const CONTENT_SCHEMA_VERSION = 2;

/** The part a key belongs to, and every option that changes the content. Options that do not change it must stay out. */
export type ContentSubject = { readonly part: string } & Readonly<Record<string, string | number | boolean | null>>;

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
