import { describe, expect, test } from 'vitest';
import { JOBS } from '../../src/ops/jobs/jobs.ts';
import { mintApiKey } from '../../src/billing/keys/api-key.ts';
import { MintedKey } from '../../src/routes/keys/requests.ts';
import { errorOf, usageOf } from '../support/answers.ts';
import { type Api, OPERATOR_KEY, useApi } from '../support/api.ts';
import { useSqld } from '../support/sqld.ts';
import { customerOfEach, rowsOf, type ShardCustomer, shardOfKey } from '../support/shards.ts';

const start = useApi({ shards: 2 });
/** A database without a table. */
const empty = useSqld();
const open = (settings: Parameters<typeof start>[0] = {}) => start({ SIGNUP_SHARDS: '0,1', ...settings });

function json(body: unknown, key?: string, headers: Record<string, string> = {}) {
  const init = { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) };
  return key === undefined ? init : { ...init, key };
}

async function mint(api: Api, key: string, draft: object) {
  const answer = await api.request('/v1/keys', json({ name: 'child', ...draft }, key));
  expect(answer.status).toBe(201);
  return MintedKey.parse(answer.body);
}

/** Runs a check for the customer of each shard. */
async function onEach(api: Api, check: (customer: ShardCustomer, other: ShardCustomer) => Promise<void>) {
  const [first, second] = await customerOfEach(api);
  await check(first, second);
  await check(second, first);
}

/** What a table holds of an account: `count` rows in its own shard, none in the other. */
const only = (shard: number, count: number) => (shard === 0 ? [count, 0] : [0, count]);

describe('a signup', () => {
  test('is made in the shard that its key names, and nowhere else', async () => {
    await onEach(open(), async ({ key, accountId, shard }) => {
      expect(key).toMatch(shard === 0 ? /^igsk_[0-9A-Za-z]{38}$/ : /^igsk_s1_[0-9A-Za-z]{38}$/);
      expect(await rowsOf(open(), 'account', accountId)).toEqual(only(shard, 1));
      expect(await rowsOf(open(), 'entry', accountId)).toEqual(only(shard, 1));
    });
  });

  test('under the same Idempotency-Key is found again, wherever it was made', async () => {
    const api = open();
    const seen = new Set<number>();
    for (let count = 0; count < 12; count++) {
      const order = (once: string) => json({ accountName: 'Test team', keyName: 'test key' }, undefined, { 'Idempotency-Key': once });
      const once = `a-secret-of-the-caller-${count}`;
      const first = await api.request('/v1/signup', order(once));
      const again = await api.request('/v1/signup', order(`"${once}"`));
      expect([first.status, again.status, again.headers.get('Idempotency-Replayed')]).toEqual([201, 201, 'true']);
      expect(again.body).toEqual(first.body);
      // safe because the signup tests check this shape
      seen.add(shardOfKey((first.body as { apiKey: string }).apiKey));
    }
    expect(seen).toEqual(new Set([0, 1]));
  });

  test('goes to no shard that takes no new accounts', async () => {
    const api = open({ SIGNUP_SHARDS: '1' });
    for (let count = 0; count < 5; count++) expect(shardOfKey((await api.signUp()).key)).toBe(1);
  });
});

