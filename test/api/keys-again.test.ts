import { describe, expect, test } from 'vitest';
import { MintedKey } from '../../src/routes/keys/requests.ts';
import { errorOf, usageOf } from '../support/answers.ts';
import { type Api, useApi } from '../support/api.ts';

const start = useApi();
const READ = '/v1/post?url=DemoImage01';

const send = (method: string, key: string, body: unknown) => ({
  method,
  key,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
});

async function mint(api: Api, key: string, body: Readonly<Record<string, unknown>> = {}) {
  return MintedKey.parse((await api.request('/v1/keys', send('POST', key, { name: 'helper', ...body }))).body);
}

const read = (api: Api, key: string, once: string, path = READ) => api.request(path, { key, headers: { 'Idempotency-Key': once } });

describe('keys and repeated requests', () => {
  test('a rotated secret is charged once, gets the same answer as the one before it, and sees the usage', async () => {
    const api = start();
    const { key } = await api.signUp();
    const { key: child, apiKey } = await mint(api, key, { scopes: ['read', 'account'] });
    const first = await read(api, apiKey, 'over-the-rotation');
    const rotated = await api.request(`/v1/keys/${child.id}/rotate`, send('POST', key, { graceSeconds: 3_600 }));
    const { apiKey: fresh } = MintedKey.parse(rotated.body);
    const again = await read(api, fresh, 'over-the-rotation');
    expect([first.status, again.status, again.headers.get('Idempotency-Replayed')]).toEqual([200, 200, 'true']);
    expect(again.body).toEqual(first.body);
    const second = await read(api, fresh, 'after-the-rotation');
    expect(usageOf(second).settledMicroCredits).toBeGreaterThan(0);
    expect((await read(api, apiKey, 'after-the-rotation')).body).toEqual(second.body);
    const usage = await api.request('/v1/usage', { key: fresh });
    expect((usage.body as { items: unknown[] }).items).toHaveLength(2);
    expect(((await api.request('/v1/ledger', { key: fresh })).body as { items: unknown[] }).items).toHaveLength(3);
    const spent = usageOf(first).settledMicroCredits + usageOf(second).settledMicroCredits;
    expect(await api.balance(key)).toEqual({ available: 5_000_000 - spent, held: 0 });
  });

  test('a key that may not read is given no answer of another, quotes nothing, and sees neither usage nor ledger', async () => {
    const api = start();
    const { key } = await api.signUp();
    expect((await read(api, key, 'of-the-parent')).status).toBe(200);
    const { apiKey } = await mint(api, key, { scopes: ['read:reel'] });
    const refused = [
      await read(api, apiKey, 'of-the-parent'),
      await read(api, apiKey, 'of-the-parent', '/v1/post?url=DemoVideo01'),
      await api.request(`${READ}&dryRun=true`, { key: apiKey }),
      await read(api, apiKey, 'ceiling', `${READ}&maxCostMicroCredits=0`),
      await api.request('/v1/usage', { key: apiKey }),
      await api.request('/v1/ledger', { key: apiKey }),
    ];
    expect(refused.map((answer) => [answer.status, errorOf(answer).details?.['reason']])).toEqual(
      refused.map(() => [403, 'scope_missing']),
    );
    const left = await api.database.execute(`SELECT count(*) AS claims FROM replay WHERE status IS NULL`);
    expect(left.rows[0]).toMatchObject({ claims: 0 });
  });

  test("what a key's limits refuse frees its Idempotency-Key; the ceiling says whose it is", async () => {
    const api = start();
    const { key } = await api.signUp();
    const { key: child, apiKey } = await mint(api, key, { maxCostMicroCredits: 1 });
    const byKey = await read(api, apiKey, 'too-dear', '/v1/post?url=DemoVideo01');
    const byCaller = await read(api, key, 'too-dear', '/v1/post?url=DemoVideo01&maxCostMicroCredits=1');
    expect([byKey, byCaller].map((answer) => [answer.status, errorOf(answer).code, errorOf(answer).details?.['reason']])).toEqual([
      [402, 'price_above_max', 'key_ceiling'],
      [402, 'price_above_max', 'request_ceiling'],
    ]);
    await api.request(`/v1/keys/${child.id}`, send('PATCH', key, { maxCostMicroCredits: null, budget: { microCredits: 1, period: null } }));
    const overBudget = await read(api, apiKey, 'too-dear', '/v1/post?url=DemoVideo01');
    expect([overBudget.status, errorOf(overBudget).code]).toEqual([402, 'key_budget_exceeded']);
    await api.request(`/v1/keys/${child.id}`, send('PATCH', key, { budget: null }));
    const paid = await read(api, apiKey, 'too-dear', '/v1/post?url=DemoVideo01');
    expect([paid.status, paid.headers.has('Idempotency-Replayed')]).toEqual([200, false]);
  });

  test('a test key may send an Idempotency-Key and ask for quotes: samples are free and remembered by nobody', async () => {
    const api = start();
    const { key } = await api.signUp();
    const { apiKey } = await mint(api, key, { mode: 'test' });
    for (let time = 0; time < 2; time += 1) {
      const answer = await read(api, apiKey, 'sample', '/v1/post?url=TestImage01');
      expect([answer.status, answer.headers.has('Idempotency-Replayed')]).toEqual([200, false]);
    }
    for (const [sample, cache] of [
      ['TestImage01', { status: 'miss', ageSeconds: null }],
      ['TestCached1', { status: 'hit', ageSeconds: 600 }],
      ['TestStale01', { status: 'miss', ageSeconds: null }],
    ] as const) {
      const quoted = await api.request(`/v1/post?url=${sample}&dryRun=true&maxCostMicroCredits=0`, { key: apiKey });
      expect(quoted.body).toMatchObject({
        quote: { maximumMicroCredits: 0, expectedMicroCredits: 0, lines: [], cache, affordable: true, balanceMicroCredits: 5_000_000 },
        data: null,
      });
      expect(quoted.headers.get('X-Credits-Remaining')).toBe('5000000');
    }
    const refused = await api.request('/v1/post?url=TestNone_01&dryRun=true', { key: apiKey });
    expect([refused.status, errorOf(refused).code]).toEqual([404, 'post_not_found']);
  });

  test('a repeated signup is no further account to the limits', async () => {
    const api = start({ RATE_LIMIT_SCALE: '1' });
    const signUp = (once: string) =>
      api.request('/v1/signup', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'CF-Connecting-IP': '203.0.113.99', 'Idempotency-Key': once },
        body: JSON.stringify({ accountName: 'a', keyName: 'b' }),
      });
    const first = await signUp('a-signup-that-is-sent-again-and-again');
    for (let time = 0; time < 7; time += 1) expect((await signUp('a-signup-that-is-sent-again-and-again')).body).toEqual(first.body);
    for (let made = 1; made < 5; made += 1) expect((await signUp(`one-more-signup-of-this-address-${made}`)).status).toBe(201);
    expect(errorOf(await signUp('one-signup-too-many-from-here')).details).toMatchObject({ policy: 'signup' });
    expect((await signUp('a-signup-that-is-sent-again-and-again')).body).toEqual(first.body);
  });
});
