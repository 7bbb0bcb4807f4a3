import { readFileSync } from 'node:fs';
import type { Client } from '@libsql/client';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import { createLedgerWriter } from '../../src/billing/writer/ledger-writer.ts';
import { createLedger } from '../../src/billing/ledger/libsql-ledger.ts';
import type { Spend } from '../../src/billing/ledger/ledger.ts';
import { microCredits } from '../../src/core/money.ts';
import { addCustomer, type Customer, memoryDatabase, serverDatabase, sha256 } from '../support/database.ts';
import { ledgerOver } from '../support/ledger.ts';
import { useSqld } from '../support/sqld.ts';

const PRICE = 3_000;
const BUDGET = 2 * PRICE;
const TTL_MS = 60_000;
const DAY_MS = 86_400_000;
/** The first midnight of a month, so that day and month begin together. */
const MIDNIGHT = Date.UTC(2026, 7, 1);
const serverUrl = useSqld();
let client: Client;
let count = 0;
beforeAll(async () => {
  client = await serverDatabase(serverUrl());
});
afterEach(async () => {
  expect(brokenInvariants(await auditLedger(client))).toEqual([]);
});

/** The ledger as a request sees it whose clock shows `time`. */
const ledgerAt = (time: number) => ledgerOver({ client, clock: () => time });

/** A customer whose key has a budget for two reads in a day or a month, and a child key without limits. */
async function limited(period: 'day' | 'month'): Promise<Customer & { readonly childHash: string; readonly childId: string }> {
  const customer = await addCustomer(client, { name: `late-${++count}`, balance: 1_000_000 });
  const childHash = sha256(`child of late-${count}`);
  const childId = `key_child-${count}`;
  await client.batch(
    [
      { sql: 'UPDATE api_key SET budget_micros = ?, budget_period = ? WHERE id = ?', args: [BUDGET, period, customer.keyId] },
      {
        sql: `INSERT INTO api_key (id, account_id, parent_id, name, hash, last4, created_at) VALUES (?, ?, ?, 'child', unhex(?), 'abcd', 1)`,
        args: [childId, customer.accountId, customer.keyId, childHash],
      },
    ],
    'write',
  );
  return { ...customer, childHash, childId };
}

function spendOf(keyHash: string, amount = PRICE): Spend {
  const id = `req_late-${++count}` as const;
  return { id, keyHash, fingerprint: sha256(id), lines: [{ item: 'media', amount: microCredits(amount) }] };
}

async function chargedAt(times: readonly number[], keyHash: string): Promise<number> {
  let charged = 0;
  for (const time of times) if ((await ledgerAt(time).charge(spendOf(keyHash), {})).ok) charged += 1;
  return charged;
}

/** What the key has used in its current day and month, and in the time before. */
async function usageOf(keyId: string): Promise<unknown> {
  const sql = `SELECT total_micros AS total, day_micros AS day, past_day_micros AS past, month_micros AS month, past_month_micros AS pastMonth
                 FROM key_usage WHERE key_id = ?`;
  return { ...(await client.execute({ sql, args: [keyId] })).rows[0] };
}

describe.each(['day', 'month'] as const)('a budget for a %s', (period) => {
  test.each([
    ['after one of them passed midnight by 20 milliseconds', 1, -20],
    ['after one of them passed midnight by two seconds', 1, -2_000],
    ['after one isolate ran a day ahead', DAY_MS, -1_000],
  ])('holds for calls of clocks that are behind, %s', async (_name, ahead, behind) => {
    const customer = await limited(period);
    expect(await chargedAt([MIDNIGHT + ahead], customer.keyHash)).toBe(1);
    const times = Array.from({ length: 10 }, () => MIDNIGHT + behind);
    expect(await chargedAt(times, customer.keyHash)).toBe(BUDGET / PRICE - 1);
    expect(await ledgerAt(MIDNIGHT + behind).reserve(spendOf(customer.keyHash), TTL_MS)).toMatchObject({
      error: { kind: 'key_budget_exceeded', spent: BUDGET },
    });
  });

  test('holds for a child key as well, whose own day may be another', async () => {
    const customer = await limited(period);
    expect(await chargedAt([MIDNIGHT + 1], customer.keyHash)).toBe(1);
    expect(await chargedAt([MIDNIGHT - 5, MIDNIGHT - 4, MIDNIGHT - 3], customer.childHash)).toBe(1);
    const late = await client.execute({
      sql: `SELECT key_id FROM late_hold WHERE key_id IN (?, ?)`,
      args: [customer.keyId, customer.childId],
    });
    expect(late.rows).toMatchObject([{ key_id: customer.keyId }]);
  });
});

