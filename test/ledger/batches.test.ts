import type { Client } from '@libsql/client';
import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import { CALL_POLICY } from '../../src/db/call.ts';
import { holdOutcome, spendOutcome } from '../../src/billing/ledger/outcomes.ts';
import { chargeCall, releaseCall, reserveCall, settleCall, compensateCall } from '../../src/billing/ledger/commands.ts';
import { createLedgerWriter } from '../../src/billing/writer/ledger-writer.ts';
import type { Spend } from '../../src/billing/ledger/ledger.ts';
import { LARGEST_STORED_RESPONSE_CHARS } from '../../src/billing/idempotency/idempotency.ts';
import { createLedger } from '../../src/billing/ledger/libsql-ledger.ts';
import { ledgerOver } from '../support/ledger.ts';
import { microCredits } from '../../src/core/money.ts';
import { addCustomer, type Customer, manualClock, memoryDatabase, serverDatabase, sha256 } from '../support/database.ts';
import { useSqld } from '../support/sqld.ts';
import { anyBatchCall, BatchWorld, inOrderOfKinds, PRICE, TTL_MS } from './batch-world.ts';

/** The size of a full batch. */
const CALLS = 256;

// Every run uses the same calls; set BATCH_SEED for others.
const seed = Number(process.env['BATCH_SEED'] ?? 1);
const serverUrl = useSqld();

