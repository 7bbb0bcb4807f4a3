import type { Client } from '@libsql/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import { createTopUps } from '../../src/billing/topups/libsql-top-ups.ts';
import type { NewTopUp } from '../../src/billing/topups/top-ups.ts';
import { microCredits } from '../../src/core/money.ts';
import { addCustomer, type Customer, manualClock, memoryDatabase } from '../support/database.ts';

const day = 24 * 60 * 60 * 1_000;
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

test('an idempotency key returns its order for a day, and creates a new one after that', async () => {
  const topUps = createTopUps({ client, clock });
  const first = await topUps.open(order('pay_1', 'key'));
  expect(first).toMatchObject({ value: { isClaimed: true, order: { id: 'pay_1' } } });
  clock.advance(day - 1);
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
  const later = clock() + 1_000;
  expect(await topUps.takeDue(1, later)).toEqual({ ok: true, value: [{ id: 'pay_2', createdAt: clock() }] });
  expect(await topUps.takeDue(10, later)).toEqual({ ok: true, value: [{ id: 'pay_1', createdAt: clock() }] });
  expect(await topUps.takeDue(10, later)).toEqual({ ok: true, value: [] });
  clock.advance(1_000);
  expect(await topUps.takeDue(10, later)).toMatchObject({ value: [{ id: 'pay_4' }, { id: 'pay_1' }, { id: 'pay_2' }] });
});
