import { z } from '@hono/zod-openapi';
import { fromBase64Url, toBase64Url } from '../core/base64.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { Refusal } from '../errors.ts';

/** Small enough for an agent's context window. */
const USUAL_PAGE = 50;
const LARGEST_PAGE = 200;

/** The parameters of every list. */
export const pageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'limit is a whole number.')
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= LARGEST_PAGE, `limit is 1 to ${LARGEST_PAGE}.`)
    .optional()
    .openapi({ type: 'integer', minimum: 1, maximum: LARGEST_PAGE, description: `The most items to return; ${USUAL_PAGE} by default.` }),
  cursor: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .openapi({ description: 'The `nextCursor` of the previous page, unchanged. Omit it for the first page.' }),
} as const;

/** `nextCursor` as every list describes it. */
export const nextCursor = z.string().nullable().openapi({ description: 'Pass it as `cursor` for the next page; null on the last page.' });

/** Where a page ends: a time or a number, and for most lists the id of the last item. */
export type ListPosition = { readonly at: number; readonly id: string };

/** The size of the page that a query asks for. */
export function pageSize(query: { readonly limit?: number | undefined }): number {
  return query.limit ?? USUAL_PAGE;
}

/**
 * Cuts a page of `size` out of rows that were read with one more than that; `last` is the item to continue behind, null on the last page.
 */
export function pageOf<T>(rows: readonly T[], size: number): { readonly items: readonly T[]; readonly last: T | null } {
  const items = rows.slice(0, size);
  return { items, last: rows.length > size ? (items.at(-1) ?? null) : null };
}

/** Encodes a position. Not signed: a list only ever shows the account of the key, so a made-up position reveals nothing. */
export function listCursor(at: number, id?: string): string {
  return toBase64Url(new TextEncoder().encode(id === undefined ? String(at) : `${at} ${id}`));
}

/** Reads the cursor of a list whose items have ids. Null without a cursor. */
export function listPosition(cursor: string | undefined): Result<ListPosition | null, Refusal<'invalid_cursor'>> {
  return positionOf(cursor, /^(\d{1,15}) ([A-Za-z0-9_-]{1,100})$/);
}

/** Reads the cursor of a list whose items are numbered. Null without a cursor. */
export function listNumber(cursor: string | undefined): Result<number | null, Refusal<'invalid_cursor'>> {
  const position = positionOf(cursor, /^(\d{1,15})$/);
  return position.ok ? ok(position.value?.at ?? null) : position;
}

function positionOf(cursor: string | undefined, shape: RegExp): Result<ListPosition | null, Refusal<'invalid_cursor'>> {
  if (cursor === undefined) return ok(null);
  const bytes = fromBase64Url(cursor);
  const parts = bytes === null ? null : shape.exec(new TextDecoder().decode(bytes));
  if (parts === null) {
    return err({ code: 'invalid_cursor', message: 'The cursor is not from this list.', details: { reason: 'invalid' } });
  }
  return ok({ at: Number(parts[1]), id: parts[2] ?? '' });
}
