import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../context.ts';
import { refuse } from '../error-response.ts';

/**
 * Reads the body before anything else looks at it: at most `limitBytes` of it, which depends on the path. A longer one is refused; so
 * is one that breaks off, because a caller who hangs up while sending is no bug of ours.
 */
export function wholeBody(limitBytes: (path: string) => number) {
  return createMiddleware<AppEnv>(async function wholeBody(c, next) {
    const { raw } = c.req;
    // No route reads the body of a look; the platform has no such requests, so it could not be put back either.
    if (raw.method === 'GET' || raw.method === 'HEAD' || raw.body === null) return next();
    const limit = limitBytes(c.req.path);
    if (Number(raw.headers.get('Content-Length')) > limit) return refuse(c, { code: 'body_too_large' });
    const bytes = await readUpTo(limit, raw.body).catch(() => 'broken_off' as const);
    if (bytes === null) return refuse(c, { code: 'body_too_large' });
    if (bytes === 'broken_off') return refuse(c, { code: 'invalid_request', message: 'The body broke off before its end.' });
    c.req.raw = new Request(raw, { method: raw.method, body: bytes });
    return next();
  });
}

/** Null as soon as there is more; the rest is then not read. */
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
