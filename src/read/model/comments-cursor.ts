import { z } from 'zod';
import { fromBase64Url, toBase64Url } from '../../core/base64.ts';
import { type CommentsPosition, PROVIDER_IDS, type ProviderId } from '../../providers/provider.ts';
import { err, ok, type Result } from '../../core/result.ts';

/** A vendor's own cursors have a few hundred characters; with the rest in base64 this is enough. */
const LONGEST_CURSOR_CHARS = 6_000;

/** A cursor belongs to one post, one kind of batch, and the provider whose pages it counts. */
export type CursorContent = {
  readonly shortcode: string;
  readonly includeReplies: boolean;
  readonly provider: ProviderId;
  readonly position: CommentsPosition;
};

/** A place in a provider's list of comments, as cursors and cache entries hold it. */
export const CommentsPositionSchema = z.object({
  cursor: z.string().nullable(),
  skip: z.int().nonnegative(),
  lastId: z.string().nullable(),
});

const Content = z.object({
  shortcode: z.string(),
  includeReplies: z.boolean(),
  provider: z.enum(PROVIDER_IDS),
  position: CommentsPositionSchema,
});

/** Writes and reads cursors. They are signed, not encrypted: nothing in one is secret, but a forged one would choose what a provider is sent. */
export interface CursorSeal {
  seal(content: CursorContent): Promise<string>;
  /** Refuses a cursor that was changed or forged (`invalid`), or belongs to another post or kind of batch. */
  open(
    text: string,
    expected: Pick<CursorContent, 'shortcode' | 'includeReplies'>,
  ): Promise<Result<CursorContent, 'invalid' | 'other_request'>>;
}

/** Signs cursors with HMAC-SHA-256. */
export function createCursorSeal(secret: string): CursorSeal {
  // Most reads have no cursor, so the key is imported on first use.
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
