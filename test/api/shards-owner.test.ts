import { describe, expect, test } from 'vitest';
import { MetricsView } from '../../src/routes/operator/metrics-view.ts';
import { errorOf } from '../support/answers.ts';
import { type Api, OPERATOR_KEY, useApi } from '../support/api.ts';
import { customerOfEach, type ShardCustomer } from '../support/shards.ts';

const start = useApi({ shards: 2 });
const open = () => start({ SIGNUP_SHARDS: '0,1' });
const reason = 'Ticket 4711: a test of shards.';

function post(body: object) {
  return { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), key: OPERATOR_KEY };
}

async function metrics(api: Api, shard: number) {
  const { body, status } = await api.request(`/v1/ops/metrics?shard=${shard}`, { key: OPERATOR_KEY });
  expect(status).toBe(200);
  return MetricsView.parse(body);
}

const ROUTES: readonly (readonly [string, RequestInit & { key: string }])[] = [
  ['/v1/ops/metrics', { key: OPERATOR_KEY }],
  ['/v1/ops/actions', { key: OPERATOR_KEY }],
  ['/v1/ops/receipts/req_1', { key: OPERATOR_KEY }],
  ['/v1/ops/credits', post({ accountId: 'acct_1', kind: 'grant', microCredits: 1, ref: 'x', reason })],
  ['/v1/ops/accounts/acct_1/freeze', post({ reason })],
  ['/v1/ops/accounts/acct_1/unfreeze', post({ reason })],
  ['/v1/ops/keys/key_1/revoke', post({ reason })],
  ['/v1/ops/holds/expire', post({ reason })],
  ['/v1/ops/audit', post({ reason })],
];

describe('the shard that the owner names', () => {
  test.each(ROUTES)('%s refuses one that is not configured, and asks no database', async (path, init) => {
    const api = open();
    for (const shard of ['2', '99', '-1', 'one', ...(init.method === 'POST' ? ['', 'null'] : []), '01', '100']) {
      const answer = await api.request(`${path}?shard=${shard}`, init);
      expect([answer.status, errorOf(answer).code], shard).toEqual([400, 'invalid_request']);
    }
    expect((await api.request(`${path}?shard=0&shard=1`, init)).status).toBe(400);
    expect(api.takeSent()).toEqual({ database: 0, providers: 0 });
  });

  test.each(ROUTES)('%s asks the database of that shard alone', async (path, init) => {
    const api = open();
    for (const shard of [0, 1]) {
      api.unreachable.add(api.shards[1 - shard]?.url ?? '');
      expect([200, 404]).toContain((await api.request(`${path}?shard=${shard}`, init)).status);
      api.unreachable.clear();
    }
    api.unreachable.add(api.shards[1]?.url ?? '');
    expect([200, 404]).toContain((await api.request(path, init)).status);
    expect(new Set(api.events.map(({ shard }) => shard))).toEqual(new Set([undefined, 1]));
  });

  test('changes nothing about who may ask: a customer of any shard is refused with 403, nobody with 401', async () => {
    const api = open();
    for (const { key } of await customerOfEach(api)) {
      for (const query of ['', '?shard=0', '?shard=1', '?shard=7']) {
        const answer = await api.request(`/v1/ops/metrics${query}`, { key });
        expect([answer.status, errorOf(answer).code]).toEqual([403, 'forbidden']);
      }
    }
    expect((await api.request('/v1/ops/metrics?shard=7')).status).toBe(401);
  });
});

