import type { Client, InStatement } from '@libsql/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import { createAccounts } from '../../src/billing/accounts/libsql-accounts.ts';
import { batchOf } from '../../src/billing/ledger/batch.ts';
import { chargeCall, reserveCall } from '../../src/billing/ledger/commands.ts';
import { endAllExpiredKeys } from '../../src/billing/keys/expired-keys.ts';
import * as key from '../../src/billing/keys/statements.ts';
import { microCredits, ZERO } from '../../src/core/money.ts';
import { addCustomer, countedIds, type Customer, manualClock, serverDatabase, sha256, START_TIME, textOf } from '../support/database.ts';
import { useSqld } from '../support/sqld.ts';

const serverUrl = useSqld();
const clock = manualClock();
const ENDED = 3_000;
/** A statement that walked over the ended keys or secrets would read `ENDED` rows. */
const MOST_ROWS = 500;
let client: Client;
let crowded: Customer;

/** Inserts keys of an account in one statement, numbered from 0. */
const insertKeys = (name: string, count: number, { accountId, keyId }: Customer, end: number | null): InStatement => ({
  sql: `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
        INSERT INTO api_key (id, account_id, parent_id, name, hash, last4, created_at, expires_at)
        SELECT 'key_' || ? || i, ?, ?, 'helper', randomblob(32), 'abcd', ?, ? FROM n`,
  args: [count, name, accountId, keyId, START_TIME, end],
});

beforeAll(async () => {
  client = await serverDatabase(serverUrl());
  crowded = await addCustomer(client, { name: 'crowded', balance: 1_000_000 });
  await client.batch(
    [
      insertKeys('ended-', ENDED, crowded, START_TIME + 1),
      insertKeys('agent-', 1, crowded, null),
      insertKeys('below-agent-', ENDED, { ...crowded, keyId: 'key_agent-0' }, START_TIME + 1),
      {
        sql: `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
              INSERT INTO key_secret (hash, key_id, last4, created_at, retires_at) SELECT randomblob(32), ?, 'abcd', ?, ? FROM n`,
        args: [ENDED, crowded.keyId, START_TIME, START_TIME + 1],
      },
    ],
    'write',
  );
  clock.advance(60_000);
});
afterAll(() => client.close());

const Answer = z.object({
  results: z.array(z.object({ response: z.object({ result: z.object({ rows_read: z.int(), affected_row_count: z.int() }) }) })),
});

/** How many rows the database reads for a statement, by its own count. It is carried out. */
async function rowsRead(statement: InStatement): Promise<number> {
  const { sql, args } = z.object({ sql: z.string(), args: z.array(z.union([z.string(), z.int()])) }).parse(statement);
  const values = args.map((arg) => (typeof arg === 'string' ? { type: 'text', value: arg } : { type: 'integer', value: `${arg}` }));
  const body = JSON.stringify({ requests: [{ type: 'execute', stmt: { sql, args: values } }] });
  const answer = await fetch(`${serverUrl()}/v2/pipeline`, { method: 'POST', body });
  return Answer.parse(await answer.json()).results[0]?.response.result.rows_read ?? Infinity;
}

const childOf = (parent: Customer, id: string) => ({
  id,
  accountId: parent.accountId,
  parentId: parent.keyId,
  name: 'helper',
  mode: 'live',
  scopes: ['read'],
  ceiling: null,
  budget: null,
  period: null,
  expiresAt: null,
  hash: sha256(id),
  last4: 'abcd',
  by: parent.keyHash,
  now: clock(),
});

