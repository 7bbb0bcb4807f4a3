import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { WRITER_LIMITS } from '../../src/billing/writer/ledger-writer.ts';
import { errorOf, usageOf } from '../support/answers.ts';
import { type Answer, type Api, OPERATOR_KEY, useApi } from '../support/api.ts';

const GRANT = 5_000_000;
const FRESH = 3_000;
const CACHED = 1_000;
/** How often one call is sent before it has no outcome. */
const TRIES = 3;
const start = useApi();
const read = '/v1/post?url=DemoImage01';
const json = { 'Content-Type': 'application/json' };
const Sums = z.object({
  money: z.object({ revenueMicroCredits: z.int() }),
  credits: z.object({ settledMicroCredits: z.int(), refundedMicroCredits: z.int() }),
});
const CreatedKey = z.object({ apiKey: z.string() });

/** The journal of the account: what each entry is about and what it moved. */
async function journal(api: Api, accountId: string): Promise<unknown[]> {
  const sql = `SELECT kind, delta_micros FROM entry WHERE account_id = ? AND kind <> 'grant' ORDER BY seq`;
  const { rows } = await api.database.execute({ sql, args: [accountId] });
  return rows.map((row) => [row['kind'], row['delta_micros']]);
}

function expectOverloaded(answer: Answer, billed: false | null = false): void {
  expect([answer.status, errorOf(answer).code, errorOf(answer).billed]).toEqual([503, 'overloaded', billed]);
  expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0);
}

