import type { Client } from '@libsql/client';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCompensations } from '../../src/billing/writer/compensations.ts';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import type { CallPolicy } from '../../src/db/call.ts';
import type { Ledger, Spend } from '../../src/billing/ledger/ledger.ts';
import { compensateCall } from '../../src/billing/ledger/commands.ts';
import { createLedgerWriter } from '../../src/billing/writer/ledger-writer.ts';
import { createAccounts } from '../../src/billing/accounts/libsql-accounts.ts';
import { ledgerOver } from '../support/ledger.ts';
import { createDatabase } from '../../src/db/client.ts';
import { microCredits, ZERO } from '../../src/core/money.ts';
import { customerPayer } from '../../src/read/pricing/payer.ts';
import { CompensationMemory } from '../support/compensation-memory.ts';
import { addCustomer, countedIds, type Customer, manualClock, serverDatabase, sha256 } from '../support/database.ts';
import { useSqld } from '../support/sqld.ts';

const TTL_MS = 60_000;
const PRICE = 1_000;
const BALANCE = 10 * PRICE;
const POLICY: CallPolicy = { deadlineMs: 5_000, tries: 3, wait: async () => undefined };
const serverUrl = useSqld();
let clock = manualClock();
let client: Client;
let ledger: Ledger;
let customer: Customer;
let count = 0;

beforeAll(async () => {
  client = await serverDatabase(serverUrl());
});
beforeEach(async () => {
  clock = manualClock();
  customer = await addCustomer(client, { name: `unknown-${++count}`, balance: BALANCE });
  ledger = ledgerOver({ client, clock });
});
afterEach(async () => {
  expect(brokenInvariants(await auditLedger(client))).toEqual([]);
});

const spend = (idempotencyKeyHash: string | null = null): Spend => ({
  id: `req_unknown-${count}`,
  keyHash: customer.keyHash,
  fingerprint: sha256('request'),
  lines: [{ item: 'media', amount: microCredits(PRICE) }],
  idempotencyKeyHash,
});

/** A ledger whose first `lost` requests are lost, before they reach the server or after it has done its work. */
function lossy(lost: number, when: 'before' | 'after'): Ledger {
  let sent = 0;
  const losing: typeof fetch = async (input, init) => {
    if (++sent > lost) return fetch(input, init);
    if (when === 'after') await (await fetch(input, init)).arrayBuffer();
    throw new TypeError('the connection was lost');
  };
  return ledgerOver({ client: createDatabase({ url: serverUrl(), fetch: losing }), clock, policy: POLICY });
}

async function money(): Promise<unknown> {
  const sql = `SELECT posted_micros AS posted, held_micros AS held,
                      (SELECT count(*) FROM entry e WHERE e.account_id = a.id AND e.kind = 'adjust') AS adjustments
                 FROM account a WHERE id = ?`;
  return { ...(await client.execute({ sql, args: [customer.accountId] })).rows[0] };
}
const UNTOUCHED = { posted: BALANCE, held: 0, adjustments: 0 };
const BOOKED_BACK = { posted: BALANCE, held: 0, adjustments: 1 };

/** Each call of a paid read, its precondition, and what it takes when carried out once. */
const CALLS = [
  {
    name: 'reserve',
    before: async () => undefined,
    call: (on: Ledger) => on.reserve(spend(), TTL_MS),
    after: { posted: BALANCE, held: PRICE },
  },
  {
    name: 'charge',
    before: async () => undefined,
    call: (on: Ledger) => on.charge(spend(), {}),
    after: { posted: BALANCE - PRICE, held: 0 },
  },
  {
    name: 'settle',
    before: () => ledger.reserve(spend(), TTL_MS),
    call: (on: Ledger) => on.settle(spend().id, [{ item: 'media', settled: microCredits(400) }], {}),
    after: { posted: BALANCE - 400, held: 0 },
  },
  {
    name: 'release',
    before: () => ledger.reserve(spend(), TTL_MS),
    call: (on: Ledger) => on.release(spend().id, 'x'),
    after: { posted: BALANCE, held: 0 },
  },
] as const;

