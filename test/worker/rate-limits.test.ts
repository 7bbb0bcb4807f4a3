import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mintApiKey } from '../../src/billing/keys/api-key.ts';
import { addCustomer } from '../support/database.ts';
import { hasRedis, type Redis, startRedis } from '../support/redis.ts';
import { startUpstashBridge, type UpstashBridge } from '../support/upstash-bridge.ts';
import { type RunningWorker, useWorker } from '../support/worker.ts';

/** The published limits; and patience, because these tests are about counting and the machine may be busy. */
const settings = { RATE_LIMIT_SCALE: '1', RATE_LIMIT_TIMEOUT_MS: '10000' } as const;

/** The published limit of paid reads a minute. */
const LIMIT = 60;

/** A burst that meets the beginning of a minute counts in two windows, and is sent again with another key. */
const MOST_BURSTS = 3;

const minuteOf = (time: number) => Math.floor(time / 60_000);

/** Sends 100 reads at once with a key that cannot pay, and returns the statuses by number and how often the database was asked. */
async function burst({ url, database, proxy }: RunningWorker) {
  for (let sent = 0; sent < MOST_BURSTS; sent += 1) {
    const apiKey = mintApiKey();
    await addCustomer(database, { name: apiKey.slice(-8), apiKey });
    const headers = { Authorization: `Bearer ${apiKey}` };
    proxy.take();
    const startedIn = minuteOf(Date.now());
    const answers = await Promise.all(Array.from({ length: 100 }, () => fetch(`${url}/v1/post?url=DemoImage01`, { headers })));
    await Promise.all(answers.map((answer) => answer.text()));
    if (minuteOf(Date.now()) !== startedIn) continue;
    return {
      passed: answers.filter(({ status }) => status === 402).length,
      refused: answers.filter(({ status }) => status === 429),
      asked: proxy.take(),
    };
  }
  throw new Error('every burst met the beginning of a minute');
}

/** What must hold in workerd whatever counts. */
function limitsExactly(worker: () => RunningWorker): void {
  test('lets exactly the limit of 100 parallel requests pass, and asks the database no more than they need', async () => {
    const { passed, refused, asked } = await burst(worker());
    expect([passed, refused.length]).toEqual([LIMIT, 100 - LIMIT]);
    // Each asks whose the key is, since all came before one was told. Those that passed share what is asked of the ledger.
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(100 + LIMIT);
    for (const { headers } of refused) {
      expect(headers.get('RateLimit-Policy')).toBe('"burst";q=60;w=60');
      const seconds = Number(headers.get('Retry-After'));
      expect(seconds).toBeGreaterThan(0);
      expect(headers.get('RateLimit')).toBe(`"burst";r=0;t=${seconds}`);
    }
  });

  test('makes no eleventh account for one address, whether or not an hour ends meanwhile', async () => {
    const body = JSON.stringify({ accountName: 'One more', keyName: 'key' });
    const statuses: number[] = [];
    for (let index = 0; index < 11; index += 1) {
      const answer = await fetch(`${worker().url}/v1/signup`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
      await answer.text();
      statuses.push(answer.status);
    }
    expect(statuses.slice(0, 5)).toEqual([201, 201, 201, 201, 201]);
    expect(statuses.at(-1)).toBe(429);
  });
}

describe('rate limits in workerd, counted by Durable Objects', () => {
  limitsExactly(useWorker(settings));
});

describe.skipIf(!hasRedis)('rate limits in workerd, counted by Upstash Redis', () => {
  let redis: Redis | undefined;
  let bridge: UpstashBridge | undefined;
  beforeAll(async () => {
    redis = await startRedis();
    bridge = await startUpstashBridge(redis.url);
  });
  const worker = useWorker(() => ({
    ...settings,
    UPSTASH_REDIS_REST_URL: bridge?.url ?? '',
    UPSTASH_REDIS_REST_TOKEN: bridge?.token ?? '',
  }));
  afterAll(async () => {
    await bridge?.stop();
    await redis?.stop();
  });

  limitsExactly(worker);

  test('asks the store once for a request', async () => {
    bridge?.take();
    const answer = await fetch(`${worker().url}/health`);
    await answer.text();
    expect([answer.headers.get('RateLimit-Policy'), bridge?.take()]).toEqual(['"public";q=300;w=60', 1]);
  });
});
