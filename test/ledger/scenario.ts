import type { Client } from '@libsql/client';
import type { Ledger, Spend } from '../../src/billing/ledger/ledger.ts';
import { ledgerOver } from '../support/ledger.ts';
import type { Result } from '../../src/core/result.ts';
import { microCredits } from '../../src/core/money.ts';
import { addCustomer, type Customer, manualClock, sha256 } from '../support/database.ts';

const TTL_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * Fills an empty database with at least one row in every possible state: accounts in credit, in debt, frozen and closed; keys revoked and
 * expiring; holds open, settled in full and in part, released and expired; payments unpaid, paid and clawed back. Throws when a step has
 * an unexpected outcome.
 */
export async function buildScenario(client: Client): Promise<void> {
  const clock = manualClock();
  const ledger = ledgerOver({ client, clock });
  const rich = await addCustomer(client, { name: 'rich', balance: 100_000 });
  const poor = await addCustomer(client, { name: 'poor', balance: 1_000, keyExpiresAt: clock() + 10 * TTL_MS });
  const revoked = await addCustomer(client, { name: 'revoked', balance: 50 });
  await addCustomer(client, { name: 'closed', balance: 50 });
  const spend = (customer: Customer, name: string, amounts: Readonly<Record<string, number>>) => ({
    id: `req_${name}` as const,
    keyHash: customer.keyHash,
    fingerprint: sha256(name),
    lines: Object.entries(amounts).map(([item, amount]) => ({ item, amount: microCredits(amount) })),
  });
  const receipt = { priceCardVersion: 'test', upstream: [{ provider: 'hikerapi', estimatedCostMicros: 600 }, 'odd', null] };

  must(await ledger.reserve(spend(rich, 'expired', { media: 700 }), 1));
  clock.advance(1);
  must(await ledger.reserve(spend(rich, 'open', { media: 3_000, comments: 4_000 }), TTL_MS));
  must(await ledger.reserve(spend(rich, 'part', { media: 3_000, transcript: 4_000 }), TTL_MS));
  must(await ledger.settle('req_part', [{ item: 'media', settled: microCredits(3_000), reason: 'r' }], receipt));
  must(await ledger.reserve(spend(rich, 'released', { media: 3_000 }), TTL_MS));
  must(await ledger.release('req_released', 'provider_timeout'));
  must(await ledger.charge(spend(rich, 'charged', { media: 1_000 }), receipt));
  must(await ledger.charge(spend(revoked, 'last', { media: 10 }), receipt));
  must(await ledger.reserve(spend(rich, 'free', { media: 5 }), TTL_MS));
  must(await ledger.settle('req_free', [{ item: 'media', settled: microCredits(0), reason: 'unavailable' }], receipt));

  const once = (name: string, customer: Customer, digest: string) => ({
    ...spend(customer, name, { media: 10 }),
    idempotencyKeyHash: sha256(digest),
  });
  must(await ledger.charge(once('once', rich, 'answered'), receipt, { status: 200, sealed: 'sealed' }));
  must(await ledger.reserve(once('claimed', rich, 'running'), TTL_MS));
  // A failed request, and one that was charged but not delivered.
  const target = 'a target';
  must(await ledger.reserve({ ...spend(rich, 'failed', { media: 20 }), target }, TTL_MS));
  must(await ledger.release('req_failed', 'provider_timeout', { keyHash: rich.keyHash, idempotencyKeyHash: null, answer: null, target }));
  must(await ledger.charge(spend(rich, 'undelivered', { media: 30 }), receipt));
  await ledger.compensate('req_undelivered', null);

  // A clawback of the credit behind an open hold: a debt together with a hold.
  await pay(client, 'pay_poor', poor.accountId, 2_000, [2_000, 500, 1_000]);
  must(await ledger.reserve(spend(poor, 'owed', { media: 1_500 }), TTL_MS));
  await pay(client, 'pay_poor', poor.accountId, 2_000, [0]);
  must(await ledger.credit({ accountId: poor.accountId, kind: 'adjust', ref: 'correction', delta: microCredits(-1_200) }));
  await pay(client, 'pay_open', rich.accountId, 5_000, []);
  await addKeys(client, rich, clock());
  must(await ledger.reserve({ ...spend(rich, 'child', { media: 90 }), keyHash: sha256('helper') }, TTL_MS));
  must(await ledger.charge({ ...spend(rich, 'grandchild', { media: 40 }), keyHash: sha256('grandchild') }, receipt));
  // A hold of a clock that is a day behind, which counts today.
  const behind = ledgerOver({ client, clock: () => clock() - DAY_MS });
  must(await behind.reserve(spend(rich, 'late', { media: 15 }), 2 * DAY_MS));
  await client.execute({ sql: 'UPDATE api_key SET revoked_at = ? WHERE id IN (?, ?)', args: [clock(), revoked.keyId, 'key_ended'] });
  await client.execute(`UPDATE account SET status = 'frozen' WHERE id = 'acct_revoked'`);
  await client.execute(`UPDATE account SET status = 'closed' WHERE id = 'acct_closed'`);
  await client.execute(`INSERT INTO owner_action (id, kind, ref, subject, reason, details, created_at)
                        VALUES ('act_1', 'freeze', 'act_1', 'acct_revoked', 'a test', '{}', 1)`);
  await addArchives(client, ledger, { ...spend(rich, 'gone', { media: 25 }) }, clock());
}