describe('a key', () => {
  test('reads and is charged in its own shard: a miss and a hit', async () => {
    const api = open();
    await onEach(api, async ({ key, accountId, shard }) => {
      const url = shard === 0 ? 'DemoImage01' : 'DemoAlbum01';
      const miss = await api.request(`/v1/post?url=${url}`, { key });
      const hit = await api.request(`/v1/post?url=${url}`, { key });
      expect([miss, hit].map((answer) => usageOf(answer).settledMicroCredits)).toEqual([3_000, 1_000]);
      expect(await api.balance(key)).toEqual({ available: 4_996_000, held: 0 });
      expect(await rowsOf(api, 'hold', accountId)).toEqual(only(shard, 2));
    });
  });

  test('asks no database but its own', async () => {
    const api = open();
    await onEach(api, async ({ key, shard }) => {
      api.unreachable.add(api.shards[1 - shard]?.url ?? '');
      api.takeSent();
      expect((await api.request(`/v1/post?url=${shard === 0 ? 'DemoVideo01' : 'DemoJapan01'}`, { key })).status).toBe(200);
      expect(api.takeSent().database).toBe(2);
      api.unreachable.clear();
    });
  });

  test('mints, rotates and revokes keys of its own shard', async () => {
    const api = open();
    await onEach(api, async ({ key, accountId, shard }) => {
      const live = await mint(api, key, { scopes: ['read', 'keys'] });
      const sandbox = await mint(api, key, { mode: 'test' });
      const grandchild = await mint(api, live.apiKey, {});
      expect([live, sandbox, grandchild].map(({ apiKey }) => shardOfKey(apiKey))).toEqual([shard, shard, shard]);
      expect(sandbox.apiKey).toMatch(shard === 0 ? /^igsk_test_[0-9A-Za-z]{38}$/ : /^igsk_test_s1_[0-9A-Za-z]{38}$/);
      const rotated = MintedKey.parse((await api.request(`/v1/keys/${live.key.id}/rotate`, json({ graceSeconds: 0 }, key))).body);
      expect(shardOfKey(rotated.apiKey)).toBe(shard);
      expect(await rowsOf(api, 'api_key', accountId)).toEqual(only(shard, 4));
      expect((await api.request('/v1/me', { key: live.apiKey })).status).toBe(401);
      for (const text of [rotated.apiKey, grandchild.apiKey]) {
        expect((await api.request('/v1/post?url=DemoImage01', { key: text })).status).toBe(200);
      }
      expect((await api.request('/v1/post?url=TestImage01', { key: sandbox.apiKey })).status).toBe(200);
      await api.request(`/v1/keys/${live.key.id}`, { method: 'DELETE', key });
      expect((await api.request('/v1/me', { key: grandchild.apiKey })).status).toBe(401);
    });
  });

  test('whose shard was changed is refused before any database hears of it', async () => {
    const api = open();
    const [first, second] = await customerOfEach(api);
    api.takeSent();
    for (const key of [first.key.replace('igsk_', 'igsk_s1_'), second.key.replace('s1_', ''), second.key.replace('s1_', 's2_')]) {
      const answer = await api.request('/v1/post?url=DemoImage01', { key });
      expect([answer.status, errorOf(answer).code]).toEqual([401, 'unauthorized']);
    }
    expect(api.takeSent()).toEqual({ database: 0, providers: 0 });
  });

  test('of a shard that is not configured, or that its shard does not know, opens nothing', async () => {
    const api = open();
    for (const shard of [0, 1, 2, 99]) {
      const answer = await api.request('/v1/post?url=DemoImage01', { key: mintApiKey(undefined, 'live', shard) });
      expect([answer.status, errorOf(answer).code]).toEqual([401, 'unauthorized']);
    }
  });

  test('never opens the objects of another shard', async () => {
    const api = open();
    await onEach(api, async (own, other) => {
      const read = await api.request('/v1/post?url=DemoImage01', { key: other.key });
      const requestId = read.headers.get('X-Request-Id') ?? '';
      const child = await mint(api, other.key, {});
      expect((await api.request(`/v1/usage/${requestId}`, { key: other.key })).status).toBe(200);
      expect((await api.request(`/v1/usage/${requestId}`, { key: own.key })).status).toBe(404);
      expect((await api.request(`/v1/keys/${child.key.id}`, { method: 'DELETE', key: own.key })).status).toBe(404);
      expect((await api.request(`/v1/keys/${child.key.id}`, { method: 'DELETE', key: other.key })).status).toBe(200);
    });
  });
});

describe('what is kept', () => {
  test('of usage and of the journal is in the shard of the account', async () => {
    const api = open();
    await onEach(api, async ({ key }) => {
      const read = await api.request('/v1/post?url=DemoHindi01', { key });
      const requestId = read.headers.get('X-Request-Id');
      expect((await api.request('/v1/usage', { key })).body).toMatchObject({ items: [{ requestId }], nextCursor: null });
      expect((await api.request('/v1/ledger', { key })).body).toMatchObject({ items: [{ kind: 'usage' }, { kind: 'grant' }] });
    });
  });

  test('of an Idempotency-Key is the account’s own: two customers may use the same one', async () => {
    const api = open();
    const headers = { 'Idempotency-Key': '"the-same-in-both"' };
    await onEach(api, async ({ key, accountId, shard }) => {
      const first = await api.request('/v1/post?url=DemoImage01', { key, headers });
      const again = await api.request('/v1/post?url=DemoImage01', { key, headers });
      expect([first.status, again.status]).toEqual([200, 200]);
      expect([first, again].map((answer) => answer.headers.get('Idempotency-Replayed'))).toEqual([null, 'true']);
      expect(again.body).toEqual(first.body);
      expect(await rowsOf(api, 'hold', accountId)).toEqual(only(shard, 1));
    });
  });
});

