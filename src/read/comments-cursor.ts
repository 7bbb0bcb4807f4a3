import { z } from 'zod';
import { fromBase64Url, toBase64Url } from '../core/base64.ts';
import { type CommentsPosition, PROVIDER_IDS, type ProviderId } from '../providers/provider.ts';
import { err, ok, type Result } from '../core/result.ts';

/** A vendor's own cursors have a few hundred characters; with the rest and base64 this is room enough. Characters. */
const LONGEST_CURSOR_CHARS = 6_000;

/** What a cursor goes on with. It belongs to one post and one kind of batch, and to the provider whose pages it counts. */
export type CursorContent = {
  readonly shortcode: string;
  readonly includeReplies: boolean;
  readonly provider: ProviderId;
  readonly position: CommentsPosition;
};

const Content = z.object({
  shortcode: z.string(),
  includeReplies: z.boolean(),
  provider: z.enum(PROVIDER_IDS),
  position: z.object({ cursor: z.string().nullable(), skip: z.int().nonnegative(), lastId: z.string().nullable() }),
});

/** Writes and reads cursors. Signed, not encrypted: nothing in one is secret, but a made-up one would be a request of somebody else's making. */
export interface CursorSeal {
  seal(content: CursorContent): Promise<string>;
  /** Refuses what it did not write, and what belongs to another post or kind of batch. */
  open(
    text: string,
    expected: Pick<CursorContent, 'shortcode' | 'includeReplies'>,
  ): Promise<Result<CursorContent, 'invalid' | 'other_request'>>;
}

/** Cursors under an HMAC-SHA-256 with this secret. */
export function createCursorSeal(secret: string): CursorSeal {
  // Most reads have no cursor, so the key is made when the first one is met.
  let made: ReturnType<typeof crypto.subtle.importKey> | undefined;
  const importKey = () =>
    (made ??= crypto.subtle.importKey('raw', new TextEncoder().encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
      'sign',
      'verify',
    ]));
  return {
    async seal({ shortcode, includeReplies, provider, position }) {
      const { cursor, skip, lastId } = position;
      const body = new TextEncoder().encode(JSON.stringify({ shortcode, includeReplies, provider, position: { cursor, skip, lastId } }));
      const mark = new Uint8Array(await crypto.subtle.sign('HMAC', await importKey(), body));
      return `${toBase64Url(body)}.${toBase64Url(mark)}`;
    },
    async open(text, expected) {
      const [body, mark, rest] = text.length > LONGEST_CURSOR_CHARS ? [] : text.split('.').map(fromBase64Url);
      if (body == null || mark == null || rest !== undefined) return err('invalid');
      // verify compares in constant time.
      if (!(await crypto.subtle.verify('HMAC', await importKey(), mark, body))) return err('invalid');
      const content = Content.safeParse(JSON.parse(new TextDecoder().decode(body)));
      if (!content.success) return err('invalid');
      const { shortcode, includeReplies } = content.data;
      return shortcode === expected.shortcode && includeReplies === expected.includeReplies ? ok(content.data) : err('other_request');
    },
  };
}
