import { describe, expect, test } from 'vitest';
import { PRICE_CARD } from '../../src/billing/price-card.ts';
import { useApi } from '../support/api.ts';
import { ErrorBody } from '../../src/http/error-response.ts';
import { errorOf } from '../support/answers.ts';

const start = useApi();

describe('GET /health', () => {
  test("answers exactly the contract's four fields", async () => {
    const api = start();
    const answer = await api.request('/health');
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ status: 'ok', service: 'igskill.md', version: 'dev', timestamp: new Date(api.clock()).toISOString() });
    expect(api.takeSent()).toEqual({ database: 0, providers: 0 });
  });

  test('shows the configured version, and answers even when the settings are broken', async () => {
    expect((await start({ SERVICE_VERSION: '1.4.2' }).request('/health')).body).toMatchObject({ version: '1.4.2' });
    expect((await start({ LIBSQL_URL: '' }).request('/health')).status).toBe(200);
  });
});

describe('GET /ready', () => {
  test('is ready when database, cache and a provider are there', async () => {
    const answer = await start().request('/ready');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ status: 'ready' });
  });

  test('names a missing and a malformed setting, without any value', async () => {
    const answer = await start({ LIBSQL_URL: '', OWNER_ADMIN_KEY_SHA256: 'not-a-hash', READ_DEADLINE_MS: '99999999' }).request('/ready');
    expect(answer.status).toBe(503);
    expect(answer.headers.has('Retry-After')).toBe(true);
    expect(answer.body).toEqual({
      status: 'not_ready',
      checks: [
        { name: 'setting LIBSQL_URL', ok: false, problem: 'missing' },
        { name: 'setting OWNER_ADMIN_KEY_SHA256', ok: false, problem: 'malformed' },
        { name: 'setting READ_DEADLINE_MS', ok: false, problem: 'malformed' },
      ],
    });
  });

  test('says which part is down', async () => {
    const api = start({ LIBSQL_URL: 'http://127.0.0.1:9', APIFY_TOKEN: '', HIKERAPI_ACCESS_KEY: '', SCRAPECREATORS_API_KEY: '' });
    api.kv.isDown = true;
    const answer = await api.request('/ready');
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({
      checks: [
        { name: 'settings', ok: true },
        { name: 'database', ok: false, problem: 'unreachable' },
        { name: 'binding CONTENT_CACHE', ok: false, problem: 'unreachable' },
        { name: 'data provider', ok: false },
      ],
    });
  });
});

test('GET /version names the version and the price card', async () => {
  expect((await start({ SERVICE_VERSION: '1.4.2' }).request('/version')).body).toEqual({
    service: 'igskill.md',
    version: '1.4.2',
    priceCardVersion: PRICE_CARD.version,
  });
});

test('GET /v1/pricing shows the whole card', async () => {
  const answer = await start().request('/v1/pricing');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('*');
  const { prices: _forCode, ...published } = PRICE_CARD;
  expect(answer.body).toEqual(published);
});

