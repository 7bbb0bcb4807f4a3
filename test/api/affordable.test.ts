import { describe, expect, test } from 'vitest';
import { Quote } from '../../src/read/response/quote.ts';
import { MintedKey } from '../../src/routes/keys/requests.ts';
import { errorOf } from '../support/answers.ts';
import { type Answer, type Api, OPERATOR_KEY, useApi } from '../support/api.ts';

const start = useApi();

const withBalance = (microCredits: number) => start({ SIGNUP_GRANT_MICRO_CREDITS: String(microCredits) });
const comments = (more: string) => `/v1/comments?url=DemoThread1&${more}`;

/** The code of a 402, and what it names as affordable; null where it names nothing. */
function affordable(answer: Answer): readonly unknown[] {
  expect(answer.status).toBe(402);
  const { code, details } = errorOf(answer);
  return [code, details?.['affordable'] ?? null];
}

async function helper(api: Api, key: string, limits: object): Promise<string> {
  const answer = await api.request('/v1/keys', {
    key,
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'helper', scopes: ['read'], ...limits }),
  });
  return MintedKey.parse(answer.body).apiKey;
}

describe('a balance that does not cover a batch of comments', () => {
  test.each([
    ['limit=500', 69_999, { limit: 100 }],
    ['limit=500', 15_000, { limit: 100 }],
    ['limit=500', 14_999, { limit: 20 }],
    ['', 14_999, { limit: 20 }],
    ['limit=100', 4_000, { limit: 20 }],
    ['limit=100', 3_999, null],
    ['limit=20', 3_999, null],
    // Replies to 20 comments cost as much as those.
    ['limit=100&includeReplies=true', 8_000, { limit: 20 }],
    ['limit=100&includeReplies=true', 7_999, null],
  ])('of %s, with %i, is told the largest one that it covers', async (query, balance, named) => {
    const api = withBalance(balance);
    const { key } = await api.signUp();
    api.takeSent();
    const refused = await api.request(comments(query), { key });
    expect(affordable(refused)).toEqual(['insufficient_credits', named]);
    expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
  });

  test('is told by the price of the same request with its other options', async () => {
    const more = 'includeReplies=true&parse=themes';
    const quoting = start();
    const quoted = await quoting.request(comments(`limit=20&${more}&dryRun=true`), { key: (await quoting.signUp()).key });
    const { expectedMicroCredits: price } = Quote.parse(quoted.body).quote;
    for (const [balance, named] of [
      [price, { limit: 20 }],
      [price - 1, null],
    ] as const) {
      const api = withBalance(balance);
      const { key } = await api.signUp();
      expect(affordable(await api.request(comments(`limit=500&${more}`), { key }))).toEqual(['insufficient_credits', named]);
    }
  });

  test('can be spent on what it is told', async () => {
    const api = withBalance(20_000);
    const { key } = await api.signUp();
    for (const expected of [100, 20]) {
      const refused = await api.request(comments(`limit=500&maxAgeSeconds=0`), { key });
      expect(affordable(refused)).toEqual(['insufficient_credits', { limit: expected }]);
      expect((await api.request(comments(`limit=${expected}&maxAgeSeconds=0`), { key })).status).toBe(200);
    }
  });

  test('beside a post or reel is told so by the name of that parameter, and a post alone is told nothing', async () => {
    const api = withBalance(17_999);
    const { key } = await api.signUp();
    expect(affordable(await api.request('/v1/post?url=DemoImage01&comments=latest&commentLimit=100', { key }))).toEqual([
      'insufficient_credits',
      { commentLimit: 20 },
    ]);
    expect(affordable(await api.request('/v1/reel?url=DemoSpeech1&transcript=true&comments=latest&commentLimit=100', { key }))).toEqual([
      'insufficient_credits',
      null,
    ]);
    const poor = withBalance(2_999);
    const other = await poor.signUp();
    expect(affordable(await poor.request('/v1/post?url=DemoImage01', { key: other.key }))).toEqual(['insufficient_credits', null]);
  });

  test('is told a smaller one that is in the cache at its cached price', async () => {
    const api = withBalance(1_000);
    const { key } = await api.signUp();
    expect(affordable(await api.request(comments('limit=100'), { key }))).toEqual(['insufficient_credits', null]);
    await api.request(comments('limit=20'), { key: OPERATOR_KEY });
    expect(affordable(await api.request(comments('limit=100'), { key }))).toEqual(['insufficient_credits', { limit: 20 }]);
    expect((await api.request(comments('limit=20'), { key })).status).toBe(200);
  });

  test('of a cached batch, or behind a share link, is told one too', async () => {
    const api = withBalance(4_000);
    const { key } = await api.signUp();
    const share = encodeURIComponent('https://www.instagram.com/share/p/ShareDemoThread1');
    expect(affordable(await api.request(`/v1/comments?url=${share}&limit=500`, { key }))).toEqual(['insufficient_credits', { limit: 20 }]);
    await api.request(comments('limit=500'), { key: OPERATOR_KEY });
    expect(affordable(await api.request(comments('limit=500'), { key }))).toEqual(['insufficient_credits', { limit: 20 }]);
  });
});

