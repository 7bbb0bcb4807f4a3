import type { Refusal } from '../../errors.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { sha256Hex } from '../../core/sha256.ts';

/** An Idempotency-Key as the caller sent it, and the only form in which it is stored. */
export type IdempotencyKey = { readonly text: string; readonly digest: string };

/** Longer ones are no keys. Characters. */
const LONGEST_KEY = 255;

const BARE = /^[\x21-\x7e]+$/;

/** A structured field's string (RFC 9651, 3.3.3) without spaces. */
const QUOTED = /^"(?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\])+"$/;

/** Reads the header: a quoted string, as the draft has it, or the same text bare. Null without one. */
export function idempotencyKey(header: string | undefined): Result<IdempotencyKey | null, Refusal<'invalid_request'>> {
  if (header === undefined) return ok(null);
  const text = keyText(header);
  if (!BARE.test(text) || text.length > LONGEST_KEY || (header.startsWith('"') && text === header)) {
    return err({
      code: 'invalid_request',
      message: `Idempotency-Key is 1 to ${LONGEST_KEY} visible ASCII characters, quoted or bare.`,
      details: { header: 'Idempotency-Key' },
    });
  }
  return ok({ text, digest: sha256Hex(text) });
}

/** What the header means: the text within the quotes, or the bare text. */
export function keyText(header: string): string {
  return QUOTED.test(header) ? header.slice(1, -1).replaceAll(/\\(["\\])/g, '$1') : header;
}