describe.each(CALLS)('a $name', ({ name, before, call, after }) => {
  test.each([1, 2] as const)('lost %i times is carried out once and succeeds', async (lost) => {
    for (const when of ['before', 'after'] as const) {
      customer = await addCustomer(client, { name: `unknown-${++count}`, balance: BALANCE });
      await before();
      expect(await call(lossy(lost, when))).toMatchObject({ ok: true });
      expect(await money()).toEqual({ ...after, adjustments: 0 });
    }
  });

  test('without a known outcome is undone once by its id, whether or not it was carried out', async () => {
    for (const when of ['before', 'after'] as const) {
      customer = await addCustomer(client, { name: `unknown-${++count}`, balance: BALANCE });
      await before();
      expect(await call(lossy(POLICY.tries, when))).toEqual({ ok: false, error: { kind: 'unreachable' } });
      for (let time = 0; time < 3; time++) await ledger.compensate(spend().id, null);
      const isTaken = when === 'after' && (name === 'charge' || name === 'settle');
      expect(await money()).toEqual(isTaken ? BOOKED_BACK : UNTOUCHED);
      // An undone request can no longer be charged.
      expect(await ledger.settle(spend().id, [{ item: 'media', settled: microCredits(PRICE) }], {})).toMatchObject({ ok: isTaken });
      expect(await money()).toEqual(isTaken ? BOOKED_BACK : UNTOUCHED);
    }
  });
});

describe('an undo', () => {
  test.each([0, 1, 2, 3])('whose response is lost %i times refunds once', async (lost) => {
    await ledger.charge(spend(), {});
    await lossy(lost, 'after').compensate(spend().id, null);
    await ledger.compensate(spend().id, null);
    expect(await money()).toEqual(BOOKED_BACK);
    const { rows } = await client.execute({ sql: 'SELECT delta_micros FROM entry WHERE ref = ?', args: [`undelivered:${spend().id}`] });
    expect(rows).toMatchObject([{ delta_micros: PRICE }]);
  });

  test('refunds what was settled, not what was reserved', async () => {
    await ledger.reserve(spend(), TTL_MS);
    await ledger.settle(spend().id, [{ item: 'media', settled: microCredits(1) }], {});
    await ledger.compensate(spend().id, null);
    expect(await money()).toEqual(BOOKED_BACK);
  });

  test('of a read that cost nothing books nothing', async () => {
    await ledger.reserve(spend(), TTL_MS);
    await ledger.settle(spend().id, [], {});
    await ledger.compensate(spend().id, null);
    expect(await money()).toEqual(UNTOUCHED);
  });

  test('keeps a charge whose response is stored under the Idempotency-Key, and otherwise frees the key', async () => {
    const once = sha256(`once ${count}`);
    await ledger.charge(spend(once), {}, { status: 200, sealed: 'kept' });
    await ledger.compensate(spend().id, once);
    expect(await money()).toEqual({ posted: BALANCE - PRICE, held: 0, adjustments: 0 });
    expect(await ledger.charge({ ...spend(once), id: `req_again-${count}` }, {})).toMatchObject({ error: { kind: 'replayed' } });
    const other = sha256(`other ${count}`);
    const open = { ...spend(other), id: `req_open-${count}` as const };
    await ledger.reserve(open, TTL_MS);
    await ledger.compensate(open.id, other);
    expect(await ledger.reserve({ ...open, id: `req_free-${count}` }, TTL_MS)).toMatchObject({ ok: true });
    await ledger.release(`req_free-${count}`, 'x');
  });

  test('of a request that has not arrived yet is retried until it has, also across a restart', async () => {
    const storage = new CompensationMemory();
    const writer = createLedgerWriter({ connect: () => client, clock });
    const wake = () => createCompensations(storage, clock).carryOut(() => writer);
    await createCompensations(storage, clock).add(0, compensateCall(spend().id, null, clock()));
    await wake();
    expect(storage.size).toBe(1);
    // The delayed charge arrives only now.
    await ledger.charge(spend(), {});
    clock.advance(2_000);
    await wake();
    expect(storage.size).toBe(0);
    expect(await money()).toEqual(BOOKED_BACK);
  });

  test('refunds a charge that a bug left undelivered', async () => {
    const accounts = createAccounts({ client, clock, ids: countedIds(), signupGrant: ZERO });
    const { keyHash, fingerprint, lines } = spend();
    const payer = customerPayer({
      ledger,
      accounts,
      requestId: spend().id,
      keyHash,
      fingerprint,
      scope: 'read:post',
      idempotencyKeyHash: null,
      holdTtlMs: TTL_MS,
    });
    expect(await payer.charge(lines, {}, null)).toMatchObject({ ok: true });
    await payer.release('internal', { answer: null, target: null });
    expect(await money()).toEqual(BOOKED_BACK);
  });
});
