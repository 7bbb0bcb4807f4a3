import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { mintApiKey } from '../../../src/billing/keys/api-key.ts';
import { ERRORS, type ErrorCode } from '../../../src/errors.ts';
import { errorBody } from '../../../src/http/error-response.ts';
import { shownBy } from '../../drill/account-matrix.ts';
import { SLOT_RULES, slotGaps, slotsOf } from '../../drill/account-slots.ts';
import { type Asked, breachesOf, LONGEST_ANSWER_MS, type Seen } from '../../drill/answer-check.ts';
import { CANARY_OPERATOR_KEY, CANARY_SETTINGS, leaksIn, VENDOR_MARK, WRITING_MARK } from '../../drill/canaries.ts';
import { NEEDED, needGaps } from '../../drill/key-matrix.ts';
import { chargeProblems } from '../../drill/money-check.ts';
import { outgoingProblems } from '../../drill/outgoing-check.ts';
import { poisoned } from '../../drill/poisoned-proxy.ts';
import { type Operation, operationAt, publishedOperations } from '../../drill/published-api.ts';
import { readAnswer } from '../../drill/raw-http.ts';

const operations = publishedOperations();
const REQUEST_ID = 'req_01JZ0000000000000000000000';

function operation(id: string): Operation {
  const found = operations.find((one) => one.id === id);
  if (found === undefined) throw new Error(`there is no operation ${id}`);
  return found;
}

const asked = (id: string, more: Partial<Asked> = {}): Asked => {
  const { method, path } = operation(id);
  return { method, pathname: path, operation: operation(id), toldToFail: [], mark: 'h0st1le', ...more };
};

