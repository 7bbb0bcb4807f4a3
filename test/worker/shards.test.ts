import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import { createDatabase } from '../../src/db/client.ts';
import { serverDatabase } from '../support/database.ts';
import { shardOfKey } from '../support/shards.ts';
import { useSqld } from '../support/sqld.ts';
import { balanceOf, signUp, useWorker, WORKER_OPERATOR_KEY } from '../support/worker.ts';

const secondUrl = useSqld();
// Before the Worker starts: it is not ready while a shard has no tables.
beforeAll(async () => void (await serverDatabase(secondUrl())));
afterEach(async () => expect(brokenInvariants(await auditLedger(createDatabase({ url: secondUrl() })))).toEqual([]));
const worker = useWorker(() => ({ LIBSQL_SHARDS: JSON.stringify([{ url: secondUrl() }]), SIGNUP_SHARDS: '0,1' }));

async function get(path: string, key: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${worker().url}${path}`, { headers: { Authorization: `Bearer ${key}`, ...headers } });
  return { status: response.status, replayed: response.headers.get('Idempotency-Replayed'), text: await response.text() };
}

/** A customer's key of each shard. */
async function keyOfEach(): Promise<readonly [string, string]> {
  const keys = new Map<number, string>();
  for (let count = 0; count < 60; count++) {
    const { key } = await signUp(worker().url);
    keys.set(shardOfKey(key), key);
    const [first, second] = [keys.get(0), keys.get(1)];
    if (first !== undefined && second !== undefined) return [first, second];
  }
  throw new Error('no signup came to one of the shards');
}

describe('two shards in workerd', () => {
  test('each read is charged once in the shard of its key, by the object of that shard', async () => {
    const { proxy, url } = worker();
    const [homeKey, otherKey] = await keyOfEach();
    expect((await get('/v1/post?url=DemoImage01', homeKey)).status).toBe(200);
    proxy.take();
    const headers = { 'Idempotency-Key': '"once-on-the-second"' };
    const answers = [
      await get('/v1/post?url=DemoImage01', otherKey),
      await get('/v1/post?url=DemoReel_01', otherKey),
      await get('/v1/post?url=DemoVideo01', otherKey, headers),
      await get('/v1/post?url=DemoVideo01', otherKey, headers),
    ];
    expect(answers.map(({ status, replayed }) => [status, replayed])).toEqual([
      [200, null],
      [200, null],
      [200, null],
      [200, 'true'],
    ]);
    // The proxy stands before the first shard, which heard of none of them.
    expect(proxy.take()).toBe(0);
    const parallel = Array.from({ length: 40 }, (_none, index) => get('/v1/post?url=DemoImage01', index % 2 === 0 ? homeKey : otherKey));
    expect(new Set((await Promise.all(parallel)).map(({ status }) => status))).toEqual(new Set([200]));
    expect(await balanceOf(url, homeKey)).toEqual({ available: 5_000_000 - 3_000 - 20_000, held: 0 });
    expect(await balanceOf(url, otherKey)).toEqual({ available: 5_000_000 - 1_000 - 6_000 - 20_000, held: 0 });
  });

  test('a changed infix opens nothing and asks nobody; the owner sees each shard and no third', async () => {
    const { proxy, url } = worker();
    const [homeKey] = await keyOfEach();
    proxy.take();
    expect((await get('/v1/me', homeKey.replace('igsk_', 'igsk_s1_'))).status).toBe(401);
    expect(proxy.take()).toBe(0);
    for (const [shard, status] of [
      [0, 200],
      [1, 200],
      [2, 400],
    ] as const) {
      expect((await get(`/v1/ops/metrics?shard=${shard}`, WORKER_OPERATOR_KEY)).status).toBe(status);
    }
    const ready = await fetch(`${url}/ready`);
    expect(await ready.json()).toMatchObject({ checks: expect.arrayContaining([{ name: 'database of shard 1', ok: true }]) });
  });
});
