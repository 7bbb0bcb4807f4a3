import { z } from '@hono/zod-openapi';
import { err, ok, type Result } from '../../core/result.ts';
import { sha256Hex } from '../../core/sha256.ts';
import type { Refusal } from '../../errors.ts';

/** An Idempotency-Key. Only the digest is stored: the text opens sealed responses. */
export type IdempotencyKey = { readonly text: string; readonly digest: string };

/** Characters. */
const LONGEST_KEY = 255;

const BARE = /^[\x21-\x7e]+$/;

/** A structured field's string (RFC 9651, 3.3.3) without spaces. */
const QUOTED = /^"(?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\])+"$/;

const DESCRIPTION =
  'Makes the request safe to repeat. For 24 hours the same key with the same request returns the first response again, marked ' +
  '`Idempotency-Replayed: true`; nothing is done or charged twice. 1 to 255 visible ASCII characters, quoted or bare.';

/**
 * The header in the API description, the same for every operation that honours it. It only describes: `idempotencyKey` reads the header,
 * because the quoted and the bare form must come out as one key. `more` is added to the description.
 */
export function idempotencyHeaders(more = '') {
  return z.object({
    'Idempotency-Key': z
      .string()
      .optional()
      .openapi({
        description: [DESCRIPTION, more].filter((text) => text !== '').join(' '),
        example: '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
      }),
  });
}

/** Reads the header: a quoted string, as the IETF draft has it, or the same text bare. Null without one. */
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

/** The text within the quotes, or the bare text. */
export function keyText(header: string): string {
  return QUOTED.test(header) ? header.slice(1, -1).replaceAll(/\\(["\\])/g, '$1') : header;
}
