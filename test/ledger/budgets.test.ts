import type { Client } from '@libsql/client';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import { createAccounts } from '../../src/billing/accounts/libsql-accounts.ts';
import { createKeyManager } from '../../src/billing/keys/libsql-key-manager.ts';
import { ledgerOver } from '../support/ledger.ts';
import type { KeyDetails } from '../../src/billing/keys/key-details.ts';
import type { KeyDraft } from '../../src/billing/keys/key-manager.ts';
import { hashApiKey } from '../../src/billing/keys/api-key.ts';
import type { Spend } from '../../src/billing/ledger/ledger.ts';
import { createDatabase } from '../../src/db/client.ts';
import { randomIds } from '../../src/core/ids.ts';
import { microCredits } from '../../src/core/money.ts';
import { manualClock, serverDatabase, sha256 } from '../support/database.ts';
import { useSqld } from '../support/sqld.ts';

const TTL_MS = 60_000;
const PRICE = 1_000;
const DAY_MS = 86_400_000;
const serverUrl = useSqld();
const clock = manualClock();
let client: Client;
beforeAll(async () => {
  client = await serverDatabase(serverUrl());
});
afterEach(async () => {
  expect(brokenInvariants(await auditLedger(client))).toEqual([]);
});

const managerOf = ({ key, hash }: Opened) => ({ key, secret: { hash, retiresAt: null }, account: { status: 'active' } as const });

/** A ledger with its own client, like that of each request to the Worker. */
const ownLedger = () => ledgerOver({ client: createDatabase({ url: serverUrl() }), clock });
const ring = () => createKeyManager({ client, clock, ids: randomIds });
const accounts = () => createAccounts({ client, clock, ids: randomIds, signupGrant: microCredits(1_000_000) });
const budgetOf = (limit: number, period: 'day' | 'month' | null = null) => ({ limit: microCredits(limit), period });

type Opened = { readonly key: KeyDetails; readonly hash: string };

async function signUp(): Promise<Opened> {
  const made = await accounts().signUp({ accountName: 'team', keyName: 'first' });
  if (!made.ok) throw new Error(made.error.kind);
  const hash = hashApiKey(made.value.apiKey);
  const found = await accounts().identify(hash);
  if (!found.ok) throw new Error(found.error.kind);
  return { key: found.value.key, hash };
}

async function mint(parent: Opened, limits: Partial<KeyDraft>): Promise<Opened> {
  const draft = { name: 'helper', mode: 'live', scopes: null, ceiling: null, budget: null, expiresAt: null, ...limits } as const;
  const made = await ring().create(managerOf(parent), draft);
  if (!made.ok) throw new Error(made.error.kind);
  return { key: made.value.key, hash: hashApiKey(made.value.apiKey) };
}

const spendOf = (opened: Opened, price = PRICE): Spend => {
  const id = randomIds('req');
  return { id, keyHash: opened.hash, fingerprint: sha256(id), lines: [{ item: 'media', amount: microCredits(price) }] };
};

async function usedBy(opened: Opened): Promise<number | undefined> {
  const found = await accounts().identify(opened.hash);
  return found.ok ? found.value.key.limits.budget?.used : undefined;
}

test('exactly seven of a hundred parallel reserves on a budget for seven succeed', async () => {
  const helper = await mint(await signUp(), { budget: budgetOf(7 * PRICE + 1) });
  const answers = await Promise.all(Array.from({ length: 100 }, () => ownLedger().reserve(spendOf(helper), TTL_MS)));
  expect(answers.filter((answer) => answer.ok)).toHaveLength(7);
  const refusals = answers.flatMap((answer) => (answer.ok ? [] : [answer.error]));
  expect(new Set(refusals.map((refusal) => refusal.kind))).toEqual(new Set(['key_budget_exceeded']));
  expect(refusals[0]).toMatchObject({ budget: 7 * PRICE + 1, spent: 7 * PRICE, required: PRICE, resetsAt: null });
});

test('a hundred parallel charges of two child keys spend exactly the budget of their parent', async () => {
  const parent = await mint(await signUp(), { budget: budgetOf(9 * PRICE, 'day') });
  const children = [await mint(parent, {}), await mint(parent, { budget: budgetOf(3 * PRICE, 'day') })];
  const answers = await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      const child = children[index % 2];
      return child === undefined ? null : ownLedger().charge(spendOf(child), {});
    }),
  );
  expect(answers.filter((answer) => answer?.ok === true)).toHaveLength(9);
  expect(await usedBy(parent)).toBe(9 * PRICE);
});

test('a release, an expiry and the unused part of a settlement return to the budget', async () => {
  const helper = await mint(await signUp(), { budget: budgetOf(2 * PRICE, 'month') });
  const ledger = ownLedger();
  const [released, partial, expired] = [spendOf(helper), spendOf(helper, 2 * PRICE), spendOf(helper, PRICE)];
  await ledger.reserve(released, TTL_MS);
  expect(await usedBy(helper)).toBe(PRICE);
  await ledger.release(released.id, 'test');
  expect(await usedBy(helper)).toBe(0);
  await ledger.reserve(partial, TTL_MS);
  await ledger.settle(partial.id, [{ item: 'media', settled: microCredits(300) }], {});
  expect(await usedBy(helper)).toBe(300);
  await ledger.reserve(expired, TTL_MS);
  clock.advance(TTL_MS);
  // The next reserve expires the overdue hold first, and succeeds.
  expect(await ledger.reserve(spendOf(helper, 1_700), TTL_MS)).toMatchObject({ ok: true });
  expect(await usedBy(helper)).toBe(2 * PRICE);
});