describe.each([
  { place: 'in this process', open: memoryDatabase, runs: 12 },
  { place: 'on a libSQL server', open: () => serverDatabase(serverUrl()), runs: 4 },
])('a batch $place', ({ place, open, runs }) => {
  let client: Client;
  let batches = 0;
  let count = 0;
  let customer: Customer;
  const clock = manualClock();
  beforeAll(async () => {
    client = await open();
  });
  afterAll(() => client.close());
  beforeEach(async () => {
    customer = await addCustomer(client, { name: `${place} ${++count}`, balance: 3 * PRICE });
  });
  afterEach(async () => {
    expect(brokenInvariants(await auditLedger(client))).toEqual([]);
  });

  /** A writer that is busy, so that all calls made now share one batch. */
  function busyWriter() {
    const connect = () => ({
      batch: (...[statements, mode]: Parameters<Client['batch']>) => {
        batches += 1;
        return client.batch(statements, mode);
      },
    });
    const writer = createLedgerWriter({ connect, clock, policy: CALL_POLICY });
    void writer.run([{ sql: 'SELECT 1', args: [] }]);
    batches = 0;
    return writer;
  }

  const spend = (id: string, more: Partial<Spend> = {}): Spend => ({
    id: `req_${place}-${count}-${id}`,
    keyHash: customer.keyHash,
    fingerprint: sha256('request'),
    lines: [{ item: 'media', amount: microCredits(PRICE) }],
    ...more,
  });

  async function balance(): Promise<unknown> {
    const sql = 'SELECT posted_micros AS posted, held_micros AS held FROM account WHERE id = ?';
    return { ...(await client.execute({ sql, args: [customer.accountId] })).rows[0] };
  }

  test(`of ${CALLS} calls of all kinds has the same outcomes as its calls one by one (BATCH_SEED=${seed})`, async () => {
    let run = 0;
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(anyBatchCall, { minLength: CALLS, maxLength: CALLS }), async (given) => {
        run += 1;
        const calls = inOrderOfKinds(given);
        const one = await BatchWorld.make(`${place} one ${run}.`, client);
        const single = ledgerOver({ client, clock: one.clock });
        const expected: unknown[] = [];
        for (const [index, call] of calls.entries()) expected.push(await one.send(single, call, index, calls));

        const all = await BatchWorld.make(`${place} all ${run}.`, client);
        const together = createLedger({ client, clock: all.clock, writer: busyWriter() });
        const outcomes = await Promise.all(calls.map((call, index) => all.send(together, call, index, calls)));
        expect(outcomes).toEqual(expected);
        expect(await all.dump()).toEqual(await one.dump());
        for (const [index, outcome] of outcomes.entries()) seen.add(`${calls[index]?.do} ${String(outcome).replaceAll(/[\d.]+/g, 'n')}`);
      }),
      { seed, numRuns: runs, endOnFailure: true },
    );
    // The calls must cover these outcomes, or the comparison proves little.
    for (const outcome of ['insufficient_credits', 'account_frozen', 'key_budget_exceeded', 'unknown_key', 'in_flight', 'mismatch', 'n']) {
      expect([...seen]).toContain(`reserve ${outcome}`);
    }
    for (const outcome of [
      'settle not_open',
      'release released',
      'release settled',
      'release null',
      'charge replayed,answer n',
      'undo null',
    ]) {
      expect([...seen]).toContain(outcome);
    }
  });

  test(`of ${CALLS} calls is one request, and each call gets its own outcome`, async () => {
    const rich = await addCustomer(client, { name: `${place} ${count} rich`, balance: CALLS * 1_000_000 });
    const ledger = createLedger({ client, clock, writer: busyWriter() });
    const prices = Array.from({ length: CALLS }, (_, index) => microCredits(index + 1));
    const answers = await Promise.all(
      prices.map((amount, index) => {
        const own = spend(`own-${index}`, { keyHash: rich.keyHash, lines: [{ item: 'media', amount }] });
        return index % 2 === 0 ? ledger.reserve(own, TTL_MS) : ledger.charge(own, {});
      }),
    );
    expect(
      answers.map((answer) => answer.ok && [answer.value.id, 'amount' in answer.value ? answer.value.amount : answer.value.settled]),
    ).toEqual(prices.map((amount, index) => [`req_${place}-${count}-own-${index}`, amount]));
    expect(batches).toBe(1);
  });

  test('holds two of the largest responses that are stored', async () => {
    const ledger = createLedger({ client, clock, writer: busyWriter() });
    const sealed = 'x'.repeat(LARGEST_STORED_RESPONSE_CHARS - 2_000);
    const answers = await Promise.all(
      ['a', 'b'].map((id) =>
        ledger.charge(spend(`large-${id}`, { idempotencyKeyHash: sha256(`${place} ${id}`) }), {}, { status: 200, sealed }),
      ),
    );
    expect(answers).toMatchObject([{ ok: true }, { ok: true }]);
    expect(batches).toBe(1);
    const recalled = await ledger.recall(customer.keyHash, sha256(`${place} b`), sha256('request'));
    expect(recalled).toMatchObject({ ok: true, value: { claimed: { kind: 'replayed', replay: { sealed } } } });
  });

  test('refuses only the call that raises', async () => {
    const writer = busyWriter();
    const good = reserveCall(spend('good'), clock(), TTL_MS);
    const poisoned = [
      { ...reserveCall(spend('malformed'), clock(), TTL_MS), row: '{"id":"req_x","now":01}' },
      { ...settleCall({ id: 'req_x', lines: [], receipt: {}, ending: undefined }, clock()), row: '{"id":' },
      { ...releaseCall({ id: 'req_x', reason: 'r', ending: undefined }, clock()), look: '"req_x' },
    ];
    const answers = await Promise.all(
      [good, ...poisoned, chargeCall({ spend: spend('better'), receipt: {}, answer: null }, clock())].map((call) => writer.submit(call)),
    );
    expect(answers.map((answer) => (answer.ok ? 'carried out' : answer.error.kind))).toEqual([
      'carried out',
      'refused',
      'refused',
      'refused',
      'carried out',
    ]);
    expect(answers[0]).toMatchObject({ ok: true, value: expect.stringContaining('"state":"open"') });
    expect(await balance()).toEqual({ posted: 2 * PRICE, held: PRICE });
  });

  test('accepts exactly three of a hundred charges on a balance for three', async () => {
    const ledger = createLedger({ client, clock, writer: busyWriter() });
    const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => ledger.charge(spend(`of-three-${index}`), {})));
    expect(answers.filter((answer) => answer.ok)).toHaveLength(3);
    expect(new Set(answers.map((answer) => (answer.ok ? 'ok' : answer.error.kind)))).toEqual(new Set(['ok', 'insufficient_credits']));
    expect(batches).toBe(1);
    expect(await balance()).toEqual({ posted: 0, held: 0 });
  });

  test('carries out one of two requests with the same Idempotency-Key, and gives the other its response or tells it to wait', async () => {
    const idempotencyKeyHash = sha256(`${place} once`);
    const ledger = createLedger({ client, clock, writer: busyWriter() });
    const charged = await Promise.all(
      ['a', 'b'].map((id) => ledger.charge(spend(`charge-${id}`, { idempotencyKeyHash }), {}, { status: 200, sealed: `answer ${id}` })),
    );
    expect(charged).toMatchObject([{ ok: true }, { ok: false, error: { kind: 'replayed', replay: { sealed: 'answer a' } } }]);
    const other = sha256(`${place} other`);
    const busy = createLedger({ client, clock, writer: busyWriter() });
    const reserved = await Promise.all(['a', 'b'].map((id) => busy.reserve(spend(`hold-${id}`, { idempotencyKeyHash: other }), TTL_MS)));
    expect(reserved).toMatchObject([{ ok: true }, { ok: false, error: { kind: 'in_flight', until: clock() + TTL_MS } }]);
    expect(await balance()).toEqual({ posted: 2 * PRICE, held: PRICE });
  });

  test('allows a spend with an Idempotency-Key whose first request it refused', async () => {
    const idempotencyKeyHash = sha256(`${place} dear`);
    const ledger = createLedger({ client, clock, writer: busyWriter() });
    const dear = spend('dear', {
      idempotencyKeyHash,
      fingerprint: sha256('dear'),
      lines: [{ item: 'media', amount: microCredits(4 * PRICE) }],
    });
    const [refused, taken] = await Promise.all([ledger.reserve(dear, TTL_MS), ledger.charge(spend('cheap', { idempotencyKeyHash }), {})]);
    expect([refused, taken]).toMatchObject([{ error: { kind: 'insufficient_credits' } }, { ok: true }]);
  });

  test('lets its spends use the money freed by its settlements, releases and undos', async () => {
    const before = ledgerOver({ client, clock });
    for (const id of ['one', 'two', 'three']) expect(await before.reserve(spend(id), TTL_MS)).toMatchObject({ ok: true });
    const ledger = createLedger({ client, clock, writer: busyWriter() });
    const spends = ['a', 'b', 'c', 'd'].map((id) => ledger.charge(spend(`freed-${id}`), {}));
    const settled = ledger.settle(spend('one').id, [], {});
    const released = ledger.release(spend('two').id, 'x');
    await ledger.compensate(spend('three').id, null);
    expect((await Promise.all(spends)).map((answer) => answer.ok)).toEqual([true, true, true, false]);
    expect([await settled, await released]).toMatchObject([{ ok: true }, { ok: true }]);
    expect(await balance()).toEqual({ posted: 0, held: 0 });
  });

  test('undoes a spend that is in the same batch as its undo', async () => {
    const writer = busyWriter();
    const { id } = spend('late');
    const [undone, late] = await Promise.all([
      writer.submit(compensateCall(id, null, clock())),
      writer.submit(chargeCall({ spend: spend('late'), receipt: {}, answer: null }, clock())),
    ]);
    expect(holdOutcome(undone.ok ? undone.value : null)).toMatchObject({ state: 'settled' });
    expect(spendOutcome(late.ok ? late.value : null)).toMatchObject({ hold: { state: 'settled' } });
    expect(await balance()).toEqual({ posted: 3 * PRICE, held: 0 });
  });

  test('counts a failure once, however often the release is sent', async () => {
    const target = 'a failing target';
    const ledger = ledgerOver({ client, clock });
    await ledger.reserve(spend('fails', { target }), TTL_MS);
    const ending = { keyHash: customer.keyHash, idempotencyKeyHash: null, answer: null, target };
    const writer = busyWriter();
    const call = releaseCall({ id: spend('fails').id, reason: 'provider_timeout', ending }, clock());
    await Promise.all([call, { ...call }].map((one) => writer.submit(one)));
    await writer.submit(call);
    const { rows } = await client.execute({ sql: 'SELECT failures FROM failing WHERE key_id = ?', args: [customer.keyId] });
    expect(rows).toMatchObject([{ failures: 1 }]);
  });
});
