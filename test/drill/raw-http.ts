import { connect } from 'node:net';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';

/** The response on a socket. */
export type RawAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly headers: Headers; readonly text: string; readonly milliseconds: number }
  /** The connection ended without a readable response. */
  | { readonly kind: 'closed'; readonly milliseconds: number }
  | { readonly kind: 'silent'; readonly milliseconds: number };

/** More than any response, so that an endless one can't fill the memory. */
const LARGEST_ANSWER_BYTES = 8 * 1024 * 1024;

/**
 * Writes bytes to a server and reads its first response, until it is complete, the server closes, or the time is up. With `isHead` the
 * response has no body, whatever its headers; with `resets` the connection is reset after writing.
 */
export function exchange(
  url: string,
  bytes: Uint8Array,
  options: { readonly limitMs: number; readonly isHead?: boolean; readonly resets?: boolean; readonly endsWriting?: boolean },
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    const pieces: Uint8Array[] = [];
    let size = 0;
    const finish = (kind: 'closed' | 'silent') => {
      const milliseconds = performance.now() - startedAt;
      clearTimeout(timer);
      socket.destroy();
      const answer = readAnswer(Buffer.concat(pieces), options.isHead === true, true);
      resolve(answer === null ? { kind, milliseconds } : { kind: 'answered', ...answer, milliseconds });
    };
    const timer = setTimeout(() => finish('silent'), options.limitMs);
    socket.on('connect', () => {
      socket.write(bytes);
      if (options.endsWriting === true) socket.end();
      if (options.resets === true) socket.resetAndDestroy();
    });
    socket.on('data', (piece: Uint8Array) => {
      pieces.push(piece);
      size += piece.length;
      if (size > LARGEST_ANSWER_BYTES || readAnswer(Buffer.concat(pieces), options.isHead === true, false) !== null) finish('closed');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => finish('closed'));
  });
}

type Parsed = { readonly status: number; readonly headers: Headers; readonly text: string };

/** Parses the first response in the received bytes; null if it is incomplete or invalid. `isAll`: no more bytes will come. */
export function readAnswer(received: Uint8Array, isHead: boolean, isAll: boolean): Parsed | null {
  const all = Buffer.from(received).toString('latin1');
  const start = all.startsWith('HTTP/1.1 100') ? all.indexOf('\r\n\r\n') + 4 : 0;
  const headEnd = all.indexOf('\r\n\r\n', start);
  if (headEnd === -1) return null;
  const [statusLine = '', ...lines] = all.slice(start, headEnd).split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) return null;
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  const rest = all.slice(headEnd + 4);
  const body = isHead || status === 204 || status === 304 ? '' : bodyOf(rest, headers, isAll);
  return body === null ? null : { status, headers, text: unpacked(Buffer.from(body, 'latin1'), headers.get('Content-Encoding')) };
}

function unpacked(body: Uint8Array, encoding: string | null): string {
  const unpack = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync }[encoding ?? ''];
  return Buffer.from(unpack === undefined || body.length === 0 ? body : unpack(body)).toString('utf8');
}

function bodyOf(rest: string, headers: Headers, isAll: boolean): string | null {
  if (headers.get('Transfer-Encoding')?.toLowerCase() === 'chunked') return unchunked(rest);
  const length = headers.get('Content-Length');
  if (length === null) return isAll ? rest : null;
  return rest.length >= Number(length) ? rest.slice(0, Number(length)) : null;
}

function unchunked(rest: string): string | null {
  let text = '';
  for (let at = 0; ;) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd === -1) return null;
    const size = Number.parseInt(rest.slice(at, lineEnd), 16);
    if (Number.isNaN(size)) return null;
    if (size === 0) return text;
    if (rest.length < lineEnd + 2 + size) return null;
    text += rest.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}
