import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from 'redis';

/** The largest request taken: a script and its arguments are a few kilobytes. */
const LARGEST_BODY_BYTES = 100_000;

/** Upstash's REST protocol in front of a Redis: one command as a JSON array, or several below /pipeline and /multi-exec. */
export type UpstashBridge = {
  readonly url: string;
  readonly token: string;
  /** Requests since the last call. */
  take(): number;
  /** Holds back every answer until `resume`. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
};

type Reply = { readonly result: unknown } | { readonly error: string };

/** Starts a bridge on a free loopback port in front of the Redis at `redisUrl`. */
export async function startUpstashBridge(redisUrl: string): Promise<UpstashBridge> {
  const token = 'token-of-the-bridge';
  const redis = createClient({ url: redisUrl });
  await redis.connect();
  const scripts = new Map<string, string>();
  let count = 0;
  let gate = Promise.withResolvers<void>();
  gate.resolve();

  const run = async (command: readonly unknown[]): Promise<Reply> => {
    try {
      return { result: await redis.sendCommand(plainRedis(command.map(String), scripts)) };
    } catch (error) {
      return { error: error instanceof Error ? error.message : 'unknown' };
    }
  };
  const server = createServer((request, response) => {
    count += 1;
    const answer = async () => {
      const isEncoded = request.headers['upstash-encoding'] === 'base64';
      const [status, body] = await reply(request, token, run);
      await gate.promise;
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(isEncoded ? encoded(body) : body));
    };
    answer().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // safe because a server that listens on a TCP port has such an address
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    take: () => {
      const taken = count;
      count = 0;
      return taken;
    },
    pause: () => {
      gate = Promise.withResolvers<void>();
    },
    resume: () => gate.resolve(),
    stop: async () => {
      gate.resolve();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      redis.destroy();
    },
  };
}

async function reply(
  request: IncomingMessage,
  token: string,
  run: (command: readonly unknown[]) => Promise<Reply>,
): Promise<[status: number, body: Reply | Reply[]]> {
  if (request.headers.authorization !== `Bearer ${token}`) return [401, { error: 'Unauthorized' }];
  const body: unknown = JSON.parse(await textOf(request));
  if (request.method !== 'POST' || !Array.isArray(body)) return [400, { error: 'ERR failed to parse command' }];
  if (request.url === '/pipeline' || request.url === '/multi-exec') {
    const replies: Reply[] = [];
    for (const command of body) replies.push(await run(Array.isArray(command) ? command : []));
    return [200, replies];
  }
  const one = await run(body);
  return ['error' in one ? 400 : 200, one];
}

/**
 * Upstash knows flags of scripts that Redis does not, in a first line that Redis would refuse. It is left out here, and scripts
 * are remembered by the hash of what was sent.
 */
function plainRedis(command: readonly string[], scripts: Map<string, string>): string[] {
  const [name = '', script = '', ...rest] = command;
  if (name.toLowerCase() === 'eval') {
    scripts.set(createHash('sha1').update(script).digest('hex'), script);
    return ['EVAL', script.replace(/^#!lua[^\n]*\n/, ''), ...rest];
  }
  if (name.toLowerCase() === 'evalsha') {
    const known = scripts.get(script);
    if (known === undefined) throw new Error('NOSCRIPT No matching script. Please use EVAL.');
    return ['EVAL', known.replace(/^#!lua[^\n]*\n/, ''), ...rest];
  }
  return [...command];
}

/** Texts in base64, as the client asks for; numbers and null as they are. */
function encoded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(encoded);
  if (typeof value === 'string') return value === 'OK' ? value : Buffer.from(value, 'utf8').toString('base64');
  if (typeof value !== 'object' || value === null) return value;
  return 'result' in value ? { result: encoded(value.result) } : value;
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > LARGEST_BODY_BYTES) throw new Error('the request is too large');
  }
  return text;
}
