import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FOREIGN_URL_MARK, VENDOR_MARK, WRITING_MARK } from './canaries.ts';

/** Longer bodies pass unchanged; only the fault of an oversized response has one. */
const LARGEST_POISONED = 2 * 1024 * 1024;

/** The upstream's address for the Worker. */
export type PoisonedProxy = { readonly baseUrl: string; readonly poisonedErrors: () => number; stop(): Promise<void> };

/** The URLs of the sample pictures begin so; videos keep theirs, so that they can be transcribed. */
const PICTURE_URL = 'https://scontent.cdninstagram.com/v/t51.2885-15/';

/** Adds marks to a fake's responses: to the content and the picture URLs of successful ones, and to every text of an error. */
export async function startPoisonedProxy(target: string): Promise<PoisonedProxy> {
  const { hostname, port, pathname } = new URL(target);
  let errors = 0;
  const server = createServer((req, res) => {
    const upstream = httpRequest({ hostname, port, path: req.url, method: req.method, headers: req.headers }, (answer) => {
      if ((answer.statusCode ?? 0) >= 400) errors += 1;
      passOn(answer, res);
    });
    upstream.on('error', () => res.destroy());
    res.on('close', () => upstream.destroy());
    req.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // safe because a server that listens on a TCP port has such an address
  const { port: ownPort } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${ownPort}${pathname === '/' ? '' : pathname}`,
    poisonedErrors: () => errors,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Marks the texts and the picture URLs of a body; JSON stays JSON. */
export function poisoned(status: number, body: string): string {
  if (status < 400) {
    const marked = body.replaceAll(/"(text|caption|caption_text|transcript)":\s?"(?!")/g, (start) => `${start}${WRITING_MARK} `);
    return marked.replaceAll(PICTURE_URL, FOREIGN_URL_MARK);
  }
  const parsed = jsonOf(body);
  if (parsed === null) return `${VENDOR_MARK} ${body}`;
  // Adapters recognise a missing post by the vendor's message, so only texts that don't affect decisions are replaced.
  const sentences = status >= 500 ? { message: VENDOR_MARK, detail: VENDOR_MARK } : {};
  return JSON.stringify({ ...parsed, ...sentences, debug: { trace: `${VENDOR_MARK} at vendor.internal` } });
}

function passOn(answer: IncomingMessage, res: ServerResponse): void {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const status = answer.statusCode ?? 502;
  const { 'content-length': _length, ...headers } = answer.headers;
  if (status >= 400) headers['x-vendor-debug'] = VENDOR_MARK;
  answer.on('data', (piece: Uint8Array) => {
    bytes += piece.length;
    if (bytes <= LARGEST_POISONED) return pieces.push(piece);
    if (!res.headersSent) res.writeHead(status, headers);
    for (const kept of pieces.splice(0)) res.write(kept);
    return res.write(piece);
  });
  answer.on('end', () => {
    if (res.headersSent) return res.end();
    res.writeHead(status, headers);
    return res.end(pieces.length === 0 ? '' : poisoned(status, Buffer.concat(pieces).toString('utf8')));
  });
  answer.on('error', () => res.destroy());
}

function jsonOf(body: string): object | null {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed : null;
  } catch {
    return null;
  }
}
