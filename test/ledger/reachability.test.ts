import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import type { Client } from '@libsql/client';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import { ALL_SCOPES } from '../../src/billing/keys/limits.ts';
import type { CallPolicy } from '../../src/db/call.ts';
import type { Spend } from '../../src/billing/ledger/ledger.ts';
import { createAccounts } from '../../src/billing/accounts/libsql-accounts.ts';
import { insertSecret } from '../../src/billing/keys/statements.ts';
import { createKeyManager } from '../../src/billing/keys/libsql-key-manager.ts';
import { ledgerOver } from '../support/ledger.ts';
import { createDatabase } from '../../src/db/client.ts';
import { microCredits, ZERO } from '../../src/core/money.ts';
import { freePort } from '../../local/sqld.ts';
import { addCustomer, countedIds, manualClock, serverDatabase, sha256 } from '../support/database.ts';
import { useSqld } from '../support/sqld.ts';

const UNREACHABLE = { ok: false, error: { kind: 'unreachable' } };
const TTL_MS = 60_000;
const serverUrl = useSqld();
const clock = manualClock();

const spendOf = (keyHash: string, name: string): Spend => ({
  id: `req_${name}`,
  keyHash,
  fingerprint: sha256(name),
  lines: [{ item: 'media', amount: microCredits(1_000) }],
});

/** Three tries without pausing; the requested pauses are recorded. */
function quickPolicy(deadlineMs = 5_000): CallPolicy & { readonly pauses: number[] } {
  const pauses: number[] = [];
  return {
    deadlineMs,
    tries: 3,
    pauses,
    wait: async (ms) => {
      pauses.push(ms);
    },
  };
}

describe('an unreachable database', () => {
  test('makes every call unreachable after three tries', async () => {
    const policy = quickPolicy();
    const client = createDatabase({ url: `http://127.0.0.1:${await freePort()}` });
    const ledger = ledgerOver({ client, clock, policy });
    const accounts = createAccounts({ client, clock, ids: countedIds(), signupGrant: ZERO, policy });
    const spend = spendOf(sha256('key'), 'down');
    expect(await ledger.reserve(spend, TTL_MS)).toEqual(UNREACHABLE);
    expect(policy.pauses).toEqual([40, 80]);
    expect(await ledger.charge(spend, {})).toEqual(UNREACHABLE);
    expect(await ledger.settle(spend.id, [], {})).toEqual(UNREACHABLE);
    expect(await ledger.release(spend.id, 'x')).toEqual(UNREACHABLE);
    expect(await ledger.expireHolds(1)).toEqual(UNREACHABLE);
    expect(await ledger.credit({ accountId: 'acct_x', kind: 'grant', ref: 'x', delta: microCredits(1) })).toEqual(UNREACHABLE);
    expect(await accounts.identify(sha256('key'))).toEqual(UNREACHABLE);
    expect(await accounts.signUp({ accountName: 'a', keyName: 'k' })).toEqual(UNREACHABLE);
    const ring = createKeyManager({ client, clock, ids: countedIds(), policy });
    const limits = {
      id: 'key_a',
      mode: 'live',
      scopes: ALL_SCOPES,
      ceiling: null,
      budget: null,
      expiresAt: null,
      revokedAt: null,
    } as const;
    const names = { id: 'key_a', accountId: 'acct_a', name: 'a', last4: 'abcd', createdAt: 1 } as const;
    const key = { ...names, parentId: null, lastUsedAt: null, lineage: [limits], limits };
    const manager = { key, secret: { hash: sha256('key'), retiresAt: null }, account: { status: 'active' } as const };
    expect(await ring.list(key, null, 10)).toEqual(UNREACHABLE);
    expect(await ring.create(manager, { ...limits, name: 'b' })).toEqual(UNREACHABLE);
    expect(await ring.update(manager, 'key_a', { name: 'b' })).toEqual(UNREACHABLE);
    expect(await ring.rotate(manager, 'key_a', 0)).toEqual(UNREACHABLE);
    expect(await ring.revoke(manager, 'key_a')).toEqual(UNREACHABLE);
  });

  test('that accepts connections but never answers is given up at the deadline', async () => {
    const sockets = createSocketServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await new Promise((resolve) => sockets.once('listening', resolve));
    const client = createDatabase({ url: `http://127.0.0.1:${portOf(sockets)}` });
    const ledger = ledgerOver({ client, clock, policy: quickPolicy(50) });
    expect(await ledger.reserve(spendOf(sha256('key'), 'hang'), TTL_MS)).toEqual(UNREACHABLE);
    sockets.close();
  });
});

