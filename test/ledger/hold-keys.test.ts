import { expect, test } from 'vitest';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import { addCustomer, type Customer, memoryDatabase, START_TIME, textOf } from '../support/database.ts';

test('an idempotency key identifies one hold of its account, whether it was chosen or is the id of a hold', async () => {
  const client = await memoryDatabase();
  const one = await addCustomer(client, { name: 'one', balance: 100 });
  const other = await addCustomer(client, { name: 'other', balance: 100 });
  const reserve = (customer: Customer, id: string, key: string | null) =>
    client.execute({
      sql: `INSERT INTO reserve (id, key_hash, idempotency_key, fingerprint, lines, now, expires_at)
            SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, 'f', '[{"item":"media","amount":1}]', j.value ->> 3, j.value ->> 4 FROM json_each(?) j`,
      args: [JSON.stringify([[id, customer.keyHash, key, START_TIME, START_TIME + 1_000]])],
    });
  await reserve(one, 'chose', 'key');
  await reserve(one, 'chose it too', 'key');
  await reserve(other, 'of another account', 'key');
  await reserve(one, 'plain', null);
  await reserve(one, 'chose the id of a hold', 'plain');
  await reserve(one, 'chose what is to be an id', 'later');
  await reserve(one, 'later', null);
  await reserve(one, 'chose the id of one with a key', 'chose');
  const holds = await client.execute('SELECT id FROM hold ORDER BY id');
  expect(holds.rows.map((row) => textOf(row['id']))).toEqual([
    'chose',
    'chose the id of one with a key',
    'chose what is to be an id',
    'of another account',
    'plain',
  ]);
  expect(brokenInvariants(await auditLedger(client))).toEqual([]);
  client.close();
});
