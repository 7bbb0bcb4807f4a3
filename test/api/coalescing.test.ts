import { describe, expect, test } from 'vitest';
import type { ReadCoalescers } from '../../src/coalescing/read-coalescer.ts';
import { errorOf, usageOf } from '../support/answers.ts';
import { type Answer, type Api, useApi } from '../support/api.ts';

const start = useApi();
const CALLERS = 50;
const SIGNED_UP = 5_000_000;

/** An API in which time passes by itself, and a customer of it. */
async function inRealTime(settings: Parameters<typeof start>[0] = {}): Promise<{ api: Api; key: string }> {
  const api = start(settings);
  api.inRealTime = true;
  const { key } = await api.signUp();
  api.takeSent();
  return { api, key };
}

function atOnce(count: number, ask: (index: number) => Promise<Answer>): Promise<Answer[]> {
  return Promise.all(Array.from({ length: count }, (_none, index) => ask(index)));
}

/** What the reads of these tests left in the log. */
function logged(api: Api) {
  const reads = api.events.filter((event) => event.route === '/v1/post' || event.route === '/v1/comments');
  return {
    joined: reads.filter((event) => event.coalescing === 'joined').length,
    attempts: reads.flatMap((event) => event.attempts ?? []),
  };
}

describe('parallel identical reads', () => {
  test.each(['DemoImage01', 'FaultSlow__'])('of %s ask the provider once, and are charged each', async (shortcode) => {
    const { api, key } = await inRealTime();
    const answers = await atOnce(CALLERS, () => api.request(`/v1/post?url=${shortcode}`, { key }));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: CALLERS }, () => 200));
    expect(api.takeSent().providers).toBe(1);
    const settled = answers.map((answer) => usageOf(answer).settledMicroCredits);
    expect(new Set(settled)).toEqual(new Set([3_000]));
    expect(new Set(answers.map((answer) => usageOf(answer).receiptId)).size).toBe(CALLERS);
    expect(await api.balance(key)).toEqual({ available: SIGNED_UP - CALLERS * 3_000, held: 0 });
    const { joined, attempts } = logged(api);
    expect([joined, attempts.length]).toEqual([CALLERS - 1, 1]);
    // Who joined leaves the writing to who started.
    expect(api.kv.values.size).toBe(1);
  });

  test('are charged once for each request, with and without an Idempotency-Key, and a repeat is given its answer again', async () => {
    const { api, key } = await inRealTime();
    const ask = (index: number) =>
      api.request('/v1/post?url=FaultSlow__', { key, headers: index % 2 === 0 ? { 'Idempotency-Key': `read-${index}` } : {} });
    const answers = await atOnce(CALLERS, ask);
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(api.takeSent().providers).toBe(1);
    const charged = SIGNED_UP - CALLERS * 3_000;
    expect(await api.balance(key)).toEqual({ available: charged, held: 0 });
    const again = await ask(0);
    expect([again.status, again.headers.get('Idempotency-Replayed'), again.body]).toEqual([200, 'true', answers[0]?.body]);
    expect(await api.balance(key)).toEqual({ available: charged, held: 0 });
  });

  test('share what they have in common, and pay each their own price', async () => {
    const { api, key } = await inRealTime();
    const answers = await atOnce(CALLERS, (index) =>
      api.request(`/v1/post?url=DemoThread1${index % 2 === 0 ? '' : '&comments=latest&commentLimit=20'}`, { key }),
    );
    const alone = start();
    alone.takeSent();
    await alone.request('/v1/post?url=DemoThread1&comments=latest&commentLimit=20', { key });
    expect(api.takeSent().providers).toBe(alone.takeSent().providers);
    const prices = answers.map((answer) => usageOf(answer).settledMicroCredits);
    expect(prices).toEqual(prices.map((_price, index) => (index % 2 === 0 ? 3_000 : 7_000)));
    const { available, held } = await api.balance(key);
    expect([available, held]).toEqual([SIGNED_UP - prices.reduce((sum, price) => sum + price, 0) - 7_000, 0]);
  });

  test('fail together when their flight fails, and nobody is charged', async () => {
    const { api, key } = await inRealTime({ READ_DEADLINE_MS: '4000', PROVIDER_ORDER_MEDIA: 'scrapecreators' });
    const answers = await atOnce(CALLERS, () => api.request('/v1/post?url=FaultSilent', { key }));
    expect(new Set(answers.map((answer) => `${answer.status} ${errorOf(answer).code}`))).toEqual(new Set(['504 provider_timeout']));
    expect(api.takeSent().providers).toBe(1);
    expect(await api.balance(key)).toEqual({ available: SIGNED_UP, held: 0 });
  });

  test('that read fresh share a flight under way, but one that begins after another has ended asks anew', async () => {
    const { api, key } = await inRealTime();
    const read = () => api.request('/v1/post?url=DemoImage01&maxAgeSeconds=0', { key });
    await atOnce(5, read);
    expect(api.takeSent().providers).toBe(1);
    expect((await read()).body).toMatchObject({ cache: { status: 'miss' } });
    expect(api.takeSent().providers).toBe(1);
  });
});

