import { createHash } from 'node:crypto';
import { type Client, createClient, type Value } from '@libsql/client';
import { migrateDatabase } from '../../local/migrate.ts';
import { createDatabase } from '../../src/db/client.ts';
import type { Id, Ids } from '../../src/core/ids.ts';

/** A time to start tests from; nothing depends on which. */
export const START_TIME = Date.UTC(2026, 10, 22);

/** A migrated database inside this process: fast, and gone when it is closed. */
export async function memoryDatabase(): Promise<Client> {
  const client = createClient({ url: ':memory:', intMode: 'number' });
  await migrateDatabase(client);
  return client;
}

/** A migrated database on a running server, through the client that the Worker uses. Each server holds one. */
export async function serverDatabase(url: string): Promise<Client> {
  const client = createDatabase({ url });
  await migrateDatabase(client);
  return client;
}

/** Ids that count up, so that a failing test reads the same each time. */
export function countedIds(): Ids {
  let count = 0;
  return (prefix) => `${prefix}_${String(++count).padStart(4, '0')}`;
}

/** A clock that stands still until it is moved. */
export function manualClock(start = START_TIME): { (): number; advance(ms: number): void } {
  let now = start;
  return Object.assign(() => now, {
    advance(ms: number) {
      now += ms;
    },
  });
}

/** SHA-256 in hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A customer put straight into the tables, with credit. */
export type Customer = { readonly accountId: Id<'acct'>; readonly keyId: Id<'key'>; readonly keyHash: string };

/** Makes an account with one key and, above zero, a grant. `name` tells customers of one test apart. */
export async function addCustomer(
  client: Client,
  options: {
    readonly name?: string;
    readonly balance?: number;
    readonly now?: number;
    readonly keyExpiresAt?: number;
    readonly apiKey?: string;
  } = {},
): Promise<Customer> {
  const { name = 'one', balance = 0, now = START_TIME, keyExpiresAt = null, apiKey = `key of ${name}` } = options;
  const customer: Customer = { accountId: `acct_${name}`, keyId: `key_${name}`, keyHash: sha256(apiKey) };
  await client.batch(
    [
      { sql: 'INSERT INTO account (id, name, created_at) VALUES (?, ?, ?)', args: [customer.accountId, name, now] },
      {
        sql: 'INSERT INTO api_key (id, account_id, name, hash, last4, created_at, expires_at) VALUES (?, ?, ?, unhex(?), ?, ?, ?)',
        args: [customer.keyId, customer.accountId, name, customer.keyHash, 'abcd', now, keyExpiresAt],
      },
      {
        sql: `INSERT INTO credit (account_id, kind, ref, delta, now)
              SELECT j.value ->> 0, 'grant', j.value ->> 1, j.value ->> 2, j.value ->> 3 FROM json_each(?) j`,
        args: [JSON.stringify([[customer.accountId, `seed:${name}`, balance, now]])],
      },
    ],
    'write',
  );
  return customer;
}

/** A value of a row as text; null is the empty text. Throws on bytes. */
export function textOf(value: Value | undefined): string {
  if (value === undefined || value === null) return '';
  if (value instanceof ArrayBuffer) throw new Error('bytes are no text');
  return String(value);
}
