import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { migrateDatabase } from '../local/migrate.ts';
import { freePort, type Sqld, startSqld } from '../local/sqld.ts';
import { createDatabase } from '../src/db/client.ts';
import type { Size } from './options.ts';

/** Each account has one grant and its share of the usages. */
const GRANT_MICROS = 100_000_000_000;
const USAGE_MICROS = 1_000;

/** The time of the filled rows, before all measured ones. */
const FILLED_AT = Date.UTC(2026, 0, 1);

/** SQLite's page cache while filling, in negative KiB: rows of the hash indexes are written in random order. */
const FILL_CACHE_KIB = -1_000_000;

/** Returns the key hash of a filled account, from number 0. No secret has this hash. */
export function filledKeyHash(account: number): string {
  return createHash('sha256').update(`bench ${account}`).digest('hex');
}

export async function startFilled(folder: string, size: Size): Promise<Sqld> {
  const dataDir = join(folder, `filled-${size.entries}`);
  const empty = await startSqld({ dataDir, port: await freePort() });
  const client = createDatabase({ url: empty.url });
  await migrateDatabase(client);
  client.close();
  await empty.stop();
  fill(join(dataDir, 'dbs', 'default', 'data'), size);
  return startSqld({ dataDir, port: await freePort() });
}

/**
 * Writes the rows directly into the file without triggers, which would take most of a day for ten million entries. The totals equal what
 * the triggers would have written, as the audit of the smaller databases shows. Then restores the triggers verbatim.
 */
function fill(file: string, { accounts, entries }: Size): void {
  const usages = Math.max(0, Math.round(entries / accounts) - 1);
  const database = new DatabaseSync(file);
  try {
    database.function('key_hash', { deterministic: true }, (account) => Buffer.from(filledKeyHash(Number(account)), 'hex'));
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = ${FILL_CACHE_KIB}; BEGIN IMMEDIATE`);
    const triggers = database.prepare(`SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'`).all();
    for (const { name } of triggers) database.exec(`DROP TRIGGER "${String(name)}"`);
    for (const sql of [...accountRows(accounts, usages), ...(usages === 0 ? [] : usageRows(accounts, usages))]) database.exec(sql);
    for (const { sql } of triggers) database.exec(String(sql));
    database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
  }
}

const accountNumbers = (accounts: number) =>
  `WITH RECURSIVE numbers (a) AS (SELECT 0 UNION ALL SELECT a + 1 FROM numbers WHERE a + 1 < ${accounts})`;

/** Accounts, keys and grants. Ids increase, so that every table grows at its end. */
function accountRows(accounts: number, usages: number): readonly string[] {
  const numbers = accountNumbers(accounts);
  const spent = usages * USAGE_MICROS;
  return [
    `${numbers} INSERT INTO account (id, name, posted_micros, seq, created_at)
       SELECT printf('acct_%010d', a), 'Filled', ${GRANT_MICROS - spent}, ${usages + 1}, ${FILLED_AT} FROM numbers`,
    `${numbers} INSERT INTO api_key (id, account_id, name, hash, last4, created_at, lineage)
       SELECT printf('key_%010d', a), printf('acct_%010d', a), 'filled', key_hash(a), 'abcd', ${FILLED_AT},
              json_array(printf('key_%010d', a)) FROM numbers`,
    `INSERT INTO key_secret (hash, key_id, last4, created_at) SELECT hash, id, last4, created_at FROM api_key ORDER BY hash`,
    `INSERT INTO key_usage (key_id, total_micros) SELECT id, ${spent} FROM api_key ORDER BY id`,
    `${numbers} INSERT INTO entry (account_id, seq, kind, ref, delta_micros, balance_after_micros, created_at)
       SELECT printf('acct_%010d', a), 1, 'grant', printf('filled:%010d', a), ${GRANT_MICROS}, ${GRANT_MICROS}, ${FILLED_AT} FROM numbers`,
  ];
}

function usageRows(accounts: number, usages: number): readonly string[] {
  const numbers = `${accountNumbers(accounts)}, spent (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM spent WHERE n < ${usages})`;
  const id = `printf('req_%010d%06d', a, n)`;
  const all = 'FROM numbers CROSS JOIN spent';
  return [
    `${numbers} INSERT INTO hold (id, account_id, key_id, idempotency_key, fingerprint, amount_micros, lines, state, settled_micros,
                                  created_at, expires_at, resolved_at)
       SELECT ${id}, printf('acct_%010d', a), printf('key_%010d', a), ${id}, '${'0'.repeat(64)}', ${USAGE_MICROS},
              '[{"item":"media","amount":${USAGE_MICROS}}]', 'settled', ${USAGE_MICROS}, ${FILLED_AT} + n, ${FILLED_AT} + n + 60000,
              ${FILLED_AT} + n ${all}`,
    `${numbers} INSERT INTO line (hold_id, item, reserved_micros, settled_micros) SELECT ${id}, 'media', ${USAGE_MICROS}, ${USAGE_MICROS} ${all}`,
    `${numbers} INSERT INTO receipt (id, account_id, lines, body, created_at)
       SELECT ${id}, printf('acct_%010d', a), '[{"item":"media","settled":${USAGE_MICROS}}]', '{"endpoint":"post"}', ${FILLED_AT} + n ${all}`,
    `${numbers} INSERT INTO entry (account_id, seq, kind, ref, delta_micros, balance_after_micros, created_at)
       SELECT printf('acct_%010d', a), n + 1, 'usage', ${id}, -${USAGE_MICROS}, ${GRANT_MICROS} - n * ${USAGE_MICROS}, ${FILLED_AT} + n ${all}`,
  ];
}
