import type { Client } from '@libsql/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import { createTopUps } from '../../src/billing/topups/libsql-top-ups.ts';
import type { PaymentService } from '../../src/billing/topups/payment-service.ts';
import { createTopUpCheck } from '../../src/billing/topups/sync.ts';
import { MAX_OPEN_ORDERS, type NewTopUp, type TopUps } from '../../src/billing/topups/top-ups.ts';
import { randomIds } from '../../src/core/ids.ts';
import { microCredits } from '../../src/core/money.ts';
import { addCustomer, type Customer, manualClock, memoryDatabase } from '../support/database.ts';

const hour = 60 * 60 * 1_000;
const day = 24 * hour;
const clock = manualClock();
let client: Client;
let customer: Customer;
beforeEach(async () => {
  client = await memoryDatabase();
  customer = await addCustomer(client);
});
afterEach(async () => {
  expect(brokenInvariants(await auditLedger(client))).toEqual([]);
  client.close();
});

const order = (id: NewTopUp['id'], idempotencyKey: string | null = null, credits = 5_000_000): NewTopUp => ({
  id,
  accountId: customer.accountId,
  amountCents: 500,
  credits: microCredits(credits),
  expiresAt: clock() + day,
  idempotencyKey,
});

const paid = (id: NewTopUp['id'], rev: number, target = 5_000_000) =>
  ({ id, rev, target: microCredits(target), state: 'paid', sessionId: `cs_${id}`, intentId: `pi_${id}`, nextCheckAt: null }) as const;

async function balance(): Promise<unknown> {
  const rows = await client.execute('SELECT posted_micros AS posted, debt_micros AS debt FROM account');
  return { ...rows.rows[0] };
}

test('an observation is applied only if no other was applied since, state and money together', async () => {
  const topUps = createTopUps({ client, clock });
  await topUps.open(order('pay_1'));
  expect(await topUps.apply(paid('pay_1', 0))).toEqual({ ok: true, value: 'applied' });
  expect(await topUps.apply({ ...paid('pay_1', 0, 0), state: 'open' })).toEqual({ ok: true, value: 'lost' });
  expect(await topUps.find({ id: 'pay_1' })).toMatchObject({ value: { rev: 1, target: 5_000_000, state: 'paid', sessionId: 'cs_pay_1' } });
  expect(await balance()).toEqual({ posted: 5_000_000, debt: 0 });
});

test('an observation without a change also increases the revision, so that an older one cannot follow it', async () => {
  const topUps = createTopUps({ client, clock });
  await topUps.open(order('pay_1'));
  expect(await topUps.apply({ ...paid('pay_1', 0, 0), state: 'refunded' })).toEqual({ ok: true, value: 'applied' });
  expect(await topUps.apply(paid('pay_1', 0))).toEqual({ ok: true, value: 'lost' });
  expect(await balance()).toEqual({ posted: 0, debt: 0 });
});

test("credit beyond the account's limit is refused, and neither money nor state changes", async () => {
  const topUps = createTopUps({ client, clock });
  await client.execute({
    sql: `INSERT INTO credit (account_id, kind, ref, delta, now) SELECT j.value ->> 0, 'adjust', 'much', j.value ->> 1, 1 FROM json_each(?) j`,
    args: [JSON.stringify([[customer.accountId, 1_000_000_000_000 - 1]])],
  });
  await topUps.open(order('pay_1'));
  expect(await topUps.apply(paid('pay_1', 0))).toEqual({ ok: true, value: 'refused' });
  expect(await topUps.find({ id: 'pay_1' })).toMatchObject({ value: { rev: 0, target: 0, state: 'open' } });
});

test('an idempotency key returns its order for 22 hours, and creates a new one after that', async () => {
  const topUps = createTopUps({ client, clock });
  const first = await topUps.open(order('pay_1', 'key'));
  expect(first).toMatchObject({ value: { isClaimed: true, order: { id: 'pay_1' } } });
  clock.advance(22 * hour - 1);
  expect(await topUps.open(order('pay_2', 'key'))).toMatchObject({ value: { order: { id: 'pay_1' } } });
  expect(await topUps.find({ id: 'pay_2' })).toEqual({ ok: true, value: null });
  clock.advance(1);
  expect(await topUps.open(order('pay_3', 'key'))).toMatchObject({ value: { isClaimed: true, order: { id: 'pay_3' } } });
});