describe('flights', () => {
  const withCoalesce = (api: Api, coalesce: ReturnType<ReadCoalescers['getByName']>['coalesce']): void => {
    Object.assign(api.env, { READ_FLIGHTS: { getByName: () => ({ coalesce }) } satisfies ReadCoalescers });
  };

  test.each(['post?url=DemoImage01', 'comments?url=DemoThread1'])(
    'that are full turn /v1/%s away with Retry-After, and give the hold back',
    async (path) => {
      const api = start();
      const { key } = await api.signUp();
      withCoalesce(api, async () => ({ kind: 'full' }));
      const answer = await api.request(`/v1/${path}`, { key });
      expect([answer.status, errorOf(answer).code, answer.headers.get('Retry-After')]).toEqual([503, 'overloaded', '2']);
      expect(await api.balance(key)).toEqual({ available: SIGNED_UP, held: 0 });
    },
  );

  test('that can not be reached do not stop a read', async () => {
    const api = start();
    const { key } = await api.signUp();
    withCoalesce(api, () => Promise.reject(new Error('no route to the object')));
    const answer = await api.request('/v1/post?url=DemoImage01', { key });
    expect([answer.status, usageOf(answer).settledMicroCredits]).toEqual([200, 3_000]);
    expect(logged(api)).toMatchObject({ joined: 0, attempts: [{ provider: 'scrapecreators' }] });
  });

  test('are not taken by what the cache has, by a quotation, nor by a test key', async () => {
    const api = start();
    const { key } = await api.signUp();
    await api.request('/v1/post?url=DemoImage01', { key });
    let taken = 0;
    withCoalesce(api, async () => {
      taken += 1;
      return { kind: 'full' };
    });
    expect((await api.request('/v1/post?url=DemoImage01', { key })).body).toMatchObject({ cache: { status: 'hit' } });
    expect((await api.request('/v1/post?url=DemoVideo01&dryRun=true', { key })).status).toBe(200);
    const minted = await api.request('/v1/keys', {
      key,
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: 'sandbox', mode: 'test' }),
    });
    // safe because the tests of /v1/keys check this shape against the published schema
    const { apiKey } = minted.body as { apiKey: string };
    expect((await api.request('/v1/post?url=TestImage01', { key: apiKey })).status).toBe(200);
    expect(taken).toBe(0);
    expect((await api.request('/v1/post?url=DemoVideo01', { key })).status).toBe(503);
    expect(taken).toBe(1);
  });
});

describe('what an isolate remembers', () => {
  test('answers a second read without touching the store, and is off at 0 seconds', async () => {
    for (const [seconds, status] of [
      ['30', 'hit'],
      ['0', 'miss'],
    ] as const) {
      const api = start({ HOT_CACHE_SECONDS: seconds });
      const { key } = await api.signUp();
      await api.request('/v1/post?url=DemoImage01', { key });
      api.kv.isDown = true;
      expect((await api.request('/v1/post?url=DemoImage01', { key })).body, seconds).toMatchObject({ cache: { status } });
    }
  });
});