test('a budget resets with the UTC day, and a hold of yesterday settles into the budget of yesterday', async () => {
  const root = await signUp();
  const [daily, monthly] = [await mint(root, { budget: budgetOf(PRICE, 'day') }), await mint(root, { budget: budgetOf(PRICE, 'month') })];
  const ledger = ownLedger();
  clock.advance(DAY_MS - (clock() % DAY_MS) - 1);
  const late = spendOf(daily);
  expect(await ledger.reserve(late, TTL_MS)).toMatchObject({ ok: true });
  expect(await ledger.charge(spendOf(monthly), {})).toMatchObject({ ok: true });
  expect(await ledger.reserve(spendOf(daily), TTL_MS)).toMatchObject({
    ok: false,
    error: { kind: 'key_budget_exceeded', resetsAt: clock() + 1 },
  });
  clock.advance(1);
  expect(await usedBy(daily)).toBe(0);
  expect(await ledger.reserve(spendOf(daily, 400), TTL_MS)).toMatchObject({ ok: true });
  await ledger.settle(late.id, [], {});
  expect(await usedBy(daily)).toBe(400);
  expect(await ledger.reserve(spendOf(monthly), TTL_MS)).toMatchObject({ ok: false, error: { kind: 'key_budget_exceeded' } });
  clock.advance(31 * DAY_MS);
  expect(await ledger.reserve(spendOf(monthly), TTL_MS)).toMatchObject({ ok: true });
});

test('the lowest ceiling in a key’s lineage limits both reserve and charge', async () => {
  const parent = await mint(await signUp(), { ceiling: microCredits(500) });
  const child = await mint(parent, {});
  const refusal = { ok: false, error: { kind: 'above_key_ceiling', ceiling: 500, required: 501 } };
  expect(await ownLedger().reserve(spendOf(child, 501), TTL_MS)).toMatchObject(refusal);
  expect(await ownLedger().charge(spendOf(child, 501), {})).toMatchObject(refusal);
  expect(await ownLedger().charge(spendOf(child, 500), {})).toMatchObject({ ok: true });
});

test('the whole lineage must have the scope', async () => {
  const parent = await mint(await signUp(), { scopes: ['read:post', 'keys'] });
  const child = await mint(parent, {});
  expect(child.key.limits.scopes).toEqual(['read:post']);
  expect(await ownLedger().charge({ ...spendOf(child), scope: 'read:post' }, {})).toMatchObject({ ok: true });
  expect(await ownLedger().charge({ ...spendOf(child), scope: 'read:reel' }, {})).toEqual({
    ok: false,
    error: { kind: 'scope_missing', scope: 'read:reel' },
  });
});

test('revoking a parent disables its descendants from the next call on, and open holds still settle', async () => {
  const root = await signUp();
  const parent = await mint(root, {});
  const grandchild = await mint(await mint(parent, {}), {});
  const open = spendOf(grandchild);
  await ownLedger().reserve(open, TTL_MS);
  await ring().revoke(managerOf(root), parent.key.id);
  for (const opened of [parent, grandchild]) {
    expect(await ownLedger().reserve(spendOf(opened), TTL_MS)).toEqual({ ok: false, error: { kind: 'key_revoked' } });
    expect(await accounts().identify(opened.hash)).toEqual({ ok: false, error: { kind: 'key_revoked' } });
  }
  expect(await ownLedger().settle(open.id, [{ item: 'media', settled: microCredits(PRICE) }], {})).toMatchObject({ ok: true });
  expect(await ownLedger().reserve(spendOf(root), TTL_MS)).toMatchObject({ ok: true });
});

test('the expiry of a parent disables its descendants, to the millisecond', async () => {
  const parent = await mint(await signUp(), { expiresAt: clock() + 5_000 });
  const child = await mint(parent, {});
  clock.advance(4_999);
  expect(await ownLedger().charge(spendOf(child), {})).toMatchObject({ ok: true });
  clock.advance(1);
  expect(await ownLedger().charge(spendOf(child), {})).toEqual({ ok: false, error: { kind: 'key_expired' } });
});

test('a rotated key keeps its id, budget and children; the old secret stops working after the grace period', async () => {
  const root = await signUp();
  const helper = await mint(root, { budget: budgetOf(3 * PRICE) });
  const child = await mint(helper, {});
  await ownLedger().charge(spendOf(helper), {});
  const rotated = await ring().rotate(managerOf(root), helper.key.id, 10_000);
  if (!rotated.ok) throw new Error(rotated.error.kind);
  const renewed = { key: rotated.value.key, hash: hashApiKey(rotated.value.apiKey) };
  expect(renewed.key).toMatchObject({ id: helper.key.id, last4: rotated.value.apiKey.slice(-4) });
  clock.advance(9_999);
  expect(await ownLedger().charge(spendOf(helper), {})).toMatchObject({ ok: true });
  clock.advance(1);
  expect(await ownLedger().charge(spendOf(helper), {})).toEqual({ ok: false, error: { kind: 'key_expired' } });
  expect(await accounts().identify(helper.hash)).toEqual({ ok: false, error: { kind: 'key_expired' } });
  expect(await ownLedger().charge(spendOf(child), {})).toMatchObject({ ok: true });
  expect(await ownLedger().charge(spendOf(renewed), {})).toMatchObject({ ok: false, error: { kind: 'key_budget_exceeded' } });
});

test('a test key never spends, whatever the balance', async () => {
  const tester = await mint(await signUp(), { mode: 'test' });
  expect(await ownLedger().charge(spendOf(tester), {})).toEqual({ ok: false, error: { kind: 'unknown_key' } });
  expect(
    await ring().create(managerOf(tester), { name: 'x', mode: 'live', scopes: null, ceiling: null, budget: null, expiresAt: null }),
  ).toEqual({
    ok: false,
    error: { kind: 'wider', limit: 'mode' },
  });
});