describe('the owner of two shards', () => {
  test('sees the money, the holds, the accounts, the jobs and the audit of the one asked for', async () => {
    const api = open();
    const [first, second] = await customerOfEach(api);
    const before = [await metrics(api, 0), await metrics(api, 1)] as const;
    await api.request('/v1/post?url=DemoSilent1', { key: second.key });
    await api.request('/v1/post?url=DemoSilent1', { key: first.key });
    api.clock.advance(60_000);
    await api.runCron();
    const after = [await metrics(api, 0), await metrics(api, 1)] as const;
    const moved = after.map((report, shard) => report.credits.settledMicroCredits - (before[shard]?.credits.settledMicroCredits ?? 0));
    expect(moved).toEqual([1_000, 3_000]);
    for (const report of after) {
      expect(report.holds).toMatchObject({ open: 0, overdue: 0 });
      expect(report.audit).toMatchObject({ brokenRows: 0, lastPass: { accounts: report.accounts.active } });
      expect(report.jobs.every((job) => job.lastSuccessAt === new Date(api.clock()).toISOString())).toBe(true);
    }
  });

  test('finds the counts of requests at home, whichever shard they were about', async () => {
    const api = open();
    const [, second] = await customerOfEach(api);
    for (let count = 0; count < 3; count++) await api.request('/v1/me', { key: second.key });
    await api.flushCounters();
    const requests = async (shard: number) => (await metrics(api, shard)).requests.total;
    expect(await requests(0)).toBeGreaterThanOrEqual(3);
    expect(await requests(1)).toBe(0);
  });

  test('credits, freezes and revokes where the account is, and finds it nowhere else', async () => {
    const api = open();
    const act = async ({ accountId, key, shard }: ShardCustomer) => {
      const credit = post({ accountId, kind: 'grant', microCredits: 250_000, ref: `ticket-${accountId}`, reason });
      expect((await api.request(`/v1/ops/credits?shard=${1 - shard}`, credit)).status).toBe(404);
      expect((await api.request(`/v1/ops/credits?shard=${shard}`, credit)).body).toMatchObject({ booked: true });
      expect(await api.balance(key)).toEqual({ available: 5_250_000, held: 0 });

      const requestId = (await api.request('/v1/post?url=DemoNoText1', { key })).headers.get('X-Request-Id') ?? '';
      expect((await api.request(`/v1/ops/receipts/${requestId}?shard=${1 - shard}`, { key: OPERATOR_KEY })).status).toBe(404);
      expect((await api.request(`/v1/ops/receipts/${requestId}?shard=${shard}`, { key: OPERATOR_KEY })).body).toMatchObject({ accountId });

      const freeze = `/v1/ops/accounts/${accountId}/freeze`;
      expect((await api.request(`${freeze}?shard=${1 - shard}`, post({ reason }))).status).toBe(404);
      expect((await api.request(`${freeze}?shard=${shard}`, post({ reason }))).body).toMatchObject({ status: 'frozen' });
      expect((await api.request('/v1/post?url=DemoNoText1', { key })).status).toBe(403);

      // safe because the tests of /v1/me check this shape
      const { id } = ((await api.request('/v1/me', { key })).body as { key: { id: string } }).key;
      expect((await api.request(`/v1/ops/keys/${id}/revoke?shard=${1 - shard}`, post({ reason }))).status).toBe(404);
      expect((await api.request(`/v1/ops/keys/${id}/revoke?shard=${shard}`, post({ reason }))).body).toMatchObject({ changed: true });
      expect((await api.request('/v1/me', { key })).status).toBe(401);
      return id;
    };
    for (const customer of await customerOfEach(api)) {
      const id = await act(customer);
      const { body } = await api.request(`/v1/ops/actions?shard=${customer.shard}`, { key: OPERATOR_KEY });
      // safe because the contract tests check this shape
      const { items } = body as { items: { kind: string; subject: string }[] };
      expect(items.slice(0, 3).map(({ kind, subject }) => [kind, subject])).toEqual([
        ['revoke_key', id],
        ['freeze', customer.accountId],
        ['credit', customer.accountId],
      ]);
      const other = await api.request(`/v1/ops/actions?shard=${1 - customer.shard}`, { key: OPERATOR_KEY });
      expect(JSON.stringify(other.body)).not.toContain(customer.accountId);
    }
  });
});
