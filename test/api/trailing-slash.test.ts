import { expect, test } from 'vitest';
import { errorOf } from '../support/answers.ts';
import { OPERATOR_KEY, useApi } from '../support/api.ts';

const start = useApi();

const json = (body: unknown) => ({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

test.each(['/', '/health', '/version', '/v1/pricing', '/docs', '/docs/errors', '/openapi.json'])(
  'an open path answers %s with a trailing slash as without it',
  async (path) => {
    const api = start();
    const [plain, slashed] = [await api.request(path), await api.request(path === '/' ? path : `${path}/?`)];
    expect([slashed.status, slashed.body]).toEqual([200, plain.body]);
    expect(slashed.headers.get('RateLimit-Policy')).toBe(plain.headers.get('RateLimit-Policy'));
    expect(slashed.headers.get('Access-Control-Allow-Origin')).toBe(plain.headers.get('Access-Control-Allow-Origin'));
    expect(api.events.map(({ route }) => route)).toEqual([path, path]);
  },
);

test('a paid path with a trailing slash is counted, charged, cached and logged as the path without it', async () => {
  const api = start();
  const { key } = await api.signUp();
  const headers = { 'Idempotency-Key': 'one-read' };
  const first = await api.request('/v1/post/?url=DemoImage01', { key, headers });
  expect(first.status).toBe(200);
  expect(first.headers.get('RateLimit-Policy')).toContain('"burst"');
  expect(api.events.at(-1)?.route).toBe('/v1/post');
  const again = await api.request('/v1/post?url=DemoImage01', { key, headers });
  expect([again.status, again.headers.get('Idempotency-Replayed')]).toEqual([200, 'true']);
  expect(again.body).toEqual(first.body);
  const usage = await api.request('/v1/usage/?endpoint=/v1/post', { key });
  expect(usage.body).toMatchObject({ items: [{ endpoint: '/v1/post', settledMicroCredits: 3_000 }] });
});

test('a trailing slash asks for the same key and scope, and loses neither method nor body', async () => {
  const api = start();
  const signedUp = await api.request('/v1/signup/', json({ accountName: 'Slash', keyName: 'k' }));
  expect(signedUp.status).toBe(201);
  expect((await api.request('/v1/me/')).status).toBe(401);
  const { key } = await api.signUp();
  const minted = await api.request('/v1/keys/', { ...json({ name: 'below', scopes: ['read:post'] }), key });
  expect(minted.status).toBe(201);
  // safe because the tests of keys check this shape
  const { apiKey, key: below } = minted.body as { apiKey: string; key: { id: string } };
  expect((await api.request('/v1/reel/?url=DemoReel_01', { key: apiKey })).status).toBe(403);
  expect((await api.request(`/v1/keys/${below.id}/`, { key, method: 'DELETE' })).status).toBe(200);
  expect((await api.request('/v1/post/?url=DemoImage01', { key, method: 'HEAD' })).headers.get('Allow')).toBe('GET, OPTIONS');
  const wrong = await api.request('/v1/me/', { method: 'DELETE' });
  expect([wrong.status, wrong.headers.get('Allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
});

test("a trailing slash opens nothing of the operator's, and a second one is another path", async () => {
  const api = start();
  const { key } = await api.signUp();
  for (const path of ['/v1/ops/metrics/', '/v1/ops/', '/v1/ops']) {
    expect((await api.request(path)).status, path).toBe(401);
    const refused = await api.request(path, { key });
    expect([refused.status, refused.headers.get('RateLimit-Policy')], path).toEqual([403, expect.stringContaining('"account"')]);
  }
  expect((await api.request('/v1/ops/metrics/', { key: OPERATOR_KEY })).status).toBe(200);
  const twice = await api.request('/health//');
  expect([twice.status, errorOf(twice).code]).toEqual([404, 'not_found']);
});
