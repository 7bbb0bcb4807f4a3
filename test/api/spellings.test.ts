import { describe, expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { openApiDocument } from '../../src/http/openapi.ts';
import { errorOf, usageOf } from '../support/answers.ts';
import { OPERATOR_KEY, useApi } from '../support/api.ts';

const start = useApi();

const json = (body: unknown) => ({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

type Parameter = { name: string; in: string; required?: boolean };

/** The GET operations with parameters of a query, and the names of the optional ones. */
const QUERIES = Object.entries(
  openApiDocument(
    createApp(() => {
      throw new Error('describing the API serves no request');
    }),
  ).paths ?? {},
).flatMap(([path, item]) => {
  // safe because the document is checked against the OpenAPI schema
  const parameters = (item?.get?.parameters ?? []) as readonly Parameter[];
  const optional = parameters.filter((parameter) => parameter.in === 'query' && parameter.required !== true).map(({ name }) => name);
  return optional.length === 0 ? [] : [{ path: path.replaceAll(/{\w+}/g, 'some-id'), optional }];
});

describe('an optional parameter', () => {
  test('of a list is left out of what it answers', async () => {
    const api = start();
    const { key } = await api.signUp();
    await api.request('/v1/post?url=DemoImage01', { key });
    const plain = await api.request('/v1/usage', { key });
    expect(plain.body).toMatchObject({ items: [{ endpoint: '/v1/post' }] });
    const empty = '/v1/usage?status=&from=null&to=&endpoint=&keyId=null&aggregate=&limit=null&cursor=';
    expect((await api.request(empty, { key })).body).toEqual(plain.body);
  });

  test.each(QUERIES)('of GET $path counts as left out where it is empty or null', async ({ path, optional }) => {
    const api = start();
    const { key: customer } = await api.signUp();
    const key = path.startsWith('/v1/ops') ? OPERATOR_KEY : customer;
    const needed = ['/v1/post', '/v1/comments'].includes(path) ? 'url=DemoImage01' : path === '/v1/reel' ? 'url=DemoReel_01' : '';
    const plain = await api.request(`${path}?${needed}`, { key });
    for (const value of ['', 'null']) {
      const query = optional.map((name) => `${name}=${value}`).join('&');
      const answer = await api.request(`${path}?${needed}&${query}`, { key });
      expect([answer.status, query, answer.status >= 500 ? answer.body : null]).toEqual([plain.status, query, null]);
    }
  });

  test('is still refused where it is given twice, empty or not', async () => {
    const api = start();
    const { key } = await api.signUp();
    for (const query of ['limit=&limit=20', 'limit=20&limit=20', 'limit=null&limit=null']) {
      const answer = await api.request(`/v1/comments?url=DemoThread1&${query}`, { key });
      expect([answer.status, errorOf(answer).details], query).toEqual([400, { parameter: 'limit' }]);
    }
  });
});

test('a required url that is empty is still an error, and "null" is no post', async () => {
  const api = start();
  const { key } = await api.signUp();
  const empty = await api.request('/v1/post?url=', { key });
  expect([empty.status, errorOf(empty).message]).toEqual([400, expect.stringContaining('The parameter "url" is empty.')]);
  expect((await api.request('/v1/post?url=null', { key })).status).toBe(422);
});

describe('a value', () => {
  test.each(['dryRun=True', 'dryRun=TRUE', 'dryRun=1', 'dryRun=true'])('%s asks for a quote', async (query) => {
    const api = start();
    const { key } = await api.signUp();
    expect((await api.request(`/v1/post?url=DemoImage01&${query}`, { key })).body).toMatchObject({ quote: {}, data: null });
  });

  test.each(['dryRun=False', 'dryRun=FALSE', 'dryRun=0'])('%s reads', async (query) => {
    const api = start();
    const { key } = await api.signUp();
    expect((await api.request(`/v1/post?url=DemoImage01&${query}`, { key })).body).toMatchObject({ data: { shortcode: 'DemoImage01' } });
  });

  test.each(['includeReplies=True', 'includeReplies=1'])('%s reads replies', async (query) => {
    const api = start();
    const { key } = await api.signUp();
    const { body } = await api.request(`/v1/comments?url=DemoThread1&limit=20.0&dryRun=1&${query}`, { key });
    expect(body).toMatchObject({ quote: { lines: [{ item: 'comments' }, { item: 'replies' }] } });
  });

  test.each([
    ['/v1/reel?url=DemoSpeech1&transcript=Provider&parse=SUMMARY', '/v1/reel?url=DemoSpeech1&transcript=provider&parse=summary'],
    ['/v1/reel?url=DemoSpeech1&transcript=1', '/v1/reel?url=DemoSpeech1&transcript=true'],
    ['/v1/post?url=DemoImage01&comments=Latest&commentLimit=100.0', '/v1/post?url=DemoImage01&comments=latest&commentLimit=100'],
    ['/v1/comments?url=DemoThread1&parse=Notable_Replies&limit=100.00', '/v1/comments?url=DemoThread1&parse=notable_replies&limit=100'],
    ['/v1/post?url=DemoImage01&maxAgeSeconds=60.0&maxStaleSeconds=60.0', '/v1/post?url=DemoImage01&maxAgeSeconds=60&maxStaleSeconds=60'],
  ])('%s is priced as %s', async (loose, plain) => {
    const api = start();
    const { key } = await api.signUp();
    const [one, other] = [await api.request(`${loose}&dryRun=TRUE`, { key }), await api.request(`${plain}&dryRun=true`, { key })];
    expect([one.status, one.body]).toEqual([200, other.body]);
  });

  test('of a list is taken for what it says', async () => {
    const api = start();
    const { key } = await api.signUp();
    for (const path of [
      '/v1/usage?limit=1.0&status=ALL',
      '/v1/ledger?limit=1.0',
      '/v1/keys?limit=1.0',
      '/v1/topups?limit=1.0',
      '/v1/usage?aggregate=Day',
    ]) {
      expect((await api.request(path, { key })).status, path).toBe(200);
    }
    for (const path of ['/v1/ops/metrics?window=24H&format=JSON&shard=0.0', '/v1/ops/actions?limit=5.0']) {
      expect((await api.request(path, { key: OPERATOR_KEY })).status, path).toBe(200);
    }
  });

  test.each([
    'limit=100.5',
    'limit=1e2',
    'limit=-20',
    'limit= 20',
    'limit=20,0',
    'includeReplies=2',
    'includeReplies=yes',
    'maxAgeSeconds=True',
    'parse=1',
  ])('%s says nothing, and is refused', async (query) => {
    const api = start();
    const { key } = await api.signUp();
    const answer = await api.request(`/v1/comments?url=DemoThread1&${query}`, { key });
    expect([answer.status, errorOf(answer).code]).toEqual([400, 'invalid_request']);
  });

  test('is the same request in each of its spellings: one charge under an Idempotency-Key, and one entry in the cache', async () => {
    const api = start();
    const { key } = await api.signUp();
    const headers = { 'Idempotency-Key': 'one-batch' };
    const first = await api.request('/v1/comments?url=DemoThread1&limit=100.0&includeReplies=False&parse=&cursor=null', { key, headers });
    expect(first.status).toBe(200);
    const again = await api.request('/v1/comments?url=DemoThread1&limit=100&includeReplies=false', { key, headers });
    expect([again.status, again.headers.get('Idempotency-Replayed')]).toEqual([200, 'true']);
    expect(again.body).toEqual(first.body);
    const cached = await api.request('/v1/comments?url=DemoThread1&limit=100&includeReplies=0', { key });
    expect(cached.body).toMatchObject({ cache: { status: 'hit' } });
    expect(usageOf(cached).settledMicroCredits).toBeLessThan(usageOf(first).settledMicroCredits);
  });

  test('is rewritten without touching the other parameters', async () => {
    const api = start();
    const { key } = await api.signUp();
    const url = encodeURIComponent('https://www.instagram.com/p/DemoImage01/?igsh=a%2Bb&x=100.0');
    const read = await api.request(`/v1/post?dryRun=1&url=${url}&igsh=&hl=en`, { key });
    expect([read.status, read.body]).toEqual([200, expect.objectContaining({ data: null })]);
  });

  test('that is empty names no shard to change, but one to look at', async () => {
    const api = start();
    const { accountId } = await api.signUp();
    for (const shard of ['', 'null']) {
      const freeze = await api.request(`/v1/ops/accounts/${accountId}/freeze?shard=${shard}`, {
        ...json({ reason: 'a test' }),
        key: OPERATOR_KEY,
      });
      expect([freeze.status, errorOf(freeze).details]).toEqual([400, { parameter: 'shard' }]);
      expect((await api.request(`/v1/ops/metrics?shard=${shard}`, { key: OPERATOR_KEY })).status).toBe(200);
    }
  });
});
