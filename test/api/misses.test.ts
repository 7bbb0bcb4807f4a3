import { describe, expect, test } from 'vitest';
import { FREE_MISSES } from '../../src/limits/miss-allowance.ts';
import { MintedKey } from '../../src/routes/keys/requests.ts';
import { MetricsView } from '../../src/routes/operator/metrics-view.ts';
import { errorOf, usageOf } from '../support/answers.ts';
import { type Answer, type Api, OPERATOR_KEY, useApi } from '../support/api.ts';

const start = useApi();

/** A shortcode that nobody has. */
const madeUp = (index: number) => `Nobody${String(index).padStart(5, '0')}`;
const post = (target: string) => `/v1/post?url=${encodeURIComponent(target)}`;
const codeOf = (answer: Answer) => (answer.status === 200 ? 'ok' : errorOf(answer).code);

/** Counts the answers by code. */
function tally(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[codeOf(answer)] = (counts[codeOf(answer)] ?? 0) + 1;
  return counts;
}

async function readAll(api: Api, key: string, paths: readonly string[]): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const path of paths) answers.push(await api.request(path, { key }));
  return answers;
}

const codes = (from: number, count: number) => Array.from({ length: count }, (_, index) => post(madeUp(from + index)));

describe('made-up targets', () => {
  test('are answered so often in an hour, then refused before a provider is asked, free and with a time to come back', async () => {
    const api = start();
    const { key } = await api.signUp();
    const before = await api.balance(key);
    expect(tally(await readAll(api, key, codes(0, FREE_MISSES)))).toEqual({ post_not_found: FREE_MISSES });
    const holds = async () => (await api.database.execute('SELECT count(*) AS holds FROM hold')).rows[0]?.['holds'];
    const held = await holds();
    api.takeSent();
    const [refused] = await readAll(api, key, codes(FREE_MISSES, 140));
    expect([refused?.status, refused && errorOf(refused).code, refused && errorOf(refused).billed]).toEqual([
      429,
      'too_many_misses',
      false,
    ]);
    expect(refused && errorOf(refused).details).toEqual({
      reason: 'allowance_used_up',
      missed: FREE_MISSES,
      inProgress: 0,
      allowance: FREE_MISSES,
      windowSeconds: 3_600,
      retryAfterSeconds: 3_600,
    });
    expect(refused?.headers.get('Retry-After')).toBe('3600');
    expect(api.takeSent().providers).toBe(0);
    expect(await holds()).toBe(held);
    expect(await api.balance(key)).toEqual(before);
    api.clock.advance(3_600_000);
    expect(tally(await readAll(api, key, codes(0, 1)))).toEqual({ post_not_found: 1 });
  });

  test('are bounded exactly when 200 come at once', async () => {
    const api = start();
    const { key } = await api.signUp();
    const answers = await Promise.all(codes(1_000, 200).map((path) => api.request(path, { key })));
    expect(tally(answers)).toEqual({ post_not_found: FREE_MISSES, too_many_misses: 200 - FREE_MISSES });
  });

  test('are bounded for share links that lead nowhere, and for posts that are private or no reel, together', async () => {
    const api = start();
    const { key } = await api.signUp();
    const links = Array.from({ length: FREE_MISSES - 2 }, (_, index) => post(`https://www.instagram.com/share/p/NoSuchToken${index}`));
    expect(tally(await readAll(api, key, links))).toEqual({ share_link_unresolved: FREE_MISSES - 2 });
    const others = [post('FaultPriv__'), '/v1/reel?url=DemoImage01'];
    expect((await readAll(api, key, others)).map(codeOf)).toEqual(['private_post', 'not_a_reel']);
    api.takeSent();
    const share = post('https://www.instagram.com/share/p/NoSuchToken99');
    expect(tally(await readAll(api, key, [share, ...codes(2_000, 1)]))).toEqual({ too_many_misses: 2 });
    expect(api.takeSent().providers).toBe(0);
  });

  test('are bounded for all keys of an account, and for no other account', async () => {
    const api = start();
    const { key } = await api.signUp();
    const init = { key, method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'helper' }) };
    const helper = MintedKey.parse((await api.request('/v1/keys', init)).body).apiKey;
    await readAll(api, key, codes(3_000, FREE_MISSES));
    expect(tally(await readAll(api, helper, codes(4_000, 2)))).toEqual({ too_many_misses: 2 });
    expect(tally(await readAll(api, (await api.signUp()).key, codes(4_000, 2)))).toEqual({ post_not_found: 2 });
  });

  test('do not stop what is cached or paid, and each paid read makes room for one more', async () => {
    const api = start();
    const { key } = await api.signUp();
    expect(usageOf(await api.request(post('DemoImage01'), { key })).settledMicroCredits).toBeGreaterThan(0);
    expect(tally(await readAll(api, key, codes(5_000, FREE_MISSES + 2)))).toEqual({
      post_not_found: FREE_MISSES + 1,
      too_many_misses: 1,
    });
    // What is known to be missing costs no provider, and what is at hand can be had.
    expect(tally(await readAll(api, key, codes(5_000, 1)))).toEqual({ post_not_found: 1 });
    expect(tally(await readAll(api, key, [post('DemoImage01')]))).toEqual({ ok: 1 });
    expect(tally(await readAll(api, key, codes(6_000, 2)))).toEqual({ post_not_found: 1, too_many_misses: 1 });
  });

  test('are counted neither for a failing provider nor for the operator', async () => {
    const api = start();
    const { key } = await api.signUp();
    const wall = post('https://www.instagram.com/share/p/ShareFaultLogin');
    expect(tally(await readAll(api, key, [post('Fault500___'), post('Fault500___'), wall, wall]))).toEqual({ provider_unavailable: 4 });
    expect(tally(await readAll(api, key, codes(7_000, FREE_MISSES)))).toEqual({ post_not_found: FREE_MISSES });
    expect(tally(await readAll(api, OPERATOR_KEY, codes(8_000, FREE_MISSES + 1)))).toEqual({ post_not_found: FREE_MISSES + 1 });
  });

  test('pass while the store of counters is down', async () => {
    const api = start();
    const { key } = await api.signUp();
    api.rateLimits.trouble = () => Promise.reject(new Error('down'));
    expect(tally(await readAll(api, key, codes(9_000, FREE_MISSES + 1)))).toEqual({ post_not_found: FREE_MISSES + 1 });
  });

  test('show in the metrics: what they cost, and whom the allowance refuses', async () => {
    const api = start();
    // Other tests of this file count in the same database.
    api.clock.advance(400 * 86_400_000);
    const { key } = await api.signUp();
    await readAll(api, key, codes(10_000, FREE_MISSES + 3));
    await api.flushCounters();
    const { money, rateLimits } = MetricsView.parse((await api.request('/v1/ops/metrics?window=1h', { key: OPERATOR_KEY })).body);
    expect(rateLimits.refused).toEqual({ misses: 3 });
    expect(money.revenueMicroCredits).toBe(0);
    expect(money.freeReadsProviderCostMicroUsd).toBe(money.providerCostMicroUsd);
    expect(money.freeReadsProviderCostMicroUsd).toBeGreaterThan(0);
    expect(money.marginMicroUsd).toBe(-money.providerCostMicroUsd);
  });
});