describe('a limit that does not cover a batch of comments', () => {
  test.each([
    ['limit=500&maxCostMicroCredits=15000', { limit: 100 }],
    ['limit=500&maxCostMicroCredits=14999', { limit: 20 }],
    ['limit=500&maxCostMicroCredits=3999', null],
  ])('of the request (%s) names the largest one that it covers', async (query, named) => {
    const api = start();
    const { key } = await api.signUp();
    api.takeSent();
    expect(affordable(await api.request(comments(query), { key }))).toEqual(['price_above_max', named]);
    expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
  });

  test('of the request names none that the balance does not cover', async () => {
    const api = withBalance(14_999);
    const { key } = await api.signUp();
    expect(affordable(await api.request(comments('limit=500&maxCostMicroCredits=60000'), { key }))).toEqual([
      'price_above_max',
      { limit: 20 },
    ]);
  });

  test.each([
    [{ maxCostMicroCredits: 15_000 }, 'price_above_max', { limit: 100 }],
    [{ maxCostMicroCredits: 4_000 }, 'price_above_max', { limit: 20 }],
    [{ maxCostMicroCredits: 3_999 }, 'price_above_max', null],
    [{ budget: { microCredits: 15_000, period: 'day' } }, 'key_budget_exceeded', { limit: 100 }],
    [{ budget: { microCredits: 14_999, period: 'day' } }, 'key_budget_exceeded', { limit: 20 }],
    [{ budget: { microCredits: 3_999, period: 'day' } }, 'key_budget_exceeded', null],
    [{ maxCostMicroCredits: 60_000, budget: { microCredits: 14_999, period: 'day' } }, 'price_above_max', { limit: 20 }],
  ])('of the key (%j) names the largest one that all of its limits cover', async (limits, code, named) => {
    const api = start();
    const { key } = await api.signUp();
    const child = await helper(api, key, limits);
    api.takeSent();
    expect(affordable(await api.request(comments('limit=500'), { key: child }))).toEqual([code, named]);
    expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
  });

  test('of the key names none that the balance does not cover', async () => {
    const api = withBalance(14_999);
    const { key } = await api.signUp();
    const child = await helper(api, key, { maxCostMicroCredits: 60_000 });
    expect(affordable(await api.request(comments('limit=500'), { key: child }))).toEqual(['price_above_max', { limit: 20 }]);
  });
});

test('a refusal that is not about the price names no batch', async () => {
  const api = start();
  const { key } = await api.signUp();
  const child = await helper(api, key, { scopes: ['read:post'] });
  const refused = await api.request(comments('limit=500'), { key: child });
  expect([refused.status, errorOf(refused).details]).toEqual([403, { reason: 'scope_missing', scope: 'read:comments' }]);
});