test('thirty calls stamped before midnight, queued behind one after it, spend what the budget allows', async () => {
  const customer = await limited('day');
  const writer = createLedgerWriter({ connect: () => client, clock: () => MIDNIGHT });
  const charge = (time: number) => createLedger({ client, clock: () => time, writer }).charge(spendOf(customer.keyHash), {});
  const answers = await Promise.all([charge(MIDNIGHT + 1), ...Array.from({ length: 30 }, (_, index) => charge(MIDNIGHT - 1 - index))]);
  expect(answers.filter((answer) => answer.ok)).toHaveLength(BUDGET / PRICE);
});

test('a clock that runs a day ahead starts the next day early, and that day then has one budget', async () => {
  const customer = await limited('day');
  const noon = MIDNIGHT + DAY_MS / 2;
  expect(await chargedAt([noon, noon, noon], customer.keyHash)).toBe(2);
  expect(await chargedAt([noon + DAY_MS], customer.keyHash)).toBe(1);
  expect(await chargedAt([noon + 1, noon + 2, noon + DAY_MS, noon + DAY_MS], customer.keyHash)).toBe(1);
  // The day after is not affected.
  expect(
    await chargedAt(
      Array.from({ length: 3 }, () => noon + 2 * DAY_MS),
      customer.keyHash,
    ),
  ).toBe(2);
});

test('a late hold is given back to the period in which each key counted it', async () => {
  const customer = await limited('day');
  const late = spendOf(customer.childHash, 1_000);
  await ledgerAt(MIDNIGHT + 1).charge(spendOf(customer.keyHash), {});
  expect(await ledgerAt(MIDNIGHT - 5).reserve(late, TTL_MS)).toMatchObject({ ok: true });
  expect(await usageOf(customer.keyId)).toEqual({ total: 4_000, day: 4_000, past: 0, month: 4_000, pastMonth: 0 });
  await ledgerAt(MIDNIGHT + 2).charge(spendOf(customer.childHash, 500), {});
  expect(await usageOf(customer.childId)).toEqual({ total: 1_500, day: 500, past: 1_000, month: 500, pastMonth: 1_000 });
  await ledgerAt(MIDNIGHT + 3).settle(late.id, [{ item: 'media', settled: microCredits(300) }], {});
  expect(await usageOf(customer.keyId)).toEqual({ total: 3_800, day: 3_800, past: 0, month: 3_800, pastMonth: 0 });
  expect(await usageOf(customer.childId)).toEqual({ total: 800, day: 500, past: 300, month: 500, pastMonth: 300 });
});

describe('a charge that was never delivered', () => {
  test.each([
    ['on the same day', 1],
    ['on the day after', DAY_MS],
  ])('comes back to the budgets of its lineage when it is undone %s', async (_name, later) => {
    const customer = await limited('day');
    const spend = spendOf(customer.childHash);
    await ledgerAt(MIDNIGHT).charge(spend, {});
    const times = later === DAY_MS ? [MIDNIGHT, MIDNIGHT + DAY_MS] : [MIDNIGHT];
    expect(await chargedAt(times, customer.keyHash)).toBe(times.length);
    await ledgerAt(MIDNIGHT + later).compensate(spend.id, null);
    await ledgerAt(MIDNIGHT + later).compensate(spend.id, null);
    const today = { total: PRICE, day: PRICE, past: 0, month: PRICE, pastMonth: 0 };
    const tomorrow = { total: 2 * PRICE, day: PRICE, past: PRICE, month: 2 * PRICE, pastMonth: 0 };
    expect(await usageOf(customer.keyId)).toEqual(later === DAY_MS ? tomorrow : today);
    expect(await usageOf(customer.childId)).toMatchObject({ total: 0, day: 0, past: 0 });
  });

  test('comes back to the period in which it was counted when it was late', async () => {
    const customer = await limited('day');
    await ledgerAt(MIDNIGHT + 1).charge(spendOf(customer.keyHash), {});
    const late = spendOf(customer.keyHash);
    await ledgerAt(MIDNIGHT - 1).charge(late, {});
    await ledgerAt(MIDNIGHT + 2).compensate(late.id, null);
    expect(await usageOf(customer.keyId)).toEqual({ total: PRICE, day: PRICE, past: 0, month: PRICE, pastMonth: 0 });
  });
});

test('the audit finds a hold that counts in no period, as late holds did before they were counted', async () => {
  const before = await memoryDatabase();
  const migration = readFileSync(new URL('../../migrations/0002_keys.sql', import.meta.url), 'utf8');
  const effect = /CREATE TRIGGER hold_insert_effect .*?\nEND;/s.exec(migration)?.[0] ?? '';
  await before.batch(['DROP TRIGGER hold_insert_effect', effect], 'write');
  const customer = await addCustomer(before, { name: 'uncounted', balance: 10_000 });
  for (const time of [MIDNIGHT, MIDNIGHT - 1]) {
    await ledgerOver({ client: before, clock: () => time }).charge(spendOf(customer.keyHash), {});
  }
  expect(brokenInvariants(await auditLedger(before))).toEqual(['usage_counts_in_a_period']);
  before.close();
});
