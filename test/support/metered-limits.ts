import { describe, expect, test } from 'vitest';
import { MintedKey } from '../../src/routes/keys/requests.ts';
import { RATE_LIMITS } from '../../src/limits/policies.ts';
import { errorOf, usageOf } from './answers.ts';
import type { Api } from './api.ts';
import { charges } from './metered-promises.ts';
import type { MeteredRoute } from './metered-route-spec.ts';

const DAY_MS = 86_400_000;

/** How long an isolate remembers a copy, by its default setting. */
const HOT_SECONDS = 30;

/** A key below another one, with these limits. */
async function helper(api: Api, key: string, limits: object): Promise<string> {
  const answer = await api.request('/v1/keys', {
    key,
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'helper', ...limits }),
  });
  return MintedKey.parse(answer.body).apiKey;
}

/** What a key may spend, on one call and altogether, is asked before anything is spent. */
export function limitedByKey(spec: MeteredRoute): void {
  const read = spec.read(spec.good);

  describe('held to the limits of its key', () => {
    test('refuses what the rest of a budget does not cover, before a provider is asked, and reads again in the next period', async () => {
      const api = spec.start();
      const { key, accountId } = await api.signUp();
      const microCredits = spec.freshPrice + spec.cachedPrice;
      const child = await helper(api, key, { budget: { microCredits, period: 'day' } });
      expect((await api.request(read, { key: child })).status).toBe(200);
      // A new isolate's memory is as empty as the store.
      api.kv.values.clear();
      api.clock.advance(HOT_SECONDS * 1_000);
      api.takeSent();
      const refused = await api.request(read, { key: child });
      expect([refused.status, errorOf(refused).code]).toEqual([402, 'key_budget_exceeded']);
      expect(errorOf(refused)).toMatchObject({
        billed: false,
        details: {
          requiredMicroCredits: spec.freshPrice,
          budgetMicroCredits: microCredits,
          spentMicroCredits: spec.freshPrice,
          resetsAt: new Date(Math.floor(api.clock() / DAY_MS + 1) * DAY_MS).toISOString(),
        },
      });
      expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
      expect(await charges(api, accountId)).toEqual([-spec.freshPrice]);
      // The key above has no budget; the read that it pays fills the cache, and the cached price fits into the rest.
      expect((await api.request(read, { key })).status).toBe(200);
      const hit = await api.request(read, { key: child });
      expect(usageOf(hit).settledMicroCredits).toBe(spec.cachedPrice);
      expect(errorOf(await api.request(read, { key: child })).code).toBe('key_budget_exceeded');
      api.clock.advance(DAY_MS);
      expect((await api.request(read, { key: child })).status).toBe(200);
    });

    test('gives back to the budget what a failed read had set aside', async () => {
      const api = spec.start();
      const { key } = await api.signUp();
      const child = await helper(api, key, { budget: { microCredits: spec.freshPrice } });
      expect((await api.request(spec.read('Fault500___'), { key: child })).status).toBe(502);
      expect((await api.request(read, { key: child })).status).toBe(200);
    });

    test('refuses a price above the ceiling of the key, however high that of the call is', async () => {
      const api = spec.start();
      const { key, accountId } = await api.signUp();
      const maxCostMicroCredits = spec.freshPrice - 1;
      const child = await helper(api, key, { maxCostMicroCredits });
      api.takeSent();
      for (const path of [read, `${read}&maxCostMicroCredits=${spec.freshPrice}`]) {
        const refused = await api.request(path, { key: child });
        expect([refused.status, errorOf(refused).code]).toEqual([402, 'price_above_max']);
        expect(errorOf(refused).details).toMatchObject({
          reason: 'key_ceiling',
          requiredMicroCredits: spec.freshPrice,
          maxCostMicroCredits,
        });
        expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
      }
      expect(await charges(api, accountId)).toEqual([]);
    });
  });
}

/** Every key has a quota of paid reads. */
export function limitedByRate(spec: MeteredRoute): void {
  test('refuses with 429 what is above the quota of the key: nothing is asked and nothing charged until the window is over', async () => {
    const api = spec.start({ RATE_LIMIT_SCALE: '1' });
    const { key, accountId } = await api.signUp();
    const { limit, windowSeconds } = RATE_LIMITS.burst;
    const read = spec.read(spec.good);
    const told = async () => (await api.request(spec.read('no-shortcode!'), { key })).headers;
    for (let taken = 1; taken < limit; taken += 1) expect((await told()).get('RateLimit')).toBe(`"burst";r=${limit - taken};t=60`);
    expect((await api.request(read, { key })).headers.get('RateLimit')).toBe('"burst";r=0;t=60');
    api.clock.advance(20_000);
    api.takeSent();
    for (const path of [read, `${read}&dryRun=true`]) {
      const refused = await api.request(path, { key });
      expect([refused.status, errorOf(refused).code, errorOf(refused).billed]).toEqual([429, 'rate_limited', false]);
      expect(refused.headers.get('RateLimit-Policy')).toBe(`"burst";q=${limit};w=${windowSeconds}`);
      expect(refused.headers.get('RateLimit')).toBe('"burst";r=0;t=40');
      expect(refused.headers.get('Retry-After')).toBe('40');
    }
    expect(api.takeSent()).toEqual({ database: 0, providers: 0 });
    expect(await charges(api, accountId)).toEqual([-spec.freshPrice]);
    api.clock.advance(40_000);
    expect((await api.request(read, { key })).status).toBe(200);
    expect(await charges(api, accountId)).toEqual([-spec.freshPrice, -spec.cachedPrice]);
  });
}