test('a session without an order is adopted once, and never for an unknown account', async () => {
  const topUps = createTopUps({ client, clock });
  const found = { sessionId: 'cs_found', accountId: customer.accountId, amountCents: 500, credits: microCredits(5_000_000) };
  expect(await topUps.adopt({ ...found, id: 'pay_1' })).toMatchObject({ value: { id: 'pay_1', sessionId: 'cs_found', target: 0 } });
  expect(await topUps.adopt({ ...found, id: 'pay_2' })).toMatchObject({ value: { id: 'pay_1' } });
  const nobody = { ...found, sessionId: 'cs_other', accountId: 'acct_nobody' } as const;
  expect(await topUps.adopt({ ...nobody, id: 'pay_3' })).toEqual({ ok: false, error: { kind: 'unknown_account' } });
});

const due = (limit: number) => createTopUps({ client, clock }).take({ kind: 'unpaid' }, limit, clock() + 1_000);

test('due orders are taken longest overdue first, without those that need no check, and are not due again at once', async () => {
  const topUps = createTopUps({ client, clock });
  for (const [id, at] of [
    ['pay_1', 20],
    ['pay_2', 10],
    ['pay_3', null],
    ['pay_4', clock() + 1],
  ] as const) {
    await topUps.open(order(id));
    await topUps.postpone([id], at);
  }
  expect(await due(1)).toEqual({ ok: true, value: [{ id: 'pay_2', createdAt: clock() }] });
  expect(await due(10)).toEqual({ ok: true, value: [{ id: 'pay_1', createdAt: clock() }] });
  expect(await due(10)).toEqual({ ok: true, value: [] });
  clock.advance(1_000);
  expect(await due(10)).toMatchObject({ value: [{ id: 'pay_4' }, { id: 'pay_1' }, { id: 'pay_2' }] });
});

test('paid orders that are due do not wait behind unpaid ones', async () => {
  const topUps = createTopUps({ client, clock });
  const unpaid = Array.from({ length: 10 }, (_, index): NewTopUp['id'] => `pay_open${index}`);
  for (const id of [...unpaid, 'pay_paid'] as const) {
    await topUps.open(order(id));
    await topUps.attachSession(id, { sessionId: `cs_${id}`, url: 'https://pay.test' });
  }
  await topUps.apply({ ...paid('pay_paid', 0), nextCheckAt: 10 });
  await topUps.postpone(unpaid, 5);
  const later = clock() + 1_000;
  expect(await topUps.take({ kind: 'other' }, 1, later)).toMatchObject({ value: [{ id: 'pay_paid' }] });
  expect(await topUps.take({ kind: 'other' }, 1, later)).toEqual({ ok: true, value: [] });
  expect(await due(20)).toMatchObject({ value: unpaid.map((id) => ({ id })) });
});

test('unpaid orders whose sessions are listed are taken before they are due, and not again while they are put off', async () => {
  const topUps = createTopUps({ client, clock });
  const ids = ['pay_1', 'pay_2', 'pay_3'] as const;
  for (const id of ids) {
    await topUps.open(order(id));
    await topUps.attachSession(id, { sessionId: `cs_${id}`, url: 'https://pay.test' });
  }
  await topUps.apply(paid('pay_3', 0));
  const listed = { kind: 'listed', sessionIds: ['cs_pay_3', 'cs_pay_2', 'cs_pay_1', 'cs_nobody'] } as const;
  expect(await topUps.take(listed, 10, clock() + 1_000)).toMatchObject({ value: [{ id: 'pay_1' }, { id: 'pay_2' }] });
  expect(await topUps.take(listed, 10, clock() + 1_000)).toEqual({ ok: true, value: [] });
  clock.advance(1_000);
  expect(await topUps.take(listed, 1, clock() + 1_000)).toMatchObject({ value: [{ id: 'pay_1' }] });
  // A check that worked ends the pause.
  await topUps.apply({ ...paid('pay_1', 0, 0), state: 'open' });
  expect(await topUps.take(listed, 10, clock() + 1_000)).toMatchObject({ value: [{ id: 'pay_1' }, { id: 'pay_2' }] });
});

