import { z } from '@hono/zod-openapi';
import type { Refusal } from '../errors.ts';
import { err, ok, type Result } from '../core/result.ts';

/** How many items a page has where the caller doesn't say, and at most. */
const USUAL_PAGE = 50;
const LARGEST_PAGE = 200;

/** What every list takes. */
export const pageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'limit is a whole number.')
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= LARGEST_PAGE, `limit is 1 to ${LARGEST_PAGE}.`)
    .optional()
    .openapi({ type: 'integer', minimum: 1, maximum: LARGEST_PAGE, description: `Items of a page; ${USUAL_PAGE} where not said.` }),
  cursor: z.string().min(1).max(200).optional().openapi({ description: '`nextCursor` of the page before.' }),
} as const;

/** The size of the page that a query asks for. */
export function pageSize(query: { readonly limit?: number | undefined }): number {
  return query.limit ?? USUAL_PAGE;
}

/** A position as a cursor. Not signed: a list only ever shows the account of the key, so a made-up position tells nobody anything. */
export function listCursor(...position: readonly (string | number)[]): string {
  return btoa(position.join(' ')).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The position in a cursor of the same list: a number, and for some an id. Null without a cursor. */
export function listPosition(
  cursor: string | undefined,
): Result<{ readonly at: number; readonly id: string } | null, Refusal<'invalid_cursor'>> {
  if (cursor === undefined) return ok(null);
  const parts = /^(\d{1,15})(?: ([A-Za-z0-9_-]{1,100}))?$/.exec(decoded(cursor));
  if (parts === null)
    return err({ code: 'invalid_cursor', message: 'The cursor is not one of this list.', details: { reason: 'invalid' } });
  return ok({ at: Number(parts[1]), id: parts[2] ?? '' });
}

function decoded(cursor: string): string {
  try {
    return atob(cursor.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return '';
  }
}
