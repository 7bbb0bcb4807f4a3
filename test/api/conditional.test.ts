import { describe, expect, test } from 'vitest';
import { errorOf, usageOf } from '../support/answers.ts';
import { useApi } from '../support/api.ts';

const start = useApi();
const POST = '/v1/post?url=DemoImage01';

async function tagged(path = POST, headers: Record<string, string> = {}) {
  const api = start();
  const { key } = await api.signUp();
  const first = await api.request(path, { key, headers });
  const tag = first.headers.get('ETag') ?? '';
  const ask = (more = '', with_: Record<string, string> = {}) =>
    api.request(`${path}${more}`, { key, headers: { ...headers, 'If-None-Match': tag, ...with_ } });
  return { api, key, first, tag, ask };
}

describe('a conditional read', () => {
  test('is 304 and free from the cache while nothing changed', async () => {
    const { tag, ask, api, key } = await tagged();
    expect(tag).toMatch(/^W\/"[0-9a-f]{32}"$/);
    const again = await ask();
    expect(again.status).toBe(304);
    expect(again.body).toBe('');
    expect(again.headers.get('ETag')).toBe(tag);
    expect(again.headers.get('X-Credits-Used')).toBe('0');
    expect(again.headers.get('Cache-Status')).toContain('igskill; hit');
    expect((await api.request('/v1/usage', { key })).body).toMatchObject({ items: [{ settledMicroCredits: 3_000 }] });
  });

  test('has a tag that outlasts the age of the copy, and differs by view, fields and format', async () => {
    const { api, key, tag } = await tagged();
    api.clock.advance(90_000);
    const tagOf = async (more: string, headers: Record<string, string> = {}) =>
      (await api.request(`${POST}${more}`, { key, headers })).headers.get('ETag');
    expect(await tagOf('')).toBe(tag);
    const tags = [tag, await tagOf('&view=minimal'), await tagOf('&fields=caption'), await tagOf('', { Accept: 'text/markdown' })];
    expect(new Set(tags).size).toBe(tags.length);
  });

  test('costs after a fresh read that changed nothing what its calls cost, and not the fresh price', async () => {
    const { ask, api, key } = await tagged('/v1/post?url=DemoHidden1&fields=caption,metrics');
    const fresh = await ask('&maxAgeSeconds=0');
    expect(fresh.status).toBe(304);
    expect(fresh.headers.get('X-Credits-Used')).toBe('1880');
    expect((await api.request('/v1/usage', { key })).body).toMatchObject({
      items: [{ settledMicroCredits: 1_880, refundedMicroCredits: 1_120 }, {}],
    });
  });

  test.each([
    ['another tag', () => 'W/"0123456789abcdef0123456789abcdef"'],
    ['a star', () => '*'],
    ['nonsense', () => 'abc'],
  ])('is read and paid as usual with %s', async (_name, header) => {
    const { ask } = await tagged();
    const answer = await ask('', { 'If-None-Match': header() });
    expect(answer.status).toBe(200);
    expect(usageOf(answer).settledMicroCredits).toBe(1_000);
  });

  test.each([
    ['in a list', (tag: string) => `"x", ${tag}`],
    ['as a strong tag', (tag: string) => tag.replace('W/', '')],
  ])('finds its tag %s', async (_name, header) => {
    const { ask, tag } = await tagged();
    expect((await ask('', { 'If-None-Match': header(tag) })).status).toBe(304);
  });

  test('still needs a key that exists', async () => {
    const { api, tag } = await tagged();
    const stranger = await api.request(POST, { key: `igsk_${'x'.repeat(40)}`, headers: { 'If-None-Match': tag } });
    expect(stranger.status).toBe(401);
  });

  test('comes back under an Idempotency-Key when it was paid for', async () => {
    const { ask, api, key } = await tagged('/v1/post?url=DemoHidden1&fields=caption');
    const headers = { 'Idempotency-Key': 'fresh-1' };
    const first = await ask('&maxAgeSeconds=0', headers);
    const again = await ask('&maxAgeSeconds=0', headers);
    expect([first.status, again.status]).toEqual([304, 304]);
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    expect(again.headers.get('X-Credits-Used')).toBe('0');
    // A caller that does not have the answer must not be told that it has not changed.
    const other = await api.request('/v1/post?url=DemoHidden1&fields=caption&maxAgeSeconds=0', { key, headers });
    expect(errorOf(other).code).toBe('idempotency_mismatch');
  });
});

describe('Cache-Control of a request', () => {
  test.each([
    ['no-cache', 3_000],
    ['max-age=0', 3_000],
    ['max-age=30', 3_000],
    ['max-age=600', 1_000],
    ['no-store, MAX-AGE="60"', 3_000],
    ['nonsense', 1_000],
  ])('%s', async (header, price) => {
    const { api, key } = await tagged();
    api.clock.advance(90_000);
    expect(usageOf(await api.request(POST, { key, headers: { 'Cache-Control': header } })).settledMicroCredits).toBe(price);
  });

  test('yields to the parameter', async () => {
    const { api, key } = await tagged();
    const answer = await api.request(`${POST}&maxAgeSeconds=600`, { key, headers: { 'Cache-Control': 'no-cache' } });
    expect(usageOf(answer).settledMicroCredits).toBe(1_000);
  });

  test.each([
    ['the header', '', { 'Cache-Control': 'only-if-cached' }],
    ['the parameter', '&onlyIfCached=true', {}],
  ])('only-if-cached reads a copy, and misses for nothing: %s', async (_name, more, headers: Record<string, string>) => {
    const { api, key } = await tagged();
    expect(usageOf(await api.request(`${POST}${more}`, { key, headers })).settledMicroCredits).toBe(1_000);
    for (const url of ['DemoVideo01', 'https://www.instagram.com/share/p/ShareDemoImage01']) {
      const missed = await api.request(`/v1/post?url=${encodeURIComponent(url)}${more}`, { key, headers });
      expect(missed.status).toBe(504);
      expect(errorOf(missed)).toMatchObject({ code: 'cache_miss', billed: false, retryable: false });
    }
    const withComments = await api.request(`${POST}&comments=latest${more}`, { key, headers });
    expect(errorOf(withComments).code).toBe('cache_miss');
  });
});
