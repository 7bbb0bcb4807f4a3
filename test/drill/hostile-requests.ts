import fc from 'fast-check';
import { hostileBody, type RequestBody, strayBody } from './hostile-request-bodies.ts';
import { type Actor, ACTORS, type Cast } from './hostile-actors.ts';
import { CALLER_MARK } from './hostile-texts.ts';
import { encoded, hostileText, idValue, keysInPlace, valueOf, weighted } from './hostile-values.ts';
import type { Operation, Parameter } from './published-api.ts';

/** One request. `target` is the path and query of the request line; `mark` is a part of the request that no error may repeat. */
export type HostileRequest = {
  readonly operation: Operation | null;
  readonly actor: Actor;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: RequestBody | null;
  readonly mark: string;
};

/** Requests without a published operation. */
const STRAY_TARGETS: readonly string[] = [
  '/',
  '/docs',
  '/docs/errors',
  '/docs/../v1/me',
  '/openapi.json',
  '/openapi.json?x=1',
  '/topups/return?session_id=cs_x',
  '/topups/return?session_id=%00',
  '/topups/return?cancelled=1',
  '/v1/profile?url=x',
  '/v1/search',
  '/v1/ops',
  '/v1/ops/',
  '/v1/ops/nothing',
  '/v1/OPS/metrics',
  '/v1//me',
  '//v1/me',
  '/v1/me/',
  '/v1/me;x=1',
  '/v1/%6de',
  '/v1/me%00',
  '/v1/me%2f',
  '/v1/%2e%2e/v1/me',
  '/v1/keys/..%2fme',
  '/.env',
  '/.git/config',
  '/wp-admin.php',
  '/cdn-cgi/trace',
  '/__proto__',
  '/v1/constructor',
  '/%ff%fe',
  '/%',
  `/${'a'.repeat(4_000)}`,
  `/${'a/'.repeat(1_500)}`,
  `/v1/${CALLER_MARK}`,
];

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'PROPFIND'] as const;

/** Seeded requests for these operations, each equally often, paid reads twice as often. */
export function hostileRequests(operations: readonly Operation[], cast: Cast): fc.Arbitrary<HostileRequest> {
  const aimed = operations.flatMap((operation) => {
    const request = requestTo(operation, cast);
    return operation.parameters.some(({ name }) => name === 'url') ? [request, request, request] : [request];
  });
  return fc.oneof({ weight: 24, arbitrary: fc.oneof(...aimed) }, { weight: 1, arbitrary: strayRequest(cast) });
}

function strayRequest(cast: Cast): fc.Arbitrary<HostileRequest> {
  return fc
    .record({ actor: actor(), method: fc.constantFrom(...METHODS), target: fc.constantFrom(...STRAY_TARGETS), headers: sideHeaders() })
    .map(({ actor, method, target, headers }) => ({
      operation: null,
      actor,
      method,
      target,
      headers: [...authorization(cast, actor), ...headers],
      body: null,
      mark: CALLER_MARK,
    }));
}

/** A third is valid except perhaps for the key, a third has one or two errors, a third is invalid everywhere. */
function requestTo(operation: Operation, cast: Cast): fc.Arbitrary<HostileRequest> {
  return fc.oneof(...[0, 0.25, 0.7].map((wrongness) => requestAsWrongAs(wrongness, operation, cast)));
}

function requestAsWrongAs(wrongness: number, operation: Operation, cast: Cast): fc.Arbitrary<HostileRequest> {
  return fc
    .record({
      actor: actor(operation),
      method: mostly(operation.method, fc.constantFrom(...METHODS), wrongness * 0.2),
      slots: fc.tuple(...operation.parameters.filter(isIn('path')).map(() => idValue(cast, wrongness))),
      query: queryOf(operation.parameters.filter(isIn('query')), cast, wrongness),
      headers: fc.tuple(idempotencyHeaders(operation, wrongness), sideHeaders(wrongness)),
      body: operation.body === null ? strayBody() : hostileBody(operation.body, cast, wrongness),
    })
    .map(({ actor, method, slots, query, headers, body }) => ({
      operation,
      actor,
      method,
      target: `${filled(operation.path, slots)}${query === '' ? '' : `?${query}`}`,
      headers: [...authorization(cast, actor), ...headers.flat(), ...(body?.headers ?? [])],
      body: method === 'GET' || method === 'HEAD' ? null : body,
      mark: CALLER_MARK,
    }));
}

type Header = readonly [string, string];

const isIn = (place: Parameter['in']) => (parameter: Parameter) => parameter.in === place;

/** Chooses an actor, mostly one who may call the operation. */
function actor(operation?: Operation): fc.Arbitrary<Actor> {
  const right: Actor = operation?.path.startsWith('/v1/ops/') === true ? 'owner' : 'customer';
  return fc.oneof({ weight: 5, arbitrary: fc.constant(right) }, { weight: 5, arbitrary: fc.constantFrom(...ACTORS) });
}

function authorization(cast: Cast, actor: Actor): readonly (readonly [string, string])[] {
  const key = cast.keys[actor];
  return key === null ? [] : [['Authorization', actor === 'malformed' ? key : `Bearer ${key}`]];
}

const mostly = <T>(right: T, wrong: fc.Arbitrary<T>, wrongness: number): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: Math.round((1 - wrongness) * 100), arbitrary: fc.constant(right) },
    { weight: Math.round(wrongness * 100), arbitrary: wrong },
  );

