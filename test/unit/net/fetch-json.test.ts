import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, test } from 'vitest';
import {
  fetchWithin,
  joinUrl,
  MAX_BODY_BYTES,
  MAX_RETRY_AFTER_SECONDS,
  parseExactJson,
  requestJson,
  retryAfterSeconds,
  type Fetch,
} from '../../../src/net/fetch-json.ts';
import { answering, budget, clock, NOW, silent, unreachable } from '../providers/answers.ts';

const get = (url: string, limitMs = 5_000) => ({ url, init: { method: 'GET', headers: { accept: 'application/json' } }, limitMs }) as const;

setFlagsFromString('--expose-gc');
// safe because the flag defines this function in every new context
const collectGarbage = runInNewContext('gc') as () => void;

// safe because the table is written out with these keys
const KINDS = Object.keys(MAX_BODY_BYTES) as (keyof typeof MAX_BODY_BYTES)[];

const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  // safe because a server that listens on a port has an address of this form
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

describe('one JSON request', () => {
  test('gives status, headers and parsed body of a real server', async () => {
    const url = await serve((req, res) => {
      res.writeHead(418, { 'content-type': 'application/json', 'x-seen': req.headers.accept ?? '' });
      res.end('{"a":[1,"zwei"]}');
    });
    const answered = await requestJson({ fetch, clock: Date.now }, get(url), { deadlineAt: Date.now() + 5_000 }, 'post');
    expect(answered).toMatchObject({ ok: true, value: { status: 418, body: { a: [1, 'zwei'] } } });
    expect(answered.ok && answered.value.headers.get('x-seen')).toBe('application/json');
    expect(answered.ok && answered.value.latencyMs).toBeGreaterThanOrEqual(0);
  });

  test('keeps every digit of integers beyond 2^53 and leaves other numbers alone', async () => {
    const { fetch: fake } = answering(200, '{"pk":3776000000000000145,"neg":-9007199254740993,"n":[9007199254740991,1.5,1e3],"s":"12"}');
    const answered = await requestJson({ fetch: fake, clock }, get('https://vendor.example/'), budget, 'post');
    expect(answered.ok && answered.value.body).toEqual({
      pk: '3776000000000000145',
      neg: '-9007199254740993',
      n: [9007199254740991, 1.5, 1000],
      s: '12',
    });
  });

  test('gives text that every JSON parser takes', async () => {
    const { fetch: fake } = answering(200, String.raw`{"caption":"half an emoji \ud83d here","whole":"\ud83d\ude00","list":["\udc00"]}`);
    const answered = await requestJson({ fetch: fake, clock }, get('https://vendor.example/'), budget, 'post');
    expect(answered.ok && answered.value.body).toEqual({ caption: 'half an emoji \ufffd here', whole: '😀', list: ['\ufffd'] });
  });

  test('calls fetch without a receiver, as workerd requires', async () => {
    const receivers: unknown[] = [];
    const picky = function (this: unknown): Promise<Response> {
      receivers.push(this);
      return Promise.resolve(new Response('{}'));
    };
    const deps = { fetch: picky satisfies Fetch, clock };
    await requestJson(deps, get('https://vendor.example/'), budget, 'post');
    expect(receivers).toEqual([undefined]);
  });

  test('never follows a redirect: the second host sees no request', async () => {
    let reached = 0;
    const second = await serve((_req, res) => {
      reached += 1;
      res.end('{}');
    });
    const first = await serve((_req, res) => {
      res.writeHead(302, { location: second });
      res.end();
    });
    const answered = await requestJson({ fetch, clock }, get(first), budget, 'post');
    expect(answered).toMatchObject({ ok: false, error: { kind: 'bad_response', httpStatus: 302 } });
    expect(reached).toBe(0);
  });

  test.each([
    ['a page instead of JSON', '<html>'],
    ['an empty body', ''],
    ['JSON that was cut off', '{"a":'],
  ])('%s in a success is a bad response', async (_name, body) => {
    const { fetch: fake } = answering(200, body);
    const answered = await requestJson({ fetch: fake, clock }, get('https://vendor.example/'), budget, 'post');
    expect(answered).toEqual({ ok: false, error: { kind: 'bad_response', httpStatus: 200, latencyMs: 0, sent: true } });
  });

  test('returns an error response without JSON, with its status', async () => {
    const { fetch: fake } = answering(502, '<html>bad gateway</html>');
    const answered = await requestJson({ fetch: fake, clock }, get('https://vendor.example/'), budget, 'post');
    expect(answered).toMatchObject({ ok: true, value: { status: 502, body: null } });
  });

  test.each(KINDS)('stops reading a body that exceeds the size limit: %s', async (kind) => {
    let pulled = 0;
    let cancelled = false;
    const chunk = new Uint8Array(16 * 1024).fill(0x20);
    const endless: Fetch = async () =>
      new Response(
        new ReadableStream({
          pull: (controller) => {
            pulled += chunk.byteLength;
            controller.enqueue(chunk);
          },
          cancel: () => {
            cancelled = true;
          },
        }),
      );
    const answered = await requestJson({ fetch: endless, clock }, get('https://vendor.example/'), budget, kind);
    expect(answered).toMatchObject({ ok: false, error: { kind: 'bad_response', httpStatus: 200 } });
    expect(cancelled).toBe(true);
    expect(pulled).toBeLessThanOrEqual(MAX_BODY_BYTES[kind] + 3 * chunk.byteLength);
  });

  test('reads at most 2 MiB for one post', () => {
    expect(MAX_BODY_BYTES.post).toBe(2 * 1024 * 1024);
  });

  test('reads a body of exactly the size limit', async () => {
    const { fetch: fake } = answering(200, `"${'x'.repeat(MAX_BODY_BYTES.post - 2)}"`);
    const answered = await requestJson({ fetch: fake, clock }, get('https://vendor.example/'), budget, 'post');
    expect(answered.ok).toBe(true);
  });

  test('decodes a character that is split across chunks', async () => {
    const bytes = new TextEncoder().encode('{"t":"茶🍵"}');
    const bitwise: Fetch = async () =>
      new Response(
        new ReadableStream({
          start: (controller) => {
            for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
            controller.close();
          },
        }),
      );
    const answered = await requestJson({ fetch: bitwise, clock }, get('https://vendor.example/'), budget, 'post');
    expect(answered.ok && answered.value.body).toEqual({ t: '茶🍵' });
  });

  test('a host that cannot be reached is unreachable', async () => {
    const answered = await requestJson({ fetch: unreachable, clock }, get('https://vendor.example/'), budget, 'post');
    expect(answered).toMatchObject({ ok: false, error: { kind: 'unreachable', httpStatus: null } });
  });
});