/** A finished file whose request has left, and an unfinished one whose request is still here. */
async function addArchives(client: Client, ledger: Ledger, gone: Spend, now: number): Promise<void> {
  must(await ledger.charge(gone, { priceCardVersion: 'test' }));
  const archive = (file: string, kind: string, id: string) => ({
    sql: `INSERT INTO archive (file, kind, day, first_id, last_id, holds, reserved_micros, settled_micros, created_at)
          SELECT ?, ?, '2026-06-01', h.id, h.id, 1, h.amount_micros, coalesce(h.settled_micros, 0), ? FROM hold h WHERE h.id = ?`,
    args: [file, kind, now + 40 * DAY_MS, id],
  });
  await client.batch(
    [
      archive('file_gone', 'settled', gone.id),
      { sql: 'INSERT INTO take (file, id) VALUES (?, ?)', args: ['file_gone', gone.id] },
      { sql: 'UPDATE archive SET done_at = ? WHERE file = ?', args: [now, 'file_gone'] },
      archive('file_open', 'failed', 'req_failed'),
    ],
    'write',
  );
}

/**
 * Creates a tree below the rich account's key: a child with a daily budget, a ceiling and a retired secret, two more levels below it, a
 * child of a revoked key, and a test key.
 */
async function addKeys(client: Client, rich: Customer, now: number): Promise<void> {
  const keys = [
    ['helper', rich.keyId, 'live', 100, 200, 'day'],
    ['grandchild', 'key_helper', 'live', null, null, null],
    ['deepest', 'key_grandchild', 'live', null, null, null],
    ['ended', rich.keyId, 'live', null, 900, 'month'],
    ['orphan', 'key_ended', 'live', null, 900, null],
    ['test', rich.keyId, 'test', null, null, null],
  ] as const;
  for (const [name, parent, mode, ceiling, budget, period] of keys) {
    await client.execute({
      sql: `INSERT INTO api_key (id, account_id, parent_id, mode, name, hash, last4, created_at, ceiling_micros, budget_micros, budget_period)
            VALUES (?, ?, ?, ?, ?, unhex(?), 'abcd', ?, ?, ?, ?)`,
      args: [`key_${name}`, rich.accountId, parent, mode, name, sha256(name), now, ceiling, budget, period],
    });
  }
  await client.execute({
    sql: `INSERT INTO key_secret (hash, key_id, last4, created_at) VALUES (unhex(?), 'key_helper', 'efgh', ?)`,
    args: [sha256('second helper'), now],
  });
  await client.execute({
    sql: `UPDATE key_secret SET retires_at = ? WHERE hash = unhex(?)`,
    args: [now + TTL_MS, sha256('second helper')],
  });
}

async function pay(client: Client, id: string, accountId: string, credits: number, targets: readonly number[]): Promise<void> {
  await client.execute({
    sql: `INSERT INTO payment (id, account_id, session_id, intent_id, currency, amount_minor, credits_micros, created_at, updated_at)
          SELECT ?, ?, ?, ?, 'usd', 100, ?, 1, 1 WHERE NOT EXISTS (SELECT 1 FROM payment p WHERE p.id = ?)`,
    args: [id, accountId, targets.length === 0 ? null : `cs_${id}`, targets.length === 0 ? null : `pi_${id}`, credits, id],
  });
  for (const target of targets) {
    await client.execute({ sql: 'UPDATE payment SET target_micros = ?, rev = rev + 1, updated_at = 2 WHERE id = ?', args: [target, id] });
  }
}

function must<T, E extends { readonly kind: string }>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(`a step of the scenario was refused: ${result.error.kind}`);
  return result.value;
}