describe('the limit of unpaid orders', () => {
  async function fill(count: number): Promise<readonly NewTopUp['id'][]> {
    const topUps = createTopUps({ client, clock });
    const ids = Array.from({ length: count }, (_, index): NewTopUp['id'] => `pay_${index}`);
    for (const id of ids) {
      await topUps.open(order(id, `key ${id}`));
      await topUps.attachSession(id, { sessionId: `cs_${id}`, url: 'https://pay.test' });
      clock.advance(1);
    }
    return ids;
  }

  test('refuses the next one, says when the first ends, and writes nothing', async () => {
    await fill(MAX_OPEN_ORDERS);
    const topUps = createTopUps({ client, clock });
    const refused = await topUps.open(order('pay_more', 'another key'));
    expect(refused).toEqual({ ok: false, error: { kind: 'too_many_open', until: clock() - MAX_OPEN_ORDERS + day } });
    expect(await topUps.find({ id: 'pay_more' })).toEqual({ ok: true, value: null });
    // The keys of those before still lead to them, and other accounts are not concerned.
    expect(await topUps.open(order('pay_more', 'key pay_3'))).toMatchObject({ value: { order: { id: 'pay_3' } } });
    const other = await addCustomer(client, { name: 'other' });
    expect(await topUps.open({ ...order('pay_other'), accountId: other.accountId })).toMatchObject({ ok: true });
  });

  test.each([
    ['is paid', (topUps: TopUps) => topUps.apply(paid('pay_3', 0))],
    ['has expired at the payment service', (topUps: TopUps) => topUps.apply({ ...paid('pay_3', 0, 0), state: 'expired' })],
    ['can no longer be paid', async () => clock.advance(day - MAX_OPEN_ORDERS)],
  ] as const)('leaves room for one when one of them %s', async (_how, happens) => {
    await fill(MAX_OPEN_ORDERS);
    const topUps = createTopUps({ client, clock });
    await happens(topUps);
    expect(await topUps.open(order('pay_more'))).toMatchObject({ value: { isClaimed: true } });
    await topUps.attachSession('pay_more', { sessionId: 'cs_more', url: 'https://pay.test' });
    expect(await topUps.open(order('pay_even_more'))).toMatchObject({ error: { kind: 'too_many_open' } });
  });

  test('does not count an order whose session could not be made, and still takes a paid session without an order', async () => {
    await fill(MAX_OPEN_ORDERS - 1);
    const topUps = createTopUps({ client, clock });
    await topUps.open(order('pay_failed'));
    expect(await topUps.open(order('pay_more'))).toMatchObject({ error: { kind: 'too_many_open' } });
    await topUps.giveUpClaim('pay_failed');
    expect(await topUps.open(order('pay_more'))).toMatchObject({ ok: true });
    const found = { sessionId: 'cs_found', accountId: customer.accountId, amountCents: 500, credits: microCredits(5_000_000) };
    expect(await topUps.adopt({ ...found, id: 'pay_found' })).toMatchObject({ value: { id: 'pay_found' } });
  });

  test('holds for requests at once', async () => {
    const topUps = createTopUps({ client, clock });
    const ids = Array.from({ length: 50 }, (_, index): NewTopUp['id'] => `pay_${index}`);
    const opened = await Promise.all(ids.map((id) => topUps.open(order(id))));
    expect(opened.filter(({ ok }) => ok)).toHaveLength(MAX_OPEN_ORDERS);
  });
});

test('an unpaid order is checked ever less often, and once more when it has ended', async () => {
  const topUps = createTopUps({ client, clock });
  let [checks, progress]: [number, 'open' | 'expired'] = [0, 'open'];
  const payments: Pick<PaymentService, 'facts'> = {
    async facts(sessionId) {
      checks += 1;
      const sums = { subtotalCents: 500, totalCents: 500, refundedCents: 0, disputedCents: 0 };
      const metadata = { order: null, accountId: null, microCredits: null };
      return { ok: true, value: { sessionId, isWrongMode: false, intentId: null, progress, currency: 'usd', ...sums, metadata } };
    },
  };
  // safe because the check of an order asks for facts alone
  const check = createTopUpCheck({ topUps, payments: payments as PaymentService, clock, ids: randomIds });
  await topUps.open(order('pay_1'));
  await topUps.attachSession('pay_1', { sessionId: 'cs_1', url: 'https://pay.test' });
  const createdAt = clock();
  for (let run = 0; run < 300; run += 1) {
    clock.advance(5 * 60_000);
    if (clock() >= createdAt + day) progress = 'expired';
    const taken = await topUps.take({ kind: 'unpaid' }, 10, clock() + 1);
    for (const { id } of taken.ok ? taken.value : []) await check.byOrder(id);
  }
  expect(checks).toBeLessThanOrEqual(10);
  expect(await topUps.find({ id: 'pay_1' })).toMatchObject({ value: { state: 'expired' } });
});
