import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../context.ts';
import { refuse } from '../error-response.ts';

/**
 * Reads the whole body before any route does, and refuses one that is longer than its path allows or that breaks off: a caller who hangs
 * up while sending must not look like a bug.
 */
export function bodyLimit(limitBytes: (path: string) => number) {
  return createMiddleware<AppEnv>(async function bodyLimit(c, next) {
    const { raw } = c.req;
    // The platform has no GET with a body, so it could not be put back; no route reads one.
    if (raw.method === 'GET' || raw.method === 'HEAD' || raw.body === null) return next();
    const limit = limitBytes(c.req.path);
    if (Number(raw.headers.get('Content-Length')) > limit) return refuse(c, { code: 'body_too_large' });
    const bytes = await readUpTo(limit, raw.body).catch(() => 'broken_off' as const);
    if (bytes === null) return refuse(c, { code: 'body_too_large' });
    if (bytes === 'broken_off') return refuse(c, { code: 'invalid_request', message: 'The request body ended early.' });
    c.req.raw = new Request(raw, { method: raw.method, body: bytes });
    return next();
  });
}

/** Null as soon as there is more; the rest is not read. */
async function readUpTo(limit: number, body: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer> | null> {
  const reader = body.getReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > limit) return null;
    pieces.push(value);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
