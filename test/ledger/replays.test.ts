import type { Client } from '@libsql/client';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import type { Ledger, Spend } from '../../src/billing/ledger/ledger.ts';
import { ledgerOver } from '../support/ledger.ts';
import { createIdempotencyStore } from '../../src/billing/idempotency/libsql-idempotency.ts';
import { createDatabase } from '../../src/db/client.ts';
import { microCredits } from '../../src/core/money.ts';
import { addCustomer, type Customer, manualClock, serverDatabase, sha256 } from '../support/database.ts';
import { useSqld } from '../support/sqld.ts';

const TTL_MS = 60_000;
const DAY_MS = 86_400_000;
const PRICE = 1_000;
const serverUrl = useSqld();
let clock = manualClock();
let client: Client;
let customer: Customer;
let count = 0;

beforeAll(async () => {
  client = await serverDatabase(serverUrl());
});

beforeEach(async () => {
  clock = manualClock();
  customer = await addCustomer(client, { name: `replays-${++count}`, balance: 100 * PRICE });
});

afterEach(async () => {
  expect(brokenInvariants(await auditLedger(client))).toEqual([]);
});

const ownLedger = (): Ledger => ledgerOver({ client: createDatabase({ url: serverUrl() }), clock });
const ownIdempotencyStore = () => createIdempotencyStore({ client: createDatabase({ url: serverUrl() }), clock });
const answer = (sealed: string) => ({ status: 200, sealed });

const spendOf = (id: string, more: Partial<Spend> = {}): Spend => ({
  id: `req_${count}-${id}`,
  keyHash: customer.keyHash,
  fingerprint: sha256('the request'),
  lines: [{ item: 'media', amount: microCredits(PRICE) }],
  idempotencyKeyHash: sha256('the key'),
  ...more,
});

const ending = (sealed: string | null) => ({
  keyHash: customer.keyHash,
  idempotencyKeyHash: sha256('the key'),
  answer: sealed === null ? null : answer(sealed),
  target: null,
});

async function taken(): Promise<number> {
  const account = await client.execute({ sql: 'SELECT posted_micros FROM account WHERE id = ?', args: [customer.accountId] });
  return 100 * PRICE - Number(account.rows[0]?.['posted_micros']);
}

test('one of fifty parallel charges with one Idempotency-Key is taken, and the others get its response', async () => {
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => ownLedger().charge(spendOf(`c${index}`), {}, answer(`answer ${index}`))),
  );
  const charged = answers.flatMap((one) => (one.ok ? [one.value.id] : []));
  expect(charged).toHaveLength(1);
  for (const one of answers) {
    if (one.ok) continue;
    expect(one.error).toMatchObject({ kind: 'replayed', replay: { requestId: charged[0], available: 99 * PRICE } });
  }
  expect(await taken()).toBe(PRICE);
});

test('one of fifty parallel reserves with one Idempotency-Key succeeds, and the others learn that it is in progress', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => ownLedger().reserve(spendOf(`r${index}`), TTL_MS)));
  expect(answers.filter((one) => one.ok)).toHaveLength(1);
  const refusals = new Set(answers.map((one) => (one.ok ? 'held' : JSON.stringify(one.error))));
  expect(refusals).toEqual(new Set(['held', JSON.stringify({ kind: 'in_flight', until: clock() + TTL_MS })]));
});

test('a settlement stores its response with the balance after it; a late second settlement changes neither', async () => {
  const spend = spendOf('settled');
  await ownLedger().reserve(spend, TTL_MS);
  const lines = [{ item: 'media', settled: microCredits(400) }];
  await ownLedger().settle(spend.id, lines, {}, ending('first'));
  await ownLedger().settle(spend.id, lines, {}, ending('second'));
  expect(await ownLedger().reserve(spendOf('again'), TTL_MS)).toMatchObject({
    ok: false,
    error: { kind: 'replayed', replay: { status: 200, sealed: 'first', available: 100 * PRICE - 400 } },
  });
  expect(await taken()).toBe(400);
});

test('the Idempotency-Key of a released request is free unless a response was stored', async () => {
  const first = spendOf('first');
  await ownLedger().reserve(first, TTL_MS);
  await ownLedger().release(first.id, 'provider_timeout', ending(null));
  const second = spendOf('second');
  expect(await ownLedger().reserve(second, TTL_MS)).toMatchObject({ ok: true });
  await ownLedger().release(second.id, 'post_not_found', { ...ending('gone'), answer: { status: 404, sealed: 'gone' } });
  expect(await ownLedger().reserve(spendOf('third'), TTL_MS)).toMatchObject({
    error: { kind: 'replayed', replay: { status: 404, sealed: 'gone' } },
  });
  expect(await taken()).toBe(0);
});

