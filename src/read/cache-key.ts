/** Raised when the shape of what is cached changes: older copies are then simply not found. */
export const CONTENT_SCHEMA_VERSION = 1;

/** What a cached thing is the content of. Options that change the content belong in here; those that don't, don't. */
export type ContentSubject =
  | { readonly part: 'media'; readonly shortcode: string }
  | { readonly part: 'share_link'; readonly path: string };

/**
 * The key of a piece of content: its part, the schema version, and 128 bits of the SHA-256 of its canonical JSON.
 * The same content has one key however its URL was spelled.
 */
export async function contentKey(subject: ContentSubject): Promise<string> {
  const canonical = JSON.stringify(Object.entries(subject).sort(([a], [b]) => (a < b ? -1 : 1)));
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(canonical));
  const hex = Array.from(new Uint8Array(digest, 0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${subject.part}:v${CONTENT_SCHEMA_VERSION}:${hex}`;
}
