import type { Client } from '@libsql/client';
import { expect, test } from 'vitest';
import { expireAll } from '../../src/billing/ledger/expire.ts';
import type { Ledger } from '../../src/billing/ledger/ledger.ts';
import { microCredits } from '../../src/core/money.ts';
import { addCustomer, type Customer, manualClock, memoryDatabase } from '../support/database.ts';
import { ledgerOver } from '../support/ledger.ts';

const TTL_MS = 60_000;
const never = () => false;

async function holdOf(ledger: Ledger, { keyHash }: Customer, id: `req_${string}`): Promise<void> {
  const lines = [{ item: 'media', amount: microCredits(1_000) }];
  const reserved = await ledger.reserve({ id, keyHash, idempotencyKeyHash: null, fingerprint: 'x', lines }, TTL_MS);
  expect(reserved).toMatchObject({ ok: true });
}

async function openHolds(client: Client): Promise<readonly unknown[]> {
  const { rows } = await client.execute("SELECT id FROM hold WHERE state = 'open' ORDER BY id");
  return rows.map((row) => row['id']);
}

test('a hold that the database refuses to give back costs nobody else a hold, and is counted', async () => {
  const client = await memoryDatabase();
  const clock = manualClock();
  const ledger = ledgerOver({ client, clock });
  const [damaged, healthy] = [
    await addCustomer(client, { name: 'a', balance: 10_000 }),
    await addCustomer(client, { name: 'b', balance: 10_000 }),
  ];
  await holdOf(ledger, damaged, 'req_0');
  clock.advance(1);
  for (const id of ['req_1', 'req_2', 'req_3'] as const) await holdOf(ledger, healthy, id);
  // As after a statement typed by a person: what the account has set aside no longer covers its hold.
  await client.execute('DROP TRIGGER account_held_guard');
  await client.execute({ sql: 'UPDATE account SET held_micros = 0 WHERE id = ?', args: [damaged.accountId] });
  clock.advance(2 * TTL_MS);
  await expect(ledger.expireHolds(10)).rejects.toThrow('held_micros');
  expect(await expireAll(ledger, never)).toEqual({ ok: true, value: { expired: 3, failed: 1 } });
  expect(await openHolds(client)).toEqual(['req_0']);
  await holdOf(ledger, healthy, 'req_4');
  clock.advance(2 * TTL_MS);
  expect(await expireAll(ledger, never)).toEqual({ ok: true, value: { expired: 1, failed: 1 } });
  const { rows } = await client.execute({ sql: 'SELECT held_micros AS held FROM account WHERE id = ?', args: [healthy.accountId] });
  expect(rows[0]?.['held']).toBe(0);
  client.close();
});
