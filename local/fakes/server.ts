import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

const second = 1_000;

/** The largest request body that is read; the Worker's are far below a kilobyte. */
const MAX_REQUEST_BYTES = 256 * 1024;

/** Remembered calls. The oldest are dropped first, so that a stack left running for weeks stays small. */
const MAX_REMEMBERED_CALLS = 1_000;

const SILENCE_MS = 60 * second;

/** The delay of a slow response: noticeable, but shorter than any read's deadline. */
const SLOW_MS = 3 * second;

/** More than any adapter reads. */
const HUGE_BYTES = 32 * 1024 * 1024;

export type Call = {
  readonly method: string;
  readonly url: URL;
  header(name: string): string | null;
  readonly body: string;
};

export type Answer = { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body: string };

/** How a fake handles a request. `shortcode` appears in the list of calls. */
export type Reply = { readonly shortcode: string | null } & (
  | { readonly kind: 'answer' | 'huge'; readonly answer: Answer }
  /** Milliseconds; a slow service's delay by default. */
  | { readonly kind: 'slow'; readonly answer: Answer; readonly delayMs?: number }
  | { readonly kind: 'silent' | 'hang_up' }
);

/** An entry in the list of calls, without query, keys or bodies. Status 0: no response was sent. */
type RememberedCall = { readonly method: string; readonly path: string; readonly shortcode: string | null; readonly status: number };

export type FakeServer = { readonly baseUrl: string; readonly port: number; stop(): Promise<void> };

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return jsonText(status, JSON.stringify(body), headers);
}

/** A response whose JSON is already text. */
export function jsonText(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8', ...headers }, body };
}

/**
 * Serves one fake on the loopback interface, at `port` or, when that is taken or 0, at a free one. Besides the service's own paths it has
 * `GET /` (a description), `GET /__calls` (the list of calls) and `DELETE /__calls` (clears it).
 */
export async function serve(fake: { readonly name: string; readonly port: number; handle(call: Call): Reply }): Promise<FakeServer> {
  const calls: RememberedCall[] = [];
  const server = createServer((req, res) => {
    void respond(fake, calls, req, res).catch(() => res.destroy());
  });
  const port = await listen(server, fake.port).catch(() => listen(server, 0));
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function respond(
  fake: { readonly name: string; handle(call: Call): Reply },
  calls: RememberedCall[],
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const method = req.method ?? 'GET';
  const url = new URL(req.url ?? '/', 'http://fake.invalid');
  const body = await readBody(req);
  const own = ownAnswer(fake.name, method, url.pathname, calls);
  if (own !== null) return send(res, own);
  const header = (name: string) => {
    const value = req.headers[name];
    return Array.isArray(value) ? (value[0] ?? null) : (value ?? null);
  };
  const reply = fake.handle({ method, url, header, body });
  const status = 'answer' in reply ? reply.answer.status : 0;
  calls.push({ method, path: url.pathname, shortcode: reply.shortcode, status });
  if (calls.length > MAX_REMEMBERED_CALLS) calls.shift();
  switch (reply.kind) {
    case 'answer':
      return send(res, reply.answer);
    case 'slow':
      return after(res, reply.delayMs ?? SLOW_MS, () => send(res, reply.answer));
    case 'silent':
      return after(res, SILENCE_MS, () => res.destroy());
    case 'hang_up':
      res.destroy();
      return;
    case 'huge':
      return sendHuge(res, reply.answer);
  }
}

/** The response on the fake's own paths; null for any other. */
function ownAnswer(name: string, method: string, path: string, calls: RememberedCall[]): Answer | null {
  if (path === '/' && (method === 'GET' || method === 'HEAD'))
    return { status: 200, headers: { 'content-type': 'text/plain' }, body: `igskill's local fake of ${name}\n` };
  if (path !== '/__calls') return null;
  if (method === 'GET') return json(200, calls);
  if (method !== 'DELETE') return json(405, { error: 'GET lists the calls, DELETE forgets them.' });
  calls.length = 0;
  return { status: 204, body: '' };
}

function send(res: ServerResponse, answer: Answer): void {
  res.writeHead(answer.status, answer.headers);
  res.end(answer.body);
}

/** Runs an action later unless the caller has disconnected. */
function after(res: ServerResponse, delayMs: number, action: () => void): void {
  const timer = setTimeout(action, delayMs);
  res.once('close', () => clearTimeout(timer));
}

/** Sends the body and then blanks up to the size, in chunks without a length header. */
function sendHuge(res: ServerResponse, answer: Answer): void {
  const piece = ' '.repeat(64 * 1024);
  let left = HUGE_BYTES - answer.body.length;
  res.writeHead(answer.status, answer.headers);
  res.write(answer.body);
  const pump = () => {
    while (left > 0 && !res.destroyed) {
      left -= piece.length;
      if (!res.write(piece)) return;
    }
    res.end();
  };
  res.on('drain', pump);
  pump();
}

async function readBody(req: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of req) {
    if (!(piece instanceof Buffer)) continue;
    bytes += piece.length;
    if (bytes > MAX_REQUEST_BYTES) throw new Error('request body too large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, () => {
      server.removeListener('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