describe('time limits', () => {
  test('a request ends at its own limit', async () => {
    const answered = await requestJson({ fetch: silent, clock }, get('https://vendor.example/', 1), budget, 'post');
    expect(answered).toMatchObject({ ok: false, error: { kind: 'timed_out', httpStatus: null, sent: true } });
  });

  test('an earlier deadline ends a request before its limit', async () => {
    const answered = await requestJson({ fetch: silent, clock }, get('https://vendor.example/', 60_000), { deadlineAt: NOW + 1 }, 'post');
    expect(answered).toMatchObject({ ok: false, error: { kind: 'timed_out', sent: true } });
  });

  test('nothing is sent when the deadline has passed', async () => {
    const { fetch: fake, sent } = answering(200, {});
    const answered = await requestJson({ fetch: fake, clock }, get('https://vendor.example/'), { deadlineAt: NOW }, 'post');
    expect(answered).toMatchObject({ ok: false, error: { kind: 'timed_out', sent: false } });
    expect(sent).toHaveLength(0);
  });

  test('a fetch that ignores its signal is not awaited', async () => {
    const deaf: Fetch = () => new Promise(() => undefined);
    const answered = await requestJson({ fetch: deaf, clock }, get('https://vendor.example/', 1), budget, 'post');
    expect(answered).toMatchObject({ ok: false, error: { kind: 'timed_out' } });
  });

  test('a stalled body counts against the same limit and keeps the received status', async () => {
    const url = await serve((_req, res) => {
      res.writeHead(200);
      res.write('{"a":');
    });
    const answered = await requestJson({ fetch, clock: Date.now }, get(url, 150), { deadlineAt: Date.now() + 5_000 }, 'post');
    expect(answered).toMatchObject({ ok: false, error: { kind: 'timed_out', httpStatus: 200 } });
  });

  test('fetch receives the signal, and it fires', async () => {
    let signal: AbortSignal | null | undefined;
    const watched: Fetch = (url, init) => {
      signal = init.signal;
      return silent(url, init);
    };
    await fetchWithin({ fetch: watched, clock }, get('https://vendor.example/', 1), budget, async () => null);
    expect(signal?.aborted).toBe(true);
  });
});

