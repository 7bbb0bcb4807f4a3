import type { Client } from '@libsql/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import type { Ledger, Spend } from '../../src/billing/ledger/ledger.ts';
import { ledgerOver } from '../support/ledger.ts';
import { microCredits } from '../../src/core/money.ts';
import { addCustomer, type Customer, manualClock, memoryDatabase, serverDatabase, sha256 } from '../support/database.ts';
import { useSqld } from '../support/sqld.ts';

const TTL_MS = 60_000;
const RECEIPT = { priceCardVersion: 'test', target: 'p/AAAAA' };
const serverUrl = useSqld();

// The same guarantees in this process and on the real server, which has its own SQL parser and uses HTTP.
describe.each([
  { place: 'in this process', open: memoryDatabase },
  { place: 'on a libSQL server', open: () => serverDatabase(serverUrl()) },
])('the ledger $place', ({ place, open }) => {
  let client: Client;
  let ledger: Ledger;
  let count = 0;
  let clock = manualClock();
  let customer: Customer;

  beforeEach(async () => {
    client = await open();
    clock = manualClock();
    ledger = ledgerOver({ client, clock });
    count += 1;
    customer = await addCustomer(client, { name: `${place} ${count}`, balance: 10_000 });
  });

  afterEach(async () => {
    const audit = await auditLedger(client);
    client.close();
    expect(brokenInvariants(audit)).toEqual([]);
  });

  const spend = (name: string, amounts: Readonly<Record<string, number>> = { media: 3_000 }, keyHash = customer.keyHash): Spend => ({
    id: `req_${place}-${count}-${name}`,
    keyHash,
    fingerprint: sha256(name),
    lines: Object.entries(amounts).map(([item, amount]) => ({ item, amount: microCredits(amount) })),
  });
  const settled = (amounts: Readonly<Record<string, number>>) =>
    Object.entries(amounts).map(([item, amount]) => ({ item, settled: microCredits(amount) }));

  test('reserve sets the sum of the lines aside', async () => {
    const held = await ledger.reserve(spend('a', { media: 3_000, comments: 4_000 }), TTL_MS);
    expect(held).toMatchObject({
      ok: true,
      value: { amount: 7_000, accountId: customer.accountId, keyId: customer.keyId, balance: { available: 3_000, held: 7_000, debt: 0 } },
    });
  });

  test('reserve with the same id returns its own hold and sets nothing more aside', async () => {
    const first = await ledger.reserve(spend('a'), TTL_MS);
    const second = await ledger.reserve(spend('a'), TTL_MS);
    expect(second).toEqual(first);
  });

  test('reusing an id for another request throws', async () => {
    await ledger.reserve(spend('a'), TTL_MS);
    const other: Spend = { ...spend('a'), fingerprint: sha256('something else') };
    await expect(ledger.reserve(other, TTL_MS)).rejects.toThrow('used again');
    const stranger = await addCustomer(client, { name: `stranger ${place} ${count}`, balance: 10_000 });
    await expect(ledger.charge({ ...spend('a'), keyHash: stranger.keyHash }, RECEIPT)).rejects.toThrow('used again');
  });

  test('an unknown key is refused', async () => {
    expect(await ledger.reserve(spend('a', { media: 1 }, sha256('nobody')), TTL_MS)).toEqual({ ok: false, error: { kind: 'unknown_key' } });
    expect(await ledger.charge(spend('b', { media: 1 }, sha256('nobody')), RECEIPT)).toEqual({ ok: false, error: { kind: 'unknown_key' } });
  });

  test('a revoked key is refused', async () => {
    await client.execute({ sql: 'UPDATE api_key SET revoked_at = ? WHERE id = ?', args: [clock(), customer.keyId] });
    expect(await ledger.reserve(spend('a'), TTL_MS)).toEqual({ ok: false, error: { kind: 'key_revoked' } });
    expect(await ledger.charge(spend('b'), RECEIPT)).toEqual({ ok: false, error: { kind: 'key_revoked' } });
  });

  test('a key stops working at its expiry, to the millisecond', async () => {
    const brief = await addCustomer(client, { name: `brief ${place}`, balance: 10_000, keyExpiresAt: clock() + 1_000 });
    clock.advance(999);
    expect(await ledger.charge(spend('a', { media: 1 }, brief.keyHash), RECEIPT)).toMatchObject({ ok: true });
    clock.advance(1);
    expect(await ledger.charge(spend('b', { media: 1 }, brief.keyHash), RECEIPT)).toEqual({ ok: false, error: { kind: 'key_expired' } });
  });

  test.each(['frozen', 'closed'])('a %s account cannot spend, but settles its open holds', async (status) => {
    await ledger.reserve(spend('a'), TTL_MS);
    await client.execute({ sql: 'UPDATE account SET status = ? WHERE id = ?', args: [status, customer.accountId] });
    expect(await ledger.reserve(spend('b'), TTL_MS)).toEqual({
      ok: false,
      error: { kind: 'account_frozen', accountId: customer.accountId },
    });
    expect(await ledger.settle(spend('a').id, settled({ media: 3_000 }), RECEIPT)).toMatchObject({ ok: true });
  });

  test('an insufficient balance is refused with the required and the available amount', async () => {
    await ledger.reserve(spend('a', { media: 9_000 }), TTL_MS);
    const refusal = {
      kind: 'insufficient_credits',
      accountId: customer.accountId,
      required: 1_001,
      balance: { available: 1_000, held: 9_000, debt: 0 },
    };
    expect(await ledger.reserve(spend('b', { media: 1_001 }), TTL_MS)).toEqual({ ok: false, error: refusal });
    expect(await ledger.charge(spend('c', { media: 1_001 }), RECEIPT)).toEqual({ ok: false, error: refusal });
    expect(await ledger.reserve(spend('d', { media: 1_000 }), TTL_MS)).toMatchObject({ ok: true });
  });

  test('charge takes the whole price and stores the receipt under the request id', async () => {
    const charged = await ledger.charge(spend('a', { media: 1_000, transcript: 500 }), RECEIPT);
    expect(charged).toEqual({
      ok: true,
      value: {
        id: spend('a').id,
        accountId: customer.accountId,
        keyId: customer.keyId,
        reserved: 1_500,
        settled: 1_500,
        refunded: 0,
        lines: [
          { item: 'media', reserved: 1_000, settled: 1_000, refunded: 0, reason: null },
          { item: 'transcript', reserved: 500, settled: 500, refunded: 0, reason: null },
        ],
        balance: { available: 8_500, held: 0, debt: 0 },
      },
    });
    expect(await readReceipt('a')).toEqual(RECEIPT);
  });

  test('a charge repeated after a lost response takes nothing more and returns the same result', async () => {
    const first = await ledger.charge(spend('a'), RECEIPT);
    const second = await ledger.charge(spend('a'), RECEIPT);
    expect(second).toEqual(first);
  });

  test('settle takes what was delivered, line by line with reasons, and refunds the rest', async () => {
    await ledger.reserve(spend('a', { media: 3_000, comments: 4_000, transcript: 2_000 }), TTL_MS);
    const settlement = await ledger.settle(
      spend('a').id,
      [
        { item: 'media', settled: microCredits(3_000) },
        { item: 'comments', settled: microCredits(1_200), reason: 'end_of_thread' },
      ],
      RECEIPT,
    );
    expect(settlement).toEqual({
      ok: true,
      value: {
        id: spend('a').id,
        reserved: 9_000,
        settled: 4_200,
        refunded: 4_800,
        lines: [
          { item: 'media', reserved: 3_000, settled: 3_000, refunded: 0, reason: null },
          { item: 'comments', reserved: 4_000, settled: 1_200, refunded: 2_800, reason: 'end_of_thread' },
          { item: 'transcript', reserved: 2_000, settled: 0, refunded: 2_000, reason: null },
        ],
        balance: { available: 5_800, held: 0, debt: 0 },
      },
    });
    expect(await readReceipt('a')).toEqual(RECEIPT);
  });

  test('settling again changes nothing, whatever its lines', async () => {
    await ledger.reserve(spend('a'), TTL_MS);
    const first = await ledger.settle(spend('a').id, settled({ media: 1_000 }), RECEIPT);
    expect(await ledger.settle(spend('a').id, settled({ media: 3_000 }), { other: true })).toEqual(first);
    expect(await readReceipt('a')).toEqual(RECEIPT);
  });

  test('settling zero books no entry but stores a receipt', async () => {
    await ledger.reserve(spend('a'), TTL_MS);
    expect(await ledger.settle(spend('a').id, [], RECEIPT)).toMatchObject({ ok: true, value: { settled: 0, refunded: 3_000 } });
    expect(await readReceipt('a')).toEqual(RECEIPT);
  });

  test.each([
    ['more than was reserved', [{ item: 'media', settled: microCredits(3_001) }]],
    ['a negative amount', [{ item: 'media', settled: microCredits(-1) }]],
    ['a part that was not reserved', [{ item: 'comments', settled: microCredits(1) }]],
    ['a part twice', settled({ media: 1 }).concat(settled({ media: 1 }))],
  ])('settling %s is refused as a whole, and the hold stays open', async (_what, lines) => {
    await ledger.reserve(spend('a'), TTL_MS);
    await expect(ledger.settle(spend('a').id, lines, RECEIPT)).rejects.toThrow('refused the lines');
    expect(await ledger.settle(spend('a').id, settled({ media: 3_000 }), RECEIPT)).toMatchObject({ ok: true, value: { settled: 3_000 } });
  });

  test('release gives the whole hold back once', async () => {
    await ledger.reserve(spend('a'), TTL_MS);
    expect(await ledger.release(spend('a').id, 'provider_timeout')).toMatchObject({ ok: true, value: { state: 'released' } });
    expect(await ledger.release(spend('a').id, 'provider_timeout')).toMatchObject({ ok: true, value: { state: 'released' } });
    expect(await ledger.reserve(spend('b', { media: 10_000 }), TTL_MS)).toMatchObject({ ok: true });
  });

  test('a settled hold cannot be released, and a released hold cannot be settled', async () => {
    await ledger.charge(spend('a'), RECEIPT);
    expect(await ledger.release(spend('a').id, 'late')).toMatchObject({ ok: true, value: { state: 'settled' } });
    await ledger.reserve(spend('b'), TTL_MS);
    await ledger.release(spend('b').id, 'bug');
    expect(await ledger.settle(spend('b').id, settled({ media: 3_000 }), RECEIPT)).toEqual({ ok: false, error: { kind: 'not_open' } });
    expect(await ledger.reserve(spend('b'), TTL_MS)).toEqual({ ok: false, error: { kind: 'already_resolved' } });
    expect(await ledger.charge(spend('b'), RECEIPT)).toEqual({ ok: false, error: { kind: 'already_resolved' } });
    expect(await ledger.release(spend('never').id, 'bug')).toEqual({ ok: true, value: { state: null, balance: null } });
  });

  test('an overdue hold cannot be settled, whether or not the sweep has expired it', async () => {
    await ledger.reserve(spend('a'), TTL_MS);
    clock.advance(TTL_MS);
    expect(await ledger.settle(spend('a').id, settled({ media: 3_000 }), RECEIPT)).toEqual({ ok: false, error: { kind: 'not_open' } });
    expect(await ledger.charge(spend('b', { media: 10_000 }), RECEIPT)).toMatchObject({ ok: true });
  });

  test('reserve first expires overdue holds of the account', async () => {
    await ledger.reserve(spend('a', { media: 10_000 }), TTL_MS);
    clock.advance(TTL_MS - 1);
    expect(await ledger.reserve(spend('b', { media: 10_000 }), TTL_MS)).toMatchObject({
      ok: false,
      error: { kind: 'insufficient_credits' },
    });
    clock.advance(1);
    expect(await ledger.reserve(spend('b', { media: 10_000 }), TTL_MS)).toMatchObject({ ok: true });
  });

  test('reserve succeeds behind more overdue holds than one statement expires', async () => {
    for (let hold = 0; hold < 100; hold++) await ledger.reserve(spend(`old ${hold}`, { media: 100 }), TTL_MS);
    clock.advance(TTL_MS);
    expect(await ledger.reserve(spend('new', { media: 10_000 }), TTL_MS)).toMatchObject({ ok: true });
  });

  test('the sweep expires a page at a time, oldest first, and returns the count', async () => {
    // Other tests of this file leave open holds on the same server.
    await ledger.expireHolds(1_000);
    clock.advance(10 * TTL_MS);
    await ledger.expireHolds(1_000);
    for (const name of ['a', 'b', 'c']) {
      await ledger.reserve(spend(name, { media: 1_000 }), TTL_MS);
      clock.advance(1);
    }
    clock.advance(TTL_MS);
    expect(await ledger.expireHolds(2)).toEqual({ ok: true, value: { expired: 2 } });
    expect(await ledger.expireHolds(2)).toEqual({ ok: true, value: { expired: 1 } });
    expect(await ledger.expireHolds(2)).toEqual({ ok: true, value: { expired: 0 } });
    expect(await ledger.reserve(spend('d', { media: 10_000 }), TTL_MS)).toMatchObject({ ok: true });
    await expect(ledger.expireHolds(0)).rejects.toThrow(RangeError);
  });

  test('credit books a ref once', async () => {
    const entry = { accountId: customer.accountId, kind: 'grant', ref: `${place}-${count}`, delta: microCredits(500) } as const;
    expect(await ledger.credit(entry)).toEqual({ ok: true, value: { booked: true, balance: { available: 10_500, held: 0, debt: 0 } } });
    expect(await ledger.credit(entry)).toEqual({ ok: true, value: { booked: false, balance: { available: 10_500, held: 0, debt: 0 } } });
    expect(await ledger.credit({ ...entry, ref: 'x', accountId: 'acct_nobody' })).toEqual({
      ok: false,
      error: { kind: 'unknown_account' },
    });
    await expect(ledger.credit({ ...entry, ref: `${place}-${count}-minus`, delta: microCredits(-1) })).rejects.toThrow(RangeError);
    await expect(ledger.credit({ ...entry, ref: `${place}-${count}-limit`, delta: microCredits(1e12) })).rejects.toThrow(RangeError);
  });

  test('an adjustment beyond the balance becomes debt, which blocks spending and is paid first', async () => {
    const adjust = (ref: string, delta: number) =>
      ledger.credit({ accountId: customer.accountId, kind: 'adjust', ref: `${place}-${count}-${ref}`, delta: microCredits(delta) });
    expect(await adjust('down', -12_000)).toMatchObject({ ok: true, value: { balance: { available: -2_000, held: 0, debt: 2_000 } } });
    expect(await ledger.reserve(spend('a', { media: 1 }), TTL_MS)).toMatchObject({ ok: false, error: { kind: 'insufficient_credits' } });
    expect(await adjust('up', 2_001)).toMatchObject({ ok: true, value: { balance: { available: 1, held: 0, debt: 0 } } });
    expect(await ledger.charge(spend('b', { media: 1 }), RECEIPT)).toMatchObject({ ok: true });
  });

  test('prices that no procedure accepts throw', async () => {
    await expect(ledger.reserve(spend('a', { media: 0 }), TTL_MS)).rejects.toThrow('could afford');
    await expect(ledger.reserve(spend('b', { media: -1 }), TTL_MS)).rejects.toThrow('could afford');
    await expect(ledger.reserve({ ...spend('c'), lines: [...spend('c').lines, ...spend('c').lines] }, TTL_MS)).rejects.toThrow(
      'could afford',
    );
  });

  async function readReceipt(name: string): Promise<unknown> {
    const answer = await client.execute({
      sql: 'SELECT body FROM receipt WHERE id = ? AND account_id = ?',
      args: [spend(name).id, customer.accountId],
    });
    const body = answer.rows[0]?.['body'];
    return typeof body === 'string' ? JSON.parse(body) : undefined;
  }
});
