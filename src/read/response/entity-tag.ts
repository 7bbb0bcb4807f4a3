import { sha256Hex } from '../../core/sha256.ts';
import type { Content } from './envelope.ts';

/** 128 bits of a SHA-256. */
const TAG_DIGITS = 32;

/**
 * The weak entity tag of an answer: of what it shows and how. It stays when only the age, the price or the balance differ. `format` names the
 * format of the transport.
 */
export function entityTag({ view, data, parse }: Content, format: string): string {
  return `W/"${sha256Hex(JSON.stringify([format, view, data, parse])).slice(0, TAG_DIGITS)}"`;
}

/** The entity tags in an `If-None-Match`. `*` names none, because an answer that the caller does not know would be paid for and not seen. */
export function entityTagsIn(header: string | undefined): readonly string[] {
  return [...(header ?? '').matchAll(/(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g)].map(([, opaque]) => `W/${opaque}`);
}