test('no statement about keys or payments reads the ended keys and secrets of an account', async () => {
  const { keyId, keyHash } = crowded;
  const spend = (id: string) => ({
    id: `req_${id}` as const,
    keyHash,
    fingerprint: '',
    lines: [{ item: 'media', amount: microCredits(1) }],
  });
  const statements: InStatement[] = [
    key.insertKey(childOf(crowded, 'key_new')),
    key.updateKey({ id: 'key_new', name: 'changed', by: keyHash, now: clock() }),
    ...key.insertSecret({ keyId, hash: sha256('another secret'), last4: 'abcd', by: keyHash, now: clock(), retiresAt: clock() + 60_000 }),
    key.readKey(keyId, clock()),
    key.insertKey({ ...childOf(crowded, 'key_below'), parentId: 'key_agent-0' }),
    key.revokeKey({ id: 'key_agent-0', now: clock(), by: null }),
    key.revokeKey({ id: 'key_new', now: clock(), by: null }),
    ...batchOf([reserveCall(spend('one'), clock(), 60_000), chargeCall({ spend: spend('two'), receipt: {}, answer: null }, clock())])
      .statements,
  ];
  for (const statement of statements) expect(await rowsRead(statement), JSON.stringify(statement)).toBeLessThan(MOST_ROWS);
  const made = await client.execute(`SELECT name, revoked_at FROM api_key WHERE id = 'key_new'`);
  expect(made.rows).toMatchObject([{ name: 'changed', revoked_at: clock() }]);
  expect(brokenInvariants(await auditLedger(client))).toEqual([]);
});

test('counts active keys to the limit, with and without an end, and no ended one', async () => {
  const full = await addCustomer(client, { name: 'full' });
  await client.batch(
    [insertKeys('full-', 49, full, null), insertKeys('full-later-', 49, full, clock() + 1), insertKeys('full-ended-', 200, full, clock())],
    'write',
  );
  const rows = async (id: string) => (await client.execute(key.insertKey(childOf(full, id)))).rowsAffected;
  expect([await rows('key_full-a'), await rows('key_full-b')]).toEqual([1, 0]);
  await client.execute(key.revokeKey({ id: 'key_full-1', now: clock(), by: null }));
  expect([await rows('key_full-b'), await rows('key_full-c')]).toEqual([1, 0]);
});

test('expired keys are marked at their own time, with the keys below them, and still answer that they expired', async () => {
  const parent = await addCustomer(client, { name: 'parent' });
  const helper = { ...parent, keyId: 'key_helper-0' as const };
  const end = clock() + 1_000;
  await client.batch(
    [insertKeys('helper-', 1, parent, end), insertKeys('below-', 300, helper, null), insertKeys('stays-', 1, parent, end + 2 * 86_400_000)],
    'write',
  );
  await client.execute({ sql: `UPDATE api_key SET revoked_at = ? WHERE id = 'key_below-7'`, args: [end - 5] });
  clock.advance(2_000);
  // A clock that is ahead by less than a day marks none of them.
  await endAllExpiredKeys({ client, clock: () => clock() + 86_390_000 });
  const early = await client.execute({
    sql: 'SELECT count(*) AS keys FROM api_key WHERE account_id = ? AND revoked_at IS NOT NULL',
    args: [parent.accountId],
  });
  expect(early.rows).toMatchObject([{ keys: 1 }]);
  clock.advance(86_400_000);
  const swept = await endAllExpiredKeys({ client, clock });
  expect(swept).toMatchObject({ ok: true });
  expect(swept.ok && swept.value.ended).toBeGreaterThanOrEqual(300);
  expect(await endAllExpiredKeys({ client, clock })).toEqual({ ok: true, value: { ended: 0 } });
  const marked = await client.execute({
    sql: `SELECT revoked_at, count(*) AS keys FROM api_key WHERE account_id = ? GROUP BY 1 ORDER BY 1`,
    args: [parent.accountId],
  });
  expect(marked.rows).toMatchObject([
    { revoked_at: null, keys: 2 },
    { revoked_at: end - 5, keys: 1 },
    { revoked_at: end, keys: 300 },
  ]);
  const accounts = createAccounts({ client, clock, ids: countedIds(), signupGrant: ZERO });
  const identified = async (id: string) => {
    const { rows } = await client.execute({ sql: 'SELECT lower(hex(hash)) AS hash FROM key_secret WHERE key_id = ?', args: [id] });
    return accounts.identify(textOf(rows[0]?.['hash']));
  };
  for (const id of ['key_helper-0', 'key_below-1']) expect(await identified(id)).toEqual({ ok: false, error: { kind: 'key_expired' } });
  expect(await identified('key_below-7')).toEqual({ ok: false, error: { kind: 'key_revoked' } });
  expect(await identified('key_stays-0')).toMatchObject({ ok: true });
  expect(brokenInvariants(await auditLedger(client))).toEqual([]);
});
