import { CALLER_MARK } from './hostile-texts.ts';

/** Malformed or malicious bytes in place of a request. `name` identifies it in a report. */
export type Malformed = {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly resets?: boolean;
  readonly endsWriting?: boolean;
  /** The runtime or wrangler's proxy answers it with a 500 before it reaches the Worker. */
  readonly failsBefore?: true;
};

const failsBefore = { failsBefore: true } as const;

/** The name of the key that a smuggled request would create. */
export const SMUGGLED_KEY_NAME = 'smuggled-in';

/** Longer than the limit of common servers for headers and paths. */
const BEYOND_ANY_LIMIT = 200_000;

/** Malformed and request-smuggling bytes for a host. `key` is the customer's key that smuggled requests would use. */
export function malformedRequests(host: string, key: string): readonly Malformed[] {
  const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
  const plain = (name: string, text: string, more: Omit<Malformed, 'name' | 'bytes'> = {}): Malformed => ({
    name,
    bytes: bytes(text),
    ...more,
  });
  const get = (line: string, headers = '') => `${line}\r\nHost: ${host}\r\nConnection: close\r\n${headers}\r\n`;
  const post = (headers: string, body: string) =>
    `POST /v1/signup HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Type: application/json\r\n${headers}\r\n${body}`;
  const minting = `{"name":"${SMUGGLED_KEY_NAME}"}`;
  const smuggled = `POST /v1/keys HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: ${minting.length}\r\n\r\n${minting}`;
  return [
    plain('unknown version', get('GET /health HTTP/9.9')),
    plain('no version', `GET /health\r\n\r\n`, { endsWriting: true }),
    plain('lower-case method', get('get /health HTTP/1.1')),
    plain('a method of symbols', get('G@T /health HTTP/1.1')),
    plain('a method of 10,000 letters', get(`${'G'.repeat(10_000)} /health HTTP/1.1`)),
    plain('no host', 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n'),
    plain('two hosts', `GET /health HTTP/1.1\r\nHost: ${host}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`, failsBefore),
    plain('another host', 'GET /v1/me HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n'),
    plain('a host that is none', 'GET /v1/me HTTP/1.1\r\nHost: ]:@/\\\r\nConnection: close\r\n\r\n', failsBefore),
    plain('absolute form to metadata', get('GET http://169.254.169.254/latest/meta-data/ HTTP/1.1')),
    plain('absolute form with a file', get('GET file:///etc/passwd HTTP/1.1')),
    plain('connect', get('CONNECT evil.example:443 HTTP/1.1'), failsBefore),
    plain('trace', get('TRACE /v1/me HTTP/1.1', `Authorization: Bearer ${key}\r\n`)),
    plain('asterisk', get('OPTIONS * HTTP/1.1'), failsBefore),
    plain('tabs for blanks', get('GET\t/health\tHTTP/1.1')),
    plain('line feeds alone', `GET /health HTTP/1.1\nHost: ${host}\nConnection: close\n\n`),
    plain('carriage returns alone', `GET /health HTTP/1.1\rHost: ${host}\r\r`, { endsWriting: true }),
    plain('a folded header', get('GET /health HTTP/1.1', 'X-Folded: a\r\n b\r\n')),
    plain('a header without a colon', get('GET /health HTTP/1.1', `${CALLER_MARK}\r\n`)),
    plain('a blank before the colon', get('GET /health HTTP/1.1', 'Content-Length : 5\r\n')),
    plain('NUL in a header', get('GET /v1/me HTTP/1.1', `Authorization: Bearer ${key}\0x\r\n`)),
    plain('NUL in the path', get('GET /v1/me\0 HTTP/1.1')),
    plain('a line break in a header', get('GET /v1/me HTTP/1.1', `X-A: b\rSet-Cookie: ${CALLER_MARK}=1\r\n`)),
    plain('bytes above 127 in the path', get('GET /v1/post?url=\xff\xfe\xed\xa0\x80 HTTP/1.1')),
    plain('bytes above 127 in a header name', get('GET /health HTTP/1.1', '\xfc\xff: 1\r\n')),
    plain('bytes above 127 in the key', get('GET /v1/me HTTP/1.1', `Authorization: Bearer ${key}\xff\r\n`)),
    plain('a path of 200,000 characters', get(`GET /${'a'.repeat(BEYOND_ANY_LIMIT)} HTTP/1.1`)),
    plain('a header of 200,000 characters', get('GET /health HTTP/1.1', `X-Big: ${'a'.repeat(BEYOND_ANY_LIMIT)}\r\n`)),
    plain(
      '3,000 headers',
      get('GET /health HTTP/1.1', Array.from({ length: 3_000 }, (_, index) => `X-${index}: 1\r\n`).join('')),
      failsBefore,
    ),
    plain('two keys', get('GET /v1/me HTTP/1.1', `Authorization: Bearer ${key}\r\nAuthorization: Bearer ${key}\r\n`)),
    plain('a negative length', post('Content-Length: -1\r\n', '{}')),
    plain('a length that is no number', post('Content-Length: 0x10\r\n', '{}')),
    plain('a length beyond all memory', post('Content-Length: 99999999999999999999\r\n', '{}'), { endsWriting: true }),
    plain('two lengths', post('Content-Length: 2\r\nContent-Length: 3\r\n', '{} ')),
    plain('a body shorter than its length', post('Content-Length: 500\r\n', '{"accountName"'), { endsWriting: true, ...failsBefore }),
    plain('a body longer than its length', post('Content-Length: 2\r\n', `{}${smuggled}`)),
    plain('length and chunks', post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${smuggled}`)),
    plain('chunks and length', post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', `0\r\n\r\n${smuggled}`)),
    plain('chunks twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${smuggled}`)),
    plain('another transfer encoding', post('Transfer-Encoding: xchunked\r\n', `0\r\n\r\n${smuggled}`)),
    plain('identity and chunks', post('Transfer-Encoding: identity, chunked\r\n', `0\r\n\r\n${smuggled}`)),
    plain('a chunk size that overflows', post('Transfer-Encoding: chunked\r\n', `FFFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n`), {
      endsWriting: true,
      ...failsBefore,
    }),
    plain('a chunk size that is none', post('Transfer-Encoding: chunked\r\n', `zz\r\n{}\r\n0\r\n\r\n`), {
      endsWriting: true,
      ...failsBefore,
    }),
    plain('a long chunk extension', post('Transfer-Encoding: chunked\r\n', `2;${'a'.repeat(50_000)}\r\n{}\r\n0\r\n\r\n`), failsBefore),
    plain(
      'trailers',
      post('Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n', `2\r\n{}\r\n0\r\nAuthorization: Bearer ${key}\r\n\r\n`),
    ),
    plain('a body that never ends', post('Transfer-Encoding: chunked\r\n', `400\r\n${' '.repeat(1_024)}\r\n`.repeat(600)), {
      endsWriting: true,
      ...failsBefore,
    }),
    plain('an oversized body', post('Content-Length: 600000\r\n', ' '.repeat(600_000))),
    plain('gzip that is none', post('Content-Encoding: gzip\r\nContent-Length: 2\r\n', '{}')),
    plain('a body with a read', get('GET /v1/me HTTP/1.1', 'Content-Length: 2\r\n').concat('{}')),
    plain('a body in chunks with a read', get('GET /v1/me HTTP/1.1', 'Transfer-Encoding: chunked\r\n').concat('2\r\n{}\r\n0\r\n\r\n')),
    plain('expect', post('Expect: 100-continue\r\nContent-Length: 2\r\n', '{}')),
    plain('expect something else', post('Expect: the-unexpected\r\nContent-Length: 2\r\n', '{}')),
    plain(
      'websocket',
      get('GET /v1/me HTTP/1.1', 'Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n'),
    ),
    plain('h2c', get('GET /v1/me HTTP/1.1', 'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n')),
    plain('the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', { endsWriting: true }),
    plain('a greeting of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', { endsWriting: true }),
    plain('fifty requests at once', get('GET /health HTTP/1.1').replace('Connection: close\r\n', '').repeat(50)),
    plain('half a request', 'GET /v1/me HTTP/1.1\r\nHost', { endsWriting: true }),
    plain('nothing', '', { endsWriting: true }),
    plain('a reset after asking', get('GET /v1/usage HTTP/1.1', `Authorization: Bearer ${key}\r\n`), {
      resets: true,
    }),
  ];
}