describe('a hundred parallel reads', () => {
  test('on both shards are each charged to their own account, exactly', async () => {
    const api = open();
    const [first, second] = await customerOfEach(api);
    await api.request('/v1/post?url=DemoImage01', { key: first.key });
    const keys = Array.from({ length: 100 }, (_none, index) => (index % 2 === 0 ? first.key : second.key));
    const answers = await Promise.all(keys.map((key) => api.request('/v1/post?url=DemoImage01', { key })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await api.balance(first.key)).toEqual({ available: 5_000_000 - 3_000 - 50_000, held: 0 });
    expect(await api.balance(second.key)).toEqual({ available: 5_000_000 - 50_000, held: 0 });
  });

  test('never spend more than the budget of a key, on either shard', async () => {
    const api = open();
    const owners = await customerOfEach(api);
    await api.request('/v1/post?url=DemoImage01', { key: owners[0].key });
    const children = await Promise.all(owners.map(({ key }) => mint(api, key, { budget: { microCredits: 20_500 } })));
    const keys = Array.from({ length: 100 }, (_none, index) => children[index % 2]?.apiKey ?? '');
    const answers = await Promise.all(keys.map((key) => api.request('/v1/post?url=DemoImage01', { key })));
    for (const half of [0, 1]) {
      const statuses = answers.filter((_answer, index) => index % 2 === half).map(({ status }) => status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(20);
      expect(statuses.filter((status) => status === 402)).toHaveLength(30);
    }
    expect(await api.balance(owners[0].key)).toEqual({ available: 5_000_000 - 3_000 - 20_000, held: 0 });
    expect(await api.balance(owners[1].key)).toEqual({ available: 5_000_000 - 20_000, held: 0 });
  });
});

test('two shards may share one database: two writers, one ledger, each call charged once', async () => {
  const { sqldUrl } = open();
  const api = open({ LIBSQL_SHARDS: JSON.stringify([{ url: sqldUrl }]) });
  const [first, second] = await customerOfEach(api);
  await api.request('/v1/post?url=DemoImage01', { key: first.key });
  const keys = Array.from({ length: 100 }, (_none, index) => (index % 2 === 0 ? first.key : second.key));
  const answers = await Promise.all(keys.map((key) => api.request('/v1/post?url=DemoImage01', { key })));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(await api.balance(first.key)).toEqual({ available: 5_000_000 - 3_000 - 50_000, held: 0 });
  expect(await api.balance(second.key)).toEqual({ available: 5_000_000 - 50_000, held: 0 });
  expect(await rowsOf(api, 'hold', second.accountId)).toEqual([50, 0]);
});

describe('while the database of one shard is down', () => {
  test('its customers are told to come back and pay nothing, and the others are served', async () => {
    const api = open();
    await onEach(api, async (up, down) => {
      const before = await api.balance(down.key);
      api.unreachable.add(api.shards[down.shard]?.url ?? '');
      const refused = await api.request('/v1/post?url=DemoImage01', { key: down.key });
      expect([refused.status, errorOf(refused).code]).toEqual([503, 'overloaded']);
      const served = await api.request('/v1/post?url=DemoImage01', { key: up.key });
      expect(served.status).toBe(200);
      const ready = await api.request('/ready');
      const name = down.shard === 0 ? 'database' : 'database of shard 1';
      expect([ready.status, ready.body]).toMatchObject([503, { status: 'not_ready' }]);
      // safe because the test of /ready checks this shape
      const { checks } = ready.body as { checks: { name: string; ok: boolean; problem?: string }[] };
      expect(checks.filter((check) => !check.ok)).toEqual([{ name, ok: false, problem: 'unreachable' }]);
      api.unreachable.clear();
      expect(await api.balance(down.key)).toEqual(before);
      expect((await api.request('/ready')).status).toBe(200);
    });
  });

  test('the cron does its work in the others', async () => {
    const api = open();
    await customerOfEach(api);
    const jobs = async (shard: number) => {
      const { body } = await api.request(`/v1/ops/metrics?shard=${shard}`, { key: OPERATOR_KEY });
      // safe because the tests of the metrics check this shape
      return (body as { jobs: { lastSuccessAt: string | null }[] }).jobs.map((job) => job.lastSuccessAt);
    };
    await api.runCron();
    const once = new Date(api.clock()).toISOString();
    const all = Object.keys(JOBS).length;
    expect([await jobs(0), await jobs(1)]).toEqual([Array(all).fill(once), Array(all).fill(once)]);
    api.clock.advance(300_000);
    api.unreachable.add(api.sqldUrl);
    await api.runCron();
    api.unreachable.clear();
    const twice = new Date(api.clock()).toISOString();
    expect([await jobs(0), await jobs(1)]).toEqual([Array(all).fill(once), Array(all).fill(twice)]);
  });
});

test('/ready names every shard, one that is not migrated, and new accounts for a shard that there is not', async () => {
  const api = open();
  expect((await api.request('/ready')).body).toMatchObject({
    status: 'ready',
    checks: expect.arrayContaining([
      { name: 'database', ok: true },
      { name: 'database of shard 1', ok: true },
    ]),
  });
  const shards = [api.shards[1]?.url ?? '', empty()].map((url) => ({ url }));
  const unmigrated = await open({ LIBSQL_SHARDS: JSON.stringify(shards) }).request('/ready');
  expect([unmigrated.status, unmigrated.body]).toMatchObject([
    503,
    { checks: expect.arrayContaining([{ name: 'database of shard 2', ok: false, problem: 'not_migrated' }]) },
  ]);
  const wrong = await open({ SIGNUP_SHARDS: '0,2' }).request('/ready');
  expect([wrong.status, wrong.body]).toMatchObject([
    503,
    { checks: expect.arrayContaining([{ name: 'setting SIGNUP_SHARDS', ok: false, problem: 'names a shard that is not configured' }]) },
  ]);
  const secret = 'hunter2-hunter2';
  const broken = await open({ LIBSQL_SHARDS: `[{"url":"${secret}"}]` }).request('/ready');
  expect([broken.status, broken.body]).toMatchObject([
    503,
    { checks: [{ name: 'setting LIBSQL_SHARDS', ok: false, problem: 'malformed' }] },
  ]);
  expect(JSON.stringify(broken.body)).not.toContain(secret);
});