describe('a failing server', () => {
  let server: Server;
  let requests = 0;
  const answerWith = async (status: number): Promise<string> => {
    requests = 0;
    server = createServer((_request, response) => {
      requests += 1;
      response.writeHead(status, { 'content-type': 'text/plain' }).end('no');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    return `http://127.0.0.1:${portOf(server)}`;
  };
  afterEach(() => server.close());

  test.each([500, 502, 503, 429])('is retried after %i', async (status) => {
    const client = createDatabase({ url: await answerWith(status) });
    expect(await ledgerOver({ client, clock, policy: quickPolicy() }).expireHolds(1)).toEqual(UNREACHABLE);
    expect(requests).toBe(3);
  });

  test.each([401, 404])('is not retried after %i', async (status) => {
    const client = createDatabase({ url: await answerWith(status) });
    expect(await ledgerOver({ client, clock, policy: quickPolicy() }).expireHolds(1)).toEqual(UNREACHABLE);
    expect(requests).toBe(1);
  });
});

describe('a network that loses messages', () => {
  let client: Client;
  beforeAll(async () => {
    client = await serverDatabase(serverUrl());
  });
  afterEach(async () => {
    expect(brokenInvariants(await auditLedger(client))).toEqual([]);
  });

  /** A client whose first responses are lost after the server has done its work. */
  function forgetful(lost: number): { readonly client: Client; readonly count: () => number } {
    let count = 0;
    const fetchAndForget: typeof fetch = async (input, init) => {
      count += 1;
      const answer = await fetch(input, init);
      if (count > lost) return answer;
      await answer.arrayBuffer();
      throw new TypeError('connection lost');
    };
    return { client: createDatabase({ url: serverUrl(), fetch: fetchAndForget }), count: () => count };
  }

  test('each call is one request when nothing is lost', async () => {
    const customer = await addCustomer(client, { name: 'counted', balance: 10_000 });
    const counted = forgetful(0);
    const ledger = ledgerOver({ client: counted.client, clock });
    const accounts = createAccounts({ client: counted.client, clock, ids: countedIds(), signupGrant: microCredits(5) });
    const steps = [
      () => ledger.charge(spendOf(customer.keyHash, 'counted-1'), {}),
      () => ledger.reserve(spendOf(customer.keyHash, 'counted-2'), TTL_MS),
      () => ledger.settle('req_counted-2', [], {}),
      () => ledger.release('req_counted-2', 'x'),
      () => ledger.reserve(spendOf(sha256('nobody'), 'counted-3'), TTL_MS),
      () => accounts.identify(customer.keyHash),
      () => accounts.signUp({ accountName: 'a', keyName: 'k' }),
    ];
    for (const [index, step] of steps.entries()) {
      await step();
      expect(counted.count()).toBe(index + 1);
    }
  });

  test('a reserve whose response was lost returns its own hold', async () => {
    const customer = await addCustomer(client, { name: 'reserve', balance: 1_000 });
    const lossy = forgetful(2);
    const answer = await ledgerOver({ client: lossy.client, clock, policy: quickPolicy() }).reserve(
      spendOf(customer.keyHash, 'lost-reserve'),
      TTL_MS,
    );
    expect(answer).toMatchObject({ ok: true, value: { balance: { available: 0, held: 1_000 } } });
    expect(lossy.count()).toBe(3);
  });

  test('a charge whose response was lost is taken once and succeeds', async () => {
    const customer = await addCustomer(client, { name: 'charge', balance: 5_000 });
    const ledger = ledgerOver({ client: forgetful(1).client, clock, policy: quickPolicy() });
    const answer = await ledger.charge(spendOf(customer.keyHash, 'lost-charge'), {});
    expect(answer).toMatchObject({ ok: true, value: { reserved: 1_000, settled: 1_000, balance: { available: 4_000 } } });
  });

  test('a settlement whose response was lost is taken once and succeeds', async () => {
    const customer = await addCustomer(client, { name: 'settle', balance: 5_000 });
    await ledgerOver({ client, clock }).reserve(spendOf(customer.keyHash, 'lost-settle'), TTL_MS);
    const ledger = ledgerOver({ client: forgetful(1).client, clock, policy: quickPolicy() });
    const answer = await ledger.settle('req_lost-settle', [{ item: 'media', settled: microCredits(400) }], {});
    expect(answer).toMatchObject({ ok: true, value: { settled: 400, refunded: 600, balance: { available: 4_600 } } });
  });

  test('a credit whose response was lost is booked once and reported as booked', async () => {
    const customer = await addCustomer(client, { name: 'credit' });
    const entry = { accountId: customer.accountId, kind: 'grant', ref: 'lost-credit', delta: microCredits(7) } as const;
    const ledger = ledgerOver({ client: forgetful(1).client, clock, policy: quickPolicy() });
    expect(await ledger.credit(entry)).toEqual({ ok: true, value: { booked: true, balance: { available: 7, held: 0, debt: 0 } } });
  });

  test('a signup whose response was lost creates one account with one grant', async () => {
    const lossy = forgetful(1);
    const accounts = createAccounts({
      client: lossy.client,
      clock,
      ids: (prefix) => `${prefix}_lost`,
      signupGrant: microCredits(9),
      policy: quickPolicy(),
    });
    expect(await accounts.signUp({ accountName: 'a', keyName: 'k' })).toMatchObject({ ok: true });
    const rows = await client.execute(
      `SELECT posted_micros, seq, (SELECT count(*) FROM api_key k WHERE k.account_id = a.id) AS keys FROM account a WHERE a.id = 'acct_lost'`,
    );
    expect(rows.rows[0]).toMatchObject({ posted_micros: 9, seq: 1, keys: 1 });
  });

  test('a key creation or rotation whose response was lost happens once', async () => {
    const { accountId, keyHash } = await addCustomer(client, { name: 'minting' });
    const manager = await createAccounts({ client, clock, ids: countedIds(), signupGrant: ZERO }).identify(keyHash);
    if (!manager.ok) throw new Error(manager.error.kind);
    const lossy = () =>
      createKeyManager({ client: forgetful(1).client, clock, ids: (prefix) => `${prefix}_minted`, policy: quickPolicy() });
    const draft = { name: 'a', mode: 'live', scopes: null, ceiling: null, budget: null, expiresAt: null } as const;
    expect(await lossy().create(manager.value, draft)).toMatchObject({ ok: true, value: { key: { id: 'key_minted', accountId } } });
    expect(await lossy().rotate(manager.value, 'key_minted', 5)).toMatchObject({ ok: true, value: { key: { id: 'key_minted' } } });
    const secrets = await client.execute(`SELECT retires_at FROM key_secret WHERE key_id = 'key_minted' ORDER BY retires_at IS NULL`);
    expect(secrets.rows.map((row) => row['retires_at'])).toEqual([clock() + 5, null]);
  });

  test('a rotation that is sent again after a later one leaves the later secret alone', async () => {
    const { keyId, keyHash } = await addCustomer(client, { name: 'rotating' });
    const row = (name: string, by: string) => ({ keyId, hash: sha256(name), last4: 'abcd', by, now: clock(), retiresAt: clock() });
    const earlier = insertSecret(row('rotated once', keyHash));
    await client.batch([...earlier, ...insertSecret(row('rotated twice', sha256('rotated once'))), ...earlier], 'write');
    const secrets = await client.execute({
      sql: 'SELECT hex(hash) AS hash, retires_at FROM key_secret WHERE key_id = ? ORDER BY created_at',
      args: [keyId],
    });
    expect(secrets.rows.map((secret) => [secret['hash'], secret['retires_at']])).toEqual([
      [keyHash.toUpperCase(), clock()],
      [sha256('rotated once').toUpperCase(), clock()],
      [sha256('rotated twice').toUpperCase(), null],
    ]);
  });

  test('a violated invariant throws at once, without a retry', async () => {
    const counted = forgetful(0);
    const policy = quickPolicy();
    await addCustomer(client, { name: 'taken' });
    const accounts = createAccounts({
      client: counted.client,
      clock,
      ids: (prefix) => (prefix === 'key' ? `${prefix}_other` : `${prefix}_taken`),
      signupGrant: ZERO,
      policy,
    });
    await expect(accounts.signUp({ accountName: '', keyName: '' })).rejects.toThrow(/CHECK constraint/);
    expect(counted.count()).toBe(1);
    expect(policy.pauses).toEqual([]);
  });
});

function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