describe('every address', () => {
  test('answers an unknown path with 404 in the one shape', async () => {
    const answer = await start().request('/v2/nothing?x=1');
    expect([answer.status, errorOf(answer).code]).toEqual([404, 'not_found']);
  });

  test('answers a wrong method with 405 and the methods there are', async () => {
    const answer = await start().request('/v1/me', { method: 'DELETE' });
    expect([answer.status, errorOf(answer).code, answer.headers.get('Allow')]).toEqual([405, 'method_not_allowed', 'GET, HEAD, OPTIONS']);
    const signup = await start().request('/v1/signup');
    expect([signup.status, signup.headers.get('Allow')]).toEqual([405, 'OPTIONS, POST']);
  });

  test('answers OPTIONS with 204 and the methods, and lets no page use a keyed endpoint', async () => {
    const answer = await start().request('/v1/post', { method: 'OPTIONS', headers: { Origin: 'https://page.example' } });
    expect([answer.status, answer.headers.get('Allow')]).toEqual([204, 'GET, OPTIONS']);
    expect(answer.headers.has('Access-Control-Allow-Origin')).toBe(false);
    expect((await start().request('/nothing', { method: 'OPTIONS' })).status).toBe(404);
  });

  test('answers HEAD on a free endpoint as GET without a body', async () => {
    const answer = await start().request('/health', { method: 'HEAD' });
    expect([answer.status, answer.body]).toEqual([200, '']);
  });

  test('refuses unknown parameters on free endpoints too', async () => {
    const answer = await start().request('/health?verbose=1');
    expect([answer.status, errorOf(answer).code]).toEqual([400, 'invalid_request']);
  });

  test('answers deferred endpoints with 404 and the names of those that exist', async () => {
    for (const path of ['/v1/profile?username=x', '/v1/search?type=hashtag&query=x']) {
      const answer = await start().request(path);
      expect([answer.status, errorOf(answer).code]).toEqual([404, 'endpoint_deferred']);
      expect(errorOf(answer).details).toMatchObject({ available: expect.arrayContaining(['/v1/post']) });
    }
  });

  test('answers 503 while settings are missing, and says nothing of them', async () => {
    const answer = await start({ LIBSQL_URL: '' }).request('/v1/me', { key: 'igsk_x' });
    expect([answer.status, errorOf(answer).code]).toEqual([503, 'misconfigured']);
    expect(JSON.stringify(answer.body)).not.toContain('LIBSQL');
  });

  test('carries the security headers and a request id of its own', async () => {
    const api = start();
    for (const path of ['/health', '/nothing', '/docs', '/openapi.json', '/v1/me']) {
      const answer = await api.request(path, { headers: { 'X-Request-Id': 'theirs' } });
      expect(answer.headers.get('X-Request-Id'), path).toMatch(/^req_[0-9A-Z]{26}$/);
      expect(answer.headers.get('X-Content-Type-Options'), path).toBe('nosniff');
      expect(answer.headers.get('Content-Security-Policy'), path).toContain("default-src 'none'");
      expect(answer.headers.get('Strict-Transport-Security'), path).toContain('max-age=');
      expect(answer.headers.get('Referrer-Policy'), path).toBe('no-referrer');
      expect(api.events.at(-1)?.requestId, path).toBe(answer.headers.get('X-Request-Id'));
    }
  });

  test.each([
    ['a host that the caller named', {}, 'http://evil.example', ''],
    [
      'a host that the caller named, where the origin is set',
      { PUBLIC_ORIGIN: 'https://api.test' },
      'http://evil.example',
      'https://api.test',
    ],
    ['this machine', {}, 'http://127.0.0.1:8787', 'http://127.0.0.1:8787'],
    ['this machine, where the origin is set', { PUBLIC_ORIGIN: 'https://api.test' }, 'http://localhost', 'https://api.test'],
  ])('links errors to the documentation of this deployment, asked at %s', async (_what, settings, asked, origin) => {
    const api = start(settings);
    const { key } = await api.signUp();
    for (const answer of [
      await api.request(`${asked}/nothing`),
      await api.request(`${asked}/v1/me`),
      await api.request(`${asked}/v1/post?url=FaultGone__`, { key, headers: { 'Idempotency-Key': 'gone' } }),
      await api.request(`${asked}/v1/post?url=FaultGone__`, { key, headers: { 'Idempotency-Key': 'gone' } }),
    ]) {
      const { code, docUrl } = ErrorBody.parse(answer.body).error;
      expect(docUrl).toBe(`${origin}/docs/errors#${code}`);
      expect(JSON.stringify([answer.body, ...answer.headers])).not.toContain('evil.example');
    }
  });

  test("leads from an error's docUrl to its section", async () => {
    const api = start();
    const error = errorOf(await api.request('/nothing'));
    const url = new URL(error.docUrl);
    const page = await api.request(url.pathname);
    expect(page.status).toBe(200);
    expect(page.body).toContain(`id="${url.hash.slice(1)}"`);
  });
});
