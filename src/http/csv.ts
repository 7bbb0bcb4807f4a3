import type { TypedResponse } from 'hono';
import { accepts } from 'hono/accepts';
import type { AppContext } from './context.ts';

export function wantsCsv(c: AppContext): boolean {
  c.header('Vary', 'Authorization, Accept');
  const supports = ['application/json', 'text/csv'];
  return accepts(c, { header: 'Accept', supports, default: 'application/json' }) === 'text/csv';
}

type CsvPage = { readonly items: readonly Readonly<Record<string, unknown>>[]; readonly nextCursor: string | null };

/** Answers with CSV (RFC 4180) and a header line; `Link` names the next page. */
export function csv(c: AppContext, columns: readonly string[], { items, nextCursor }: CsvPage) {
  const lines = [columns, ...items.map((row) => columns.map((column) => cellOf(row[column])))];
  if (nextCursor !== null) {
    const next = new URL(c.req.url);
    next.searchParams.set('cursor', nextCursor);
    c.header('Link', `<${next.pathname}${next.search}>; rel="next"`);
  }
  c.header('Content-Type', 'text/csv; charset=utf-8');
  const response = c.body(lines.map((line) => `${line.join(',')}\r\n`).join(''), 200);
  // safe because every route that calls this declares text/csv with a text as its schema
  return response as unknown as Response & TypedResponse<string, 200, 'text'>;
}

function cellOf(value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
  // A spreadsheet executes a cell that begins like a formula. A negative amount does not.
  const plain = /^[=+@\t\r]|^-(?!\d)/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