/** An answer as the service gives it, with one thing wrong. */
function seen(status: number, body: unknown, wrong: { headers?: Record<string, string | null>; milliseconds?: number } = {}): Seen {
  const headers = new Headers({
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': "default-src 'none'",
    'Strict-Transport-Security': 'max-age=15552000; includeSubDomains',
    'X-Request-Id': REQUEST_ID,
    'WWW-Authenticate': 'Bearer',
    'Retry-After': '5',
  });
  for (const [name, value] of Object.entries(wrong.headers ?? {})) {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
  return { status, headers, text: typeof body === 'string' ? body : JSON.stringify(body), milliseconds: wrong.milliseconds ?? 1 };
}

const refusal = (code: ErrorCode, message?: string) =>
  errorBody({ code, ...(message === undefined ? {} : { message }) }, REQUEST_ID, 'http://api.test');
const refused = (code: ErrorCode, wrong?: Parameters<typeof seen>[2], message?: string) =>
  seen(ERRORS[code].status, refusal(code, message), wrong);
const promises = (asked: Asked, seen: Seen) => breachesOf(asked, seen).map(({ promise }) => promise);

describe('the check of an answer', () => {
  test('lets a right answer pass', () => {
    const version = { service: 'igskill.md', version: 'dev', priceCardVersion: '2026-11-22' };
    expect(breachesOf(asked('getVersion'), seen(200, version))).toEqual([]);
    expect(breachesOf(asked('getMe'), refused('unauthorized'))).toEqual([]);
    expect(breachesOf(asked('readPost', { toldToFail: ['provider_timeout'] }), refused('provider_timeout'))).toEqual([]);
  });

  test('tells a bug, and a failure that nobody ordered', () => {
    expect(promises(asked('readPost', { toldToFail: ['provider_timeout'] }), refused('internal'))).toContain('no unexplained 5xx');
    expect(promises(asked('readPost'), refused('provider_timeout'))).toContain('no unexplained 5xx');
    expect(promises(asked('readPost'), seen(500, 'Internal Server Error'))).toContain('no unexplained 5xx');
  });

  test('tells a body, a code, a type and a status that nobody published', () => {
    const shape = 'answers of the published shape';
    expect(promises(asked('getVersion'), seen(200, { service: 'igskill.md' }))).toEqual([shape]);
    expect(promises(asked('getVersion'), seen(202, {}))).toEqual([shape]);
    expect(promises(asked('getMe'), refused('price_above_max'))).toEqual([shape]);
    expect(promises(asked('getMe'), seen(401, { error: 'no' }))).toEqual([shape]);
    expect(promises(asked('getMe'), refused('unauthorized', { headers: { 'Content-Type': 'text/html' } }))).toEqual([shape]);
    expect(promises(asked('getMe'), refused('unauthorized', { headers: { 'WWW-Authenticate': null } }))).toEqual([shape]);
    expect(promises(asked('getMe'), refused('unauthorized', { headers: { 'Cache-Control': 'public' } }))).toEqual([shape]);
    expect(promises(asked('getMe'), refused('unauthorized', { headers: { 'X-Request-Id': 'req_01JZ0000000000000000000009' } }))).toEqual([
      shape,
    ]);
    expect(promises(asked('getMe'), seen(302, ''))).toEqual([shape]);
    expect(promises(asked('getVersion', { method: 'HEAD' }), seen(200, 'a body'))).toEqual([shape]);
    expect(promises({ ...asked('getMe'), operation: null, pathname: '/v1/none' }, seen(200, {}))).toEqual([shape]);
  });

  test('tells a missing header, an answer that took too long, and a refusal that cost something', () => {
    expect(promises(asked('getMe'), refused('unauthorized', { headers: { 'X-Frame-Options': null } }))).toEqual(['security headers']);
    expect(promises(asked('getMe'), refused('unauthorized', { milliseconds: LONGEST_ANSWER_MS + 1 }))).toEqual(['bounded time']);
    expect(promises(asked('getMe'), refused('unauthorized', { headers: { 'X-Credits-Used': '3000' } }))).toEqual(['refusals are free']);
  });

  test('tells a secret in a header, an echo in an error, and words where no reading is', () => {
    expect(promises(asked('getMe'), refused('unauthorized', { headers: { Server: CANARY_OPERATOR_KEY } }))).toEqual(['nothing leaks']);
    expect(promises(asked('getMe'), refused('unauthorized', {}, 'You sent h0st1le.'))).toEqual(['nothing leaks']);
    expect(promises(asked('readPost'), refused('invalid_request', {}, `${WRITING_MARK} a caption`))).toEqual(['nothing leaks']);
  });
});

describe('the search for leaks', () => {
  test('finds every secret everywhere, and names none of them', () => {
    for (const secret of [CANARY_OPERATOR_KEY, ...Object.values(CANARY_SETTINGS)]) {
      for (const place of ['reading', 'log', 'content_cache', 'database'] as const) {
        const [leak = ''] = leaksIn(place, `before ${secret} after`);
        expect(leak).toContain('secret');
        expect(leak).not.toContain(secret);
      }
    }
  });

  test('finds a whole key but where it is shown once, and not what only looks like one', () => {
    const key = mintApiKey();
    expect(leaksIn('log', key)).toEqual(['a whole API key']);
    expect(leaksIn('key_answer', key)).toEqual([]);
    expect(leaksIn('key_answer', `${key} ${mintApiKey()}`)).toEqual(['a whole API key']);
    expect(leaksIn('log', `${key.slice(0, -1)}!`)).toEqual([]);
    expect(leaksIn('log', createHash('sha256').update(key).digest('hex'))).toEqual([]);
  });

  test('lets words stand in a reading and its cache alone, and an upstream its own error nowhere', () => {
    const spoken = poisoned(200, '{"caption":"sunrise","text": "first"}');
    expect(JSON.parse(spoken)).toEqual({ caption: `${WRITING_MARK} sunrise`, text: `${WRITING_MARK} first` });
    expect([leaksIn('reading', spoken), leaksIn('content_cache', spoken)]).toEqual([[], []]);
    for (const place of ['log', 'answer', 'header', 'database', 'object_state'] as const) expect(leaksIn(place, spoken)).toHaveLength(1);
    const picture = poisoned(200, '{"display_url":"https://scontent.cdninstagram.com/v/t51.2885-15/1.jpg"}');
    expect(leaksIn('reading', picture)).toEqual(['a media URL that leads elsewhere than to the platform']);
    const failed = poisoned(503, '{"message":"down"}');
    expect(failed).toContain(VENDOR_MARK);
    for (const place of ['reading', 'log', 'content_cache'] as const) expect(leaksIn(place, failed)).toEqual(["an upstream's own error"]);
  });
});

describe('the check of what leaves', () => {
  const to = {
    database: 'http://127.0.0.1:1',
    instagram: 'http://127.0.0.1:2',
    providers: ['http://127.0.0.1:3'],
    others: ['http://127.0.0.1:4'],
    turnstile: 'http://127.0.0.1:5',
  };
  const problems = (url: string, more: { redirect?: string; body?: string } = {}) =>
    outgoingProblems({ url, redirect: more.redirect ?? 'manual', body: more.body ?? '' }, to, 'h0st1le');

  test('lets rebuilt addresses pass', () => {
    expect(problems('http://127.0.0.1:2/share/p/ShareDemo01/')).toEqual([]);
    expect(problems('http://127.0.0.1:3/v1/post?url=https%3A%2F%2Fwww.instagram.com%2Fp%2FDemoImage01%2F')).toEqual([]);
    expect(problems('http://127.0.0.1:3/run', { body: '{"urls":["https://www.instagram.com/p/DemoImage01/"]}' })).toEqual([]);
  });

  test("tells another host, a followed redirect, and anything of the caller's own", () => {
    expect(problems('http://169.254.169.254/latest/meta-data/')).toHaveLength(1);
    expect(problems('http://127.0.0.1:3@evil.example/')).toHaveLength(1);
    expect(problems('http://127.0.0.1:2/share/p/ShareDemo01/', { redirect: 'follow' })).toHaveLength(1);
    expect(problems('http://127.0.0.1:2/accounts/login/')).toHaveLength(1);
    expect(problems('http://127.0.0.1:2/share/p/ShareDemo01/?x=h0st1le')).toHaveLength(2);
    expect(problems('http://127.0.0.1:3/v1/post?url=https%3A%2F%2Fevil.example%2Fp%2FDemoImage01%2F')).toHaveLength(1);
    expect(problems('http://127.0.0.1:3/run', { body: '{"urls":["http://127.0.0.1/p/DemoImage01/"]}' })).toHaveLength(1);
  });
});

describe('the comparison of charges', () => {
  test('tells a charge that no answer told, another amount, and one that was never booked', () => {
    const told = new Map([
      ['req_a', 3_000],
      ['req_b', 0],
    ]);
    expect(chargeProblems(told, [{ id: 'req_a', settledMicros: 3_000 }])).toEqual([]);
    expect(
      chargeProblems(told, [
        { id: 'req_a', settledMicros: 3_000 },
        { id: 'req_c', settledMicros: 1 },
      ]),
    ).toHaveLength(1);
    expect(chargeProblems(told, [{ id: 'req_a', settledMicros: 4_000 }])).toHaveLength(1);
    expect(chargeProblems(told, [])).toHaveLength(1);
  });
});

describe('the matrices', () => {
  test('know every slot and every need, and tell a new one', () => {
    expect(slotGaps(slotsOf(operations), SLOT_RULES)).toEqual([]);
    expect(needGaps(operations, NEEDED)).toEqual([]);
    const news = { ...operation('getReceipt'), id: 'getSomethingNew' };
    expect(slotGaps(slotsOf([...operations, news]), SLOT_RULES)).toHaveLength(1);
    expect(needGaps([...operations, news], NEEDED)).toHaveLength(1);
    expect(slotGaps(slotsOf(operations.filter(({ id }) => id !== 'getReceipt')), SLOT_RULES)).toHaveLength(1);
  });

  test('see a difference between a thing of somebody and of nobody, but not between two requests', () => {
    const other = 'req_01JZ0000000000000000000009';
    const missing = seen(404, refusal('not_found'));
    const again = {
      ...missing,
      headers: new Headers([...missing.headers, ['X-Request-Id', other]]),
      text: missing.text.replace(REQUEST_ID, other),
    };
    again.headers.set('X-Request-Id', other);
    expect(shownBy(again, 'key_b')).toBe(shownBy(missing, 'key_a'));
    expect(shownBy(seen(403, refusal('forbidden')), 'key_b')).not.toBe(shownBy(missing, 'key_a'));
    expect(shownBy(seen(404, refusal('not_found', 'Not yours.')), 'key_b')).not.toBe(shownBy(missing, 'key_a'));
    expect(shownBy(seen(404, refusal('not_found'), { headers: { ETag: 'x' } }), 'key_b')).not.toBe(shownBy(missing, 'key_a'));
  });

  test('find the operation of a request line', () => {
    expect(operationAt(operations, 'DELETE', '/v1/keys/key_1')?.id).toBe('revokeKey');
    expect(operationAt(operations, 'HEAD', '/v1/me')?.id).toBe('getMe');
    expect(operationAt(operations, 'GET', '/v1/keys/')).toBeNull();
  });
});

test('an answer on a socket is read once it is whole', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n3\r\nabc\r\n2\r\nde\r\n';
  expect(readAnswer(bytes(chunked), false, false)).toBeNull();
  expect(readAnswer(bytes(`${chunked}0\r\n\r\n`), false, false)).toMatchObject({ status: 200, text: 'abcde' });
  expect(readAnswer(bytes('HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno'), false, false)).toMatchObject({
    status: 404,
    text: 'no',
  });
  expect(readAnswer(bytes('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'), true, false)).toMatchObject({ status: 200, text: '' });
  expect(readAnswer(bytes('SSH-2.0-x\r\n\r\n'), false, true)).toBeNull();
});