describe('a paid read', () => {
  for (const [what, losing, price] of [
    ['settlement', 'after_provider', FRESH],
    ['charge', 'always', CACHED],
  ] as const) {
    test(`whose ${what} never hears from the database is refused, and what it took comes back when the database does`, async () => {
      const api = start();
      const { key, accountId } = await api.signUp();
      if (what === 'charge') await api.request(read, { key: OPERATOR_KEY });
      api.losesAnswers = losing;
      expectOverloaded(await api.request(read, { key }));
      expect(await api.writers.carryOutCompensations()).toBe(1);
      api.losesAnswers = null;
      expect(await api.writers.carryOutCompensations()).toBe(0);
      expect(await api.balance(key)).toEqual({ available: GRANT, held: 0 });
      expect(await journal(api, accountId)).toEqual([
        ['usage', -price],
        ['adjust', price],
      ]);
      // A repeat costs what it always does.
      expect((await api.request(read, { key })).status).toBe(200);
    });
  }

  test('whose settlement loses its answers is delivered with its price when giving back finds it settled, and charged once', async () => {
    const api = start();
    const { key, accountId } = await api.signUp();
    api.losesAnswers = 'after_provider';
    api.isLost = (nth) => nth <= TRIES;
    const answer = await api.request(read, { key });
    expect(answer.status).toBe(200);
    expect(usageOf(answer)).toMatchObject({ settledMicroCredits: FRESH, balanceMicroCredits: GRANT - FRESH });
    expect(await api.writers.carryOutCompensations()).toBe(0);
    expect(await journal(api, accountId)).toEqual([['usage', -FRESH]]);
  });

  test('that is found settled but loses its answers again is refused, and what it took comes back', async () => {
    const api = start();
    const { key, accountId } = await api.signUp();
    api.losesAnswers = 'after_provider';
    api.isLost = (nth) => nth !== TRIES + 1;
    expectOverloaded(await api.request(read, { key }));
    api.losesAnswers = null;
    expect(await api.writers.carryOutCompensations()).toBe(0);
    expect(await api.balance(key)).toEqual({ available: GRANT, held: 0 });
    expect(await journal(api, accountId)).toEqual([
      ['usage', -FRESH],
      ['adjust', FRESH],
    ]);
  });

  test('whose hold was set aside unheard is refused, and the hold is given back when the database answers', async () => {
    const api = start();
    const { key, accountId } = await api.signUp();
    api.losesAnswers = 'always';
    expectOverloaded(await api.request(read, { key }));
    api.losesAnswers = null;
    expect(await api.balance(key)).toEqual({ available: GRANT - FRESH, held: FRESH });
    expect(await api.writers.carryOutCompensations()).toBe(0);
    expect(await api.balance(key)).toEqual({ available: GRANT, held: 0 });
    expect(await journal(api, accountId)).toEqual([]);
  });

  test('that was charged unheard under an Idempotency-Key keeps its answer and its price', async () => {
    const api = start();
    const { key, accountId } = await api.signUp();
    const headers = { 'Idempotency-Key': 'kept' };
    api.losesAnswers = 'after_provider';
    expectOverloaded(await api.request(read, { key, headers }), null);
    api.losesAnswers = null;
    expect(await api.writers.carryOutCompensations()).toBe(0);
    const again = await api.request(read, { key, headers });
    expect([again.status, again.headers.get('Idempotency-Replayed')]).toEqual([200, 'true']);
    expect(await journal(api, accountId)).toEqual([['usage', -FRESH]]);
  });

  test('whose hold was set aside unheard under an Idempotency-Key is not billed, and says so', async () => {
    const api = start();
    const { key, accountId } = await api.signUp();
    const headers = { 'Idempotency-Key': 'unheard' };
    api.losesAnswers = 'always';
    expectOverloaded(await api.request(read, { key, headers }));
    api.losesAnswers = null;
    expect(await api.writers.carryOutCompensations()).toBe(0);
    expect((await api.request(read, { key, headers })).status).toBe(200);
    expect(await journal(api, accountId)).toEqual([['usage', -FRESH]]);
  });

  test('that was charged and given back is free in the budget, the usage, the receipt and the revenue', async () => {
    const api = start();
    const { key, accountId } = await api.signUp();
    const budget = { budget: { microCredits: FRESH, period: 'day' } };
    const created = await api.request('/v1/keys', {
      method: 'POST',
      key,
      body: JSON.stringify({ name: 'limited', ...budget }),
      headers: json,
    });
    const { apiKey: limited } = CreatedKey.parse(created.body);
    const ops = async (path: string) => (await api.request(path, { key: OPERATOR_KEY })).body;
    const before = Sums.parse(await ops('/v1/ops/metrics?window=1h'));
    api.losesAnswers = 'after_provider';
    const lost = await api.request(read, { key: limited });
    expectOverloaded(lost);
    api.losesAnswers = null;
    expect(await api.writers.carryOutCompensations()).toBe(0);
    const { requestId } = errorOf(lost);
    const free = { reservedMicroCredits: FRESH, settledMicroCredits: 0, refundedMicroCredits: FRESH };
    expect((await api.request(`/v1/usage/${requestId}`, { key })).body).toMatchObject({
      ...free,
      reason: 'undelivered',
      lines: [{ item: 'media', ...free, reason: 'undelivered' }],
    });
    expect((await api.request('/v1/usage', { key })).body).toMatchObject({ items: [{ requestId, ...free, reason: 'undelivered' }] });
    expect((await api.request('/v1/usage?aggregate=day', { key })).body).toMatchObject({ items: [{ requests: 1, ...free }] });
    expect(await ops(`/v1/ops/receipts/${requestId}`)).toMatchObject({ settledMicroCredits: FRESH, reversedMicroCredits: FRESH });
    expect(Sums.parse(await ops('/v1/ops/metrics?window=1h'))).toEqual({
      money: before.money,
      credits: {
        settledMicroCredits: before.credits.settledMicroCredits,
        refundedMicroCredits: before.credits.refundedMicroCredits + FRESH,
      },
    });
    // The budget has room for exactly one read.
    expect((await api.request(read, { key: limited })).status).toBe(200);
    expect(await journal(api, accountId)).toEqual([
      ['usage', -FRESH],
      ['adjust', FRESH],
      ['usage', -CACHED],
    ]);
  });

  test('that finds too many others waiting is refused at once with a time to come back, and costs nothing', async () => {
    const api = start();
    const { key, accountId } = await api.signUp();
    await api.request(read, { key: OPERATOR_KEY });
    const crowded = start();
    crowded.kv.values.clear();
    for (const [name, value] of api.kv.values) crowded.kv.values.set(name, value);
    crowded.writerLimits = { ...WRITER_LIMITS, waitingCalls: 1 };
    // From here on it knows whose the key is.
    expect((await crowded.request('/v1/me', { key })).status).toBe(200);
    const gate = Promise.withResolvers<void>();
    crowded.databaseGate = gate.promise;
    const answers = Array.from({ length: 5 }, () => crowded.request(read, { key }));
    const first = await Promise.race(answers);
    expectOverloaded(first);
    gate.resolve();
    const statuses = (await Promise.all(answers)).map((answer) => answer.status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 200, 503, 503, 503]);
    expect(await crowded.writers.carryOutCompensations()).toBe(0);
    expect(await journal(api, accountId)).toEqual([
      ['usage', -CACHED],
      ['usage', -CACHED],
    ]);
    expect(await api.balance(key)).toEqual({ available: GRANT - 2 * CACHED, held: 0 });
  });
});

describe('an endpoint that writes', () => {
  test.each([
    ['POST', '/v1/signup', { accountName: 'a', keyName: 'b' }],
    ['POST', '/v1/keys', { name: 'c' }],
    ['POST', '/v1/topups/checkout', { microCredits: 5_000_000 }],
    ['GET', '/v1/keys', null],
    ['GET', '/v1/topups', null],
    ['GET', '/v1/ledger', null],
    ['GET', '/v1/usage', null],
    ['GET', '/v1/me', null],
  ] as const)('tells when to come back while the database cannot be asked: %s %s', async (method, path, body) => {
    const api = start();
    const { key } = await api.signUp();
    api.losesAnswers = 'always';
    const init = body === null ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
    const answer = await api.request(path, { method, key, ...init });
    expectOverloaded(answer);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
  });
});
