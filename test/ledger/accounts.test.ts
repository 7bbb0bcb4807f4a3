import type { Client } from '@libsql/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import type { Accounts } from '../../src/billing/accounts/accounts.ts';
import { ALL_SCOPES } from '../../src/billing/keys/limits.ts';
import { hashApiKey, parseApiKey } from '../../src/billing/keys/api-key.ts';
import { createAccounts } from '../../src/billing/accounts/libsql-accounts.ts';
import { randomIds } from '../../src/core/ids.ts';
import { microCredits } from '../../src/core/money.ts';
import { addCustomer, manualClock, memoryDatabase, serverDatabase, sha256, START_TIME } from '../support/database.ts';
import { useSqld } from '../support/sqld.ts';

const serverUrl = useSqld();

describe.each([
  { place: 'in this process', open: memoryDatabase },
  { place: 'on a libSQL server', open: () => serverDatabase(serverUrl()) },
])('accounts $place', ({ open }) => {
  let client: Client;
  let clock = manualClock();
  const accountsWith = (grant: number): Accounts => createAccounts({ client, clock, ids: randomIds, signupGrant: microCredits(grant) });

  beforeEach(async () => {
    client = await open();
    clock = manualClock();
  });
  afterEach(async () => {
    expect(brokenInvariants(await auditLedger(client))).toEqual([]);
    client.close();
  });

  async function signUp(grant: number) {
    const answer = await accountsWith(grant).signUp({ accountName: 'Ada', keyName: 'laptop' });
    if (!answer.ok) throw new Error('signing up failed');
    return answer.value;
  }

  test('signing up creates an account with a working key', async () => {
    const { account, key, apiKey } = await signUp(0);
    expect(parseApiKey(apiKey).ok).toBe(true);
    expect(account).toEqual({ id: account.id, name: 'Ada', status: 'active', createdAt: START_TIME });
    expect(key).toEqual({ id: key.id, accountId: account.id, name: 'laptop', last4: apiKey.slice(-4), createdAt: START_TIME });
    const limits = { id: key.id, mode: 'live', scopes: ALL_SCOPES, ceiling: null, budget: null, expiresAt: null, revokedAt: null };
    expect(await accountsWith(0).identify(hashApiKey(apiKey))).toEqual({
      ok: true,
      value: {
        account,
        key: { ...key, parentId: null, lastUsedAt: null, lineage: [limits], limits },
        secret: { hash: hashApiKey(apiKey), retiresAt: null },
        balance: { available: 0, held: 0, debt: 0 },
      },
    });
  });

  test('signing up books the grant once, with a ref named after the account', async () => {
    const { account, apiKey } = await signUp(250_000);
    expect(await accountsWith(0).identify(hashApiKey(apiKey))).toMatchObject({
      ok: true,
      value: { balance: { available: 250_000 } },
    });
    const entries = await client.execute({ sql: 'SELECT kind, ref, delta_micros FROM entry WHERE account_id = ?', args: [account.id] });
    expect(entries.rows.map((row) => ({ ...row }))).toEqual([{ kind: 'grant', ref: `signup:${account.id}`, delta_micros: 250_000 }]);
  });

  test('the secret of a key is stored nowhere', async () => {
    const { apiKey } = await signUp(1);
    for (const table of ['account', 'api_key', 'entry']) {
      const rows = await client.execute(`SELECT * FROM ${table}`);
      expect(JSON.stringify(rows.rows)).not.toContain(apiKey.slice(5, -6));
    }
  });

  test('an unknown, a revoked and an expired key are refused', async () => {
    const accounts = accountsWith(0);
    expect(await accounts.identify(sha256('nobody'))).toEqual({ ok: false, error: { kind: 'unknown_key' } });
    const { key, apiKey } = await signUp(0);
    await client.execute({ sql: 'UPDATE api_key SET expires_at = ? WHERE id = ?', args: [clock() + 5, key.id] });
    clock.advance(4);
    expect(await accounts.identify(hashApiKey(apiKey))).toMatchObject({ ok: true });
    clock.advance(1);
    expect(await accounts.identify(hashApiKey(apiKey))).toEqual({ ok: false, error: { kind: 'key_expired' } });
    const other = await signUp(0);
    for (const id of [key.id, other.key.id]) {
      await client.execute({ sql: 'UPDATE api_key SET revoked_at = ? WHERE id = ?', args: [clock(), id] });
    }
    // What came first counts: the job that marks expired keys changes no answer.
    expect(await accounts.identify(hashApiKey(apiKey))).toEqual({ ok: false, error: { kind: 'key_expired' } });
    expect(await accounts.identify(hashApiKey(other.apiKey))).toEqual({ ok: false, error: { kind: 'key_revoked' } });
  });

  test('a frozen account can still be read with its key', async () => {
    const customer = await addCustomer(client, { name: `frozen ${randomIds('acct')}`, balance: 7 });
    await client.execute({ sql: `UPDATE account SET status = 'frozen' WHERE id = ?`, args: [customer.accountId] });
    expect(await accountsWith(0).identify(customer.keyHash)).toMatchObject({
      ok: true,
      value: { account: { status: 'frozen' }, balance: { available: 7 } },
    });
  });
});