test('the Idempotency-Key of a crashed request is free once its hold expires, and that request can no longer settle', async () => {
  const dead = spendOf('dead');
  await ownLedger().reserve(dead, TTL_MS);
  clock.advance(TTL_MS);
  const next = spendOf('next');
  expect(await ownLedger().reserve(next, TTL_MS)).toMatchObject({ ok: true });
  expect(await ownLedger().settle(dead.id, [{ item: 'media', settled: microCredits(PRICE) }], {}, ending('dead'))).toEqual({
    ok: false,
    error: { kind: 'not_open' },
  });
  await ownLedger().settle(next.id, [{ item: 'media', settled: microCredits(PRICE) }], {}, ending('next'));
  expect(await ownLedger().recall(customer.keyHash, sha256('the key'), sha256('the request'))).toMatchObject({
    ok: true,
    value: { claimed: { kind: 'replayed', replay: { sealed: 'next' } } },
  });
  expect(await taken()).toBe(PRICE);
});

test('a request refused for its balance leaves the Idempotency-Key free', async () => {
  const dear = spendOf('dear', { lines: [{ item: 'media', amount: microCredits(1_000 * PRICE) }] });
  expect(await ownLedger().charge(dear, {}, answer('x'))).toMatchObject({ error: { kind: 'insufficient_credits' } });
  expect(await ownLedger().charge(spendOf('cheap'), {}, answer('x'))).toMatchObject({ ok: true });
});

test('a different request with the same Idempotency-Key is refused, during the first request and after it', async () => {
  await ownLedger().reserve(spendOf('one'), TTL_MS);
  const other = spendOf('other', { fingerprint: sha256('another request') });
  expect(await ownLedger().reserve(other, TTL_MS)).toEqual({ ok: false, error: { kind: 'mismatch' } });
  await ownLedger().settle(spendOf('one').id, [], {}, ending('done'));
  expect(await ownLedger().charge(other, {}, answer('x'))).toEqual({ ok: false, error: { kind: 'mismatch' } });
});

test('a request without a hold is claimed once, answered once, and deleted after a day', async () => {
  const request = (id: string) => ({
    scope: customer.accountId,
    digest: sha256('post'),
    fingerprint: sha256('body'),
    requestId: `req_${count}-${id}` as const,
  });
  const claims = await Promise.all(Array.from({ length: 20 }, (_, index) => ownIdempotencyStore().claim(request(`p${index}`), TTL_MS)));
  expect(claims.filter((claim) => claim.ok)).toHaveLength(1);
  const winner = request(`p${claims.findIndex((claim) => claim.ok)}`);
  expect(await ownIdempotencyStore().keep(winner, { status: 201, sealed: 'made' })).toBe(true);
  expect(await ownIdempotencyStore().claim(request('later'), TTL_MS)).toMatchObject({
    error: { kind: 'replayed', replay: { status: 201, sealed: 'made', requestId: winner.requestId } },
  });
  await ownIdempotencyStore().drop(winner);
  expect(await ownIdempotencyStore().claim(request('later'), TTL_MS)).toMatchObject({ ok: false });
  clock.advance(DAY_MS);
  expect(await ownIdempotencyStore().sweep(1_000)).toMatchObject({ ok: true });
  const left = await client.execute({ sql: 'SELECT count(*) AS rows FROM replay WHERE scope = ?', args: [customer.accountId] });
  expect(left.rows[0]).toMatchObject({ rows: 0 });
  expect(await ownIdempotencyStore().claim(request('next day'), TTL_MS)).toMatchObject({ ok: true });
  await ownIdempotencyStore().drop(request('next day'));
  expect(await ownIdempotencyStore().claim(request('after that'), TTL_MS)).toMatchObject({ ok: true });
});

test('after three failures on a target a key is refused without a hold, until two minutes have passed or a request succeeds', async () => {
  const target = '/v1/post Target_____';
  const attempt = async (id: string) => {
    const spend = spendOf(id, { idempotencyKeyHash: null, target });
    const reserved = await ownLedger().reserve(spend, TTL_MS);
    if (reserved.ok) await ownLedger().release(spend.id, 'provider_timeout', { ...ending(null), idempotencyKeyHash: null, target });
    return reserved.ok ? 'held' : reserved.error.kind;
  };
  for (const id of ['a', 'b', 'c']) expect(await attempt(id)).toBe('held');
  expect(await attempt('d')).toBe('repeated_failure');
  clock.advance(120_000);
  const good = spendOf('good', { idempotencyKeyHash: null, target });
  expect(await ownLedger().reserve(good, TTL_MS)).toMatchObject({ ok: true });
  await ownLedger().settle(good.id, [], {}, { ...ending(null), idempotencyKeyHash: null, target });
  for (const id of ['e', 'f', 'g']) expect(await attempt(id)).toBe('held');
  expect(await attempt('h')).toBe('repeated_failure');
});