describe('a large body', () => {
  // The shape for which a reviver is slowest: many values in few bytes, and one integer beyond 2^53.
  const dense = `[3776000000000000145,${'1,'.repeat(500_000)}1]`;

  test('is parsed exactly in a small multiple of the time and memory of plain JSON', () => {
    const plain = cost(() => JSON.parse(dense));
    const exact = cost(() => parseExactJson(dense));
    // A reviver takes about thirty times as long.
    expect(exact.ms).toBeLessThan(10 * plain.ms);
    expect(exact.bytes).toBeLessThan(3 * plain.bytes);
  });

  test.each(['9007199254740993', '-9007199254740993'])('keeps the digits of %s wherever it stands', (digits) => {
    for (const [before, after] of [
      ['', ''],
      ['[', ']'],
      ['{"a":\n\t ', '}'],
      ['[1 , ', ']'],
      ['[0,', ' ,1]'],
      [String.raw`["\\",`, ']'],
      [String.raw`["\\\"",`, ']'],
    ] as const) {
      expect(JSON.stringify(parseExactJson(`${before}${digits}${after}`))).toContain(`"${digits}"`);
    }
  });

  test('leaves digits inside a text, fractions and exponents as they are', () => {
    const values = [String.raw`a\": 9007199254740993, [-9007199254740993]`, '9007199254740993', 'x\\'];
    const text = `{"v":${JSON.stringify(values)},"f":0.12345678901234566,"e":1234567890123456e3,"12345678901234567":[1234567890123456]}`;
    expect(parseExactJson(text)).toEqual({
      v: values,
      f: 0.12345678901234566,
      e: 1234567890123456e3,
      '12345678901234567': [1234567890123456],
    });
  });

  test.each(['[0123456789012345678]', '{12345678901234567:1}', '[12345678901234567a]', '[12345678901234567', '["12345678901234567'])(
    'does not make JSON of %s',
    (text) => {
      expect(parseExactJson(text)).toBeUndefined();
    },
  );
});

/** The least time and the least growth of the heap in several runs, which pauses and other work only add to. */
function cost(run: () => unknown): { readonly ms: number; readonly bytes: number } {
  const runs = Array.from({ length: 7 }, () => {
    collectGarbage();
    const heap = process.memoryUsage().heapUsed;
    const startedAt = performance.now();
    const kept = run();
    const ms = performance.now() - startedAt;
    const bytes = process.memoryUsage().heapUsed - heap;
    expect(kept).toBeDefined();
    return { ms, bytes };
  });
  return { ms: Math.min(...runs.map(({ ms }) => ms)), bytes: Math.min(...runs.map(({ bytes }) => bytes)) };
}

test('text that is not JSON is undefined, and null is null', () => {
  expect(parseExactJson('nope')).toBeUndefined();
  expect(parseExactJson('null')).toBeNull();
});

test.each([
  ['7', 7],
  ['0', 1],
  ['999999', MAX_RETRY_AFTER_SECONDS],
  [new Date(NOW + 90_000).toUTCString(), 90],
  [new Date(NOW - 90_000).toUTCString(), 1],
  ['soon', undefined],
  ['', undefined],
])('Retry-After %j is %j seconds', (value, seconds) => {
  expect(retryAfterSeconds(new Headers({ 'retry-after': value }), NOW)).toBe(seconds);
});

test('a base URL keeps its own path, and a query is encoded', () => {
  expect(joinUrl('http://127.0.0.1:9/fake/', '/v1/x', { url: 'https://www.instagram.com/p/A-_/?a=1' })).toBe(
    'http://127.0.0.1:9/fake/v1/x?url=https%3A%2F%2Fwww.instagram.com%2Fp%2FA-_%2F%3Fa%3D1',
  );
  expect(joinUrl('https://vendor.example', '/v1/x')).toBe('https://vendor.example/v1/x');
});