function queryOf(parameters: readonly Parameter[], cast: Cast, wrongness: number): fc.Arbitrary<string> {
  const pairs = parameters.map((parameter) => {
    const isUrl = parameter.name === 'url';
    const value = valueOf(parameter, cast, wrongness);
    const { name } = parameter;
    const named = (name: string): fc.Arbitrary<string[][]> => value.map((value) => [[name, value]]);
    return weighted<string[][]>(
      [isUrl ? 4 : 1, named(name)],
      [isUrl ? 0.05 : 2, fc.constant([])],
      [wrongness * 0.1, fc.tuple(named(name), named(name)).map((both) => both.flat())],
      [wrongness * 0.1, named(`${name}[]`)],
      [wrongness * 0.1, named(name.toUpperCase())],
    );
  });
  const strays = fc.array(
    fc.tuple(fc.oneof(hostileText(), fc.constantFrom('igsh', 'utm_source', 'key', 'api_key', ...keysInPlace(cast))), hostileText()),
    {
      maxLength: 2,
    },
  );
  const extra = weighted<string[][]>([1, fc.constant([])], [wrongness * 0.3, strays]);
  const tail = weighted(
    [1, fc.constant('')],
    [wrongness * 0.1, fc.constantFrom('&', '&&=', '&%', '&=x', '&a=%zz', '&%ff=%fe', '#x', '&x=1;y=2')],
  );
  return fc.tuple(fc.tuple(...pairs), extra, tail).map(([known, extra, tail]) => {
    const all = [...known.flat(), ...extra];
    return `${all.map(([name = '', value = '']) => `${encoded(name)}=${value.startsWith('\u0001') ? value.slice(1) : encoded(value)}`).join('&')}${tail}`.slice(
      0,
      12_000,
    );
  });
}

function idempotencyHeaders(operation: Operation, wrongness: number): fc.Arbitrary<Header[]> {
  const takes = operation.method === 'POST' || operation.parameters.some(({ name }) => name.toLowerCase() === 'idempotency-key');
  // Few different keys, so that one key occurs with the same and with other requests.
  const good = fc.integer({ min: 0, max: 40 }).map((number) => `"${CALLER_MARK}-idempotency-key-${String(number).padStart(4, '0')}"`);
  const odd = fc.constantFrom(
    '',
    '""',
    '"',
    '"a',
    'a"',
    '"\\"',
    '"a\\x"',
    'a b',
    'é',
    'a'.repeat(255),
    'a'.repeat(256),
    'a'.repeat(4_000),
    '__proto__',
    'a, b',
    ':YWJj:',
    '?1',
    '1',
  );
  const value = weighted([1 - wrongness * 0.5, good], [wrongness * 0.5, odd]).map((text): Header[] => [['Idempotency-Key', text]]);
  return weighted<Header[]>([takes ? 2 : 9, fc.constant([])], [1, value]);
}

/** Headers that must have no effect. */
function sideHeaders(wrongness = 0.5): fc.Arbitrary<Header[]> {
  const one = fc.constantFrom<readonly [string, string]>(
    ['Accept', 'text/csv'],
    ['Accept', 'text/plain'],
    ['Accept', 'application/xml;q=0.9, */*;q=0.1'],
    ['Accept', ',;q=x'],
    ['Accept-Encoding', 'gzip;q=1e309, br, zstd'],
    ['X-HTTP-Method-Override', 'DELETE'],
    ['X-Original-URL', '/v1/ops/metrics'],
    ['X-Forwarded-For', `127.0.0.1, ${CALLER_MARK}`],
    ['X-Forwarded-Host', 'evil.example'],
    ['X-Request-Id', `req_${CALLER_MARK}`],
    ['CF-Connecting-IP', '::ffff:10.0.0.1'],
    ['CF-Connecting-IP', CALLER_MARK],
    ['Cookie', `session=${CALLER_MARK}; __proto__=1`],
    ['Origin', 'https://evil.example'],
    ['Referer', `https://evil.example/${CALLER_MARK}`],
    ['If-None-Match', '*'],
    ['If-Modified-Since', 'Thu, 01 Jan 1970 00:00:00 GMT'],
    ['Range', 'bytes=0-0,-1'],
    ['Cache-Control', 'only-if-cached, max-stale=999999999999'],
    ['Content-Encoding', 'gzip'],
    ['Prefer', 'respond-async'],
    ['Traceparent', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`],
    ['User-Agent', `() { :; }; echo ${CALLER_MARK}`],
    ['__proto__', '{"isOwner":true}'],
    ['Stripe-Signature', `t=1,v1=${'0'.repeat(64)}`],
    ['X-Big', 'x'.repeat(6_000)],
  );
  const many = fc.constant(Array.from({ length: 90 }, (_, index): readonly [string, string] => [`X-Many-${index}`, 'y'.repeat(60)]));
  return weighted<Header[]>([2, fc.constant([])], [wrongness * 2, fc.array(one, { minLength: 1, maxLength: 3 })], [wrongness * 0.05, many]);
}

function filled(path: string, slots: readonly string[]): string {
  let next = 0;
  return path.replaceAll(/\{\w+\}/g, () => slots[next++] ?? 'x');
}
