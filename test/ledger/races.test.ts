import type { Client } from '@libsql/client';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import { CALL_POLICY } from '../../src/db/call.ts';
import type { Ledger, Spend } from '../../src/billing/ledger/ledger.ts';
import { ledgerOver } from '../support/ledger.ts';
import { createDatabase } from '../../src/db/client.ts';
import { microCredits } from '../../src/core/money.ts';
import { addCustomer, type Customer, manualClock, serverDatabase, sha256, START_TIME } from '../support/database.ts';
import { useSqld } from '../support/sqld.ts';

const TTL_MS = 60_000;
const PRICE = 1_000;
const serverUrl = useSqld();
const clock = manualClock();
let client: Client;

beforeAll(async () => {
  client = await serverDatabase(serverUrl());
});

afterEach(async () => {
  expect(brokenInvariants(await auditLedger(client))).toEqual([]);
});

/** A ledger with its own client, like that of each request to the Worker. */
const ownLedger = (): Ledger => ledgerOver({ client: createDatabase({ url: serverUrl() }), clock });

const spendOf = (customer: Customer, id: string): Spend => ({
  id: `req_${id}`,
  keyHash: customer.keyHash,
  fingerprint: sha256(id),
  lines: [{ item: 'media', amount: microCredits(PRICE) }],
});

const parallel = <T>(count: number, run: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)));

test('exactly three of a hundred parallel reserves on a balance for three succeed', async () => {
  const customer = await addCustomer(client, { name: 'three', balance: 3 * PRICE });
  const answers = await parallel(100, (index) => ownLedger().reserve(spendOf(customer, `three-${index}`), TTL_MS));
  expect(answers.filter((answer) => answer.ok)).toHaveLength(3);
  const refusals = new Set(answers.map((answer) => (answer.ok ? 'ok' : answer.error.kind)));
  expect(refusals).toEqual(new Set(['ok', 'insufficient_credits']));
});

test('exactly five parallel charges on a balance for five succeed, and the balance is spent', async () => {
  const customer = await addCustomer(client, { name: 'five', balance: 5 * PRICE });
  const answers = await parallel(40, (index) => ownLedger().charge(spendOf(customer, `five-${index}`), {}));
  expect(answers.filter((answer) => answer.ok)).toHaveLength(5);
  const account = await client.execute({ sql: 'SELECT posted_micros, held_micros FROM account WHERE id = ?', args: [customer.accountId] });
  expect(account.rows[0]).toMatchObject({ posted_micros: 0, held_micros: 0 });
});

test('exactly one of a thousand parallel charges on the last credit succeeds', async () => {
  const customer = await addCustomer(client, { name: 'thousand', balance: PRICE });
  // The database runs them one after the other, which takes longer than a request may wait.
  const patient = { ...CALL_POLICY, deadlineMs: 120_000 };
  const answers = await parallel(1_000, (index) =>
    ledgerOver({ client: createDatabase({ url: serverUrl() }), clock, policy: patient }).charge(spendOf(customer, `thousand-${index}`), {}),
  );
  expect(answers.filter((answer) => answer.ok)).toHaveLength(1);
  const settled = await client.execute({ sql: 'SELECT count(*) AS n FROM hold WHERE account_id = ?', args: [customer.accountId] });
  expect(settled.rows[0]?.['n']).toBe(1);
});

test('a charge sent twenty times in parallel is taken once', async () => {
  const customer = await addCustomer(client, { name: 'same', balance: 50 * PRICE });
  const answers = await parallel(20, () => ownLedger().charge(spendOf(customer, 'same'), {}));
  for (const answer of answers) expect(answer).toMatchObject({ ok: true, value: { settled: PRICE, balance: { available: 49 * PRICE } } });
});

test('a concurrent settle and release resolve the hold once', async () => {
  const customer = await addCustomer(client, { name: 'either', balance: 10 * PRICE });
  const outcomes = await parallel(10, async (index) => {
    const spend = spendOf(customer, `either-${index}`);
    await ownLedger().reserve(spend, TTL_MS);
    const [settled, released] = await Promise.all([
      ownLedger().settle(spend.id, [{ item: 'media', settled: microCredits(PRICE) }], {}),
      ownLedger().release(spend.id, 'race'),
    ]);
    return { settled: settled.ok, released: released.ok && released.value.state === 'released' };
  });
  for (const outcome of outcomes) expect(outcome.settled).toBe(!outcome.released);
  const taken = outcomes.filter((outcome) => outcome.settled).length;
  const account = await client.execute({ sql: 'SELECT posted_micros FROM account WHERE id = ?', args: [customer.accountId] });
  expect(account.rows[0]).toMatchObject({ posted_micros: (10 - taken) * PRICE });
});

test('exactly one row of sixteen parallel batches of sixty-four gets the last credit', async () => {
  const customer = await addCustomer(client, { name: 'last', balance: PRICE });
  await parallel(16, async (batch) => {
    const rows = Array.from({ length: 64 }, (_, row) => ({
      ...spendOf(customer, `last-${batch}-${row}`),
      now: START_TIME,
      expiresAt: START_TIME + TTL_MS,
    }));
    await createDatabase({ url: serverUrl() }).batch(
      [
        {
          sql: `INSERT INTO reserve (id, key_hash, fingerprint, lines, now, expires_at)
                SELECT j.value ->> 'id', j.value ->> 'keyHash', j.value ->> 'fingerprint', j.value -> 'lines', j.value ->> 'now', j.value ->> 'expiresAt'
                  FROM json_each(?) j`,
          args: [JSON.stringify(rows)],
        },
      ],
      'write',
    );
  });
  const holds = await client.execute({ sql: 'SELECT count(*) AS holds FROM hold WHERE account_id = ?', args: [customer.accountId] });
  expect(holds.rows[0]).toMatchObject({ holds: 1 });
});

test('valid and invalid rows of one batch do not affect each other', async () => {
  const customer = await addCustomer(client, { name: 'mixed', balance: 10 * PRICE });
  const good = (id: string) => ({ ...spendOf(customer, id), now: START_TIME, expiresAt: START_TIME + TTL_MS });
  const rows = [
    good('mixed-1'),
    { ...good('mixed-2'), lines: [{ item: 'media', amount: 1.5 }] },
    { ...good('mixed-3'), keyHash: sha256('nobody') },
    { ...good('mixed-4'), lines: [{ item: 'media', amount: 11 * PRICE }] },
    { ...good('mixed-5'), now: 'soon' },
    good('mixed-1'),
    good('mixed-6'),
  ];
  await client.execute({
    sql: `INSERT INTO reserve (id, key_hash, fingerprint, lines, now, expires_at)
          SELECT j.value ->> 'id', j.value ->> 'keyHash', j.value ->> 'fingerprint', j.value -> 'lines', j.value ->> 'now', j.value ->> 'expiresAt'
            FROM json_each(?) j`,
    args: [JSON.stringify(rows)],
  });
  const holds = await client.execute({ sql: 'SELECT id FROM hold WHERE account_id = ? ORDER BY id', args: [customer.accountId] });
  expect(holds.rows.map((row) => row['id'])).toEqual(['req_mixed-1', 'req_mixed-6']);
});
