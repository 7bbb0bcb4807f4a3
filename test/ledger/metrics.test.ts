import { type Client, createClient, LibsqlError } from '@libsql/client';
import * as fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import { auditStep, beginPass } from '../../src/billing/audit/incremental-audit.ts';
import { INVARIANTS_WITHOUT_ACCOUNT, RANGE_INVARIANTS, RECEIPT_INVARIANT } from '../../src/billing/audit/invariants.ts';
import { createJobStore, runJobs } from '../../src/ops/jobs/jobs.ts';
import { jobRecord } from '../../src/ops/operator-view.ts';
import { auditOn, readAudit } from '../../src/ops/jobs/ledger-audit.ts';
import { createMetricsStore } from '../../src/ops/metrics/metrics-store.ts';
import { type Sum, total } from '../../src/ops/metrics/series.ts';
import { err, ok } from '../../src/core/result.ts';
import { addCustomer, manualClock, memoryDatabase, START_TIME, textOf } from '../support/database.ts';
import { Model } from './model.ts';
import { anyOperation } from './operations.ts';
import { buildScenario } from './scenario.ts';

const hour = 3_600_000;
const day = 24 * hour;
const RUNS = 25;
const never = () => false;

/** Computes the same sums from the rows of the ledger. */
const TRUTH = `
  SELECT 'entries' AS name, json_object('kind', kind) AS labels, count(*) AS value FROM entry GROUP BY kind
  UNION ALL SELECT 'entry_micros', json_object('kind', kind), sum(delta_micros) FROM entry GROUP BY kind
  UNION ALL SELECT 'holds', '{"state":"opened"}', count(*) + (SELECT coalesce(sum(moved_holds), 0) FROM archive) FROM hold HAVING count(*) > 0
  UNION ALL SELECT 'holds', json_object('state', state), count(*) + (SELECT coalesce(sum(moved_holds), 0) FROM archive WHERE kind = state)
             FROM hold WHERE state <> 'open' GROUP BY state
  UNION ALL SELECT 'reserved_micros', '{}', sum(amount_micros) + (SELECT coalesce(sum(moved_reserved_micros), 0) FROM archive) FROM hold
  UNION ALL SELECT 'settled_micros', '{}', sum(settled_micros) + (SELECT coalesce(sum(moved_settled_micros), 0) FROM archive) FROM hold WHERE state <> 'open'
  UNION ALL SELECT 'refunded_micros', '{}', sum(amount_micros - coalesce(settled_micros, 0)) FROM hold WHERE state <> 'open'
  UNION ALL SELECT 'reversed_micros', '{}', sum(delta_micros) FROM entry WHERE kind = 'adjust' AND ref LIKE 'undelivered:%'
  UNION ALL SELECT 'settled_cost_micros', '{}', sum(j.value ->> 'estimatedCostMicros') FROM receipt r, json_each(r.body, '$.upstream') j
             WHERE j.type = 'object'
  UNION ALL SELECT 'accounts', json_object('status', status), count(*) FROM account GROUP BY status
  UNION ALL SELECT 'accounts_created', '{}', count(*) FROM account
  UNION ALL SELECT 'keys', json_object('state', CASE WHEN revoked_at IS NULL THEN 'live' ELSE 'revoked' END), count(*) FROM api_key GROUP BY 2
  UNION ALL SELECT 'keys_created', '{}', count(*) FROM api_key`;

function asText(sums: readonly { readonly name: unknown; readonly labels: unknown; readonly value: unknown }[]): string[] {
  // A sum of zero and a missing one are equal.
  return sums
    .filter(({ value }) => value !== 0 && value !== null)
    .map(({ name, labels, value }) => [name, labels, value].join(' '))
    .sort();
}

async function truth(client: Client): Promise<string[]> {
  const { rows } = await client.execute(TRUTH);
  return asText(rows.map((row) => ({ name: row['name'], labels: row['labels'], value: row['value'] })));
}

function kept(sums: readonly Sum[]): string[] {
  return asText(sums.map((sum) => ({ ...sum, labels: JSON.stringify(sum.labels) })));
}

async function read(client: Client, now: number, window: '1h' | '24h' | '30d' = '30d') {
  const numbers = await createMetricsStore({ client, clock: () => now }).read(window);
  if (!numbers.ok) throw new Error(numbers.error.kind);
  return numbers.value;
}

describe('the sums of money', () => {
  test('equal those of entries, holds and receipts after any operations, before and after folding', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyOperation, { minLength: 1, maxLength: 80, size: 'max' }), async (operations) => {
        const client = await memoryDatabase();
        try {
          const model = new Model(client, new Set());
          await model.step({ do: 'sign up' });
          for (const operation of operations) await model.step(operation);
          const expected = await truth(client);
          expect(kept((await read(client, START_TIME)).allTime)).toEqual(expected);
          const gauges = ['accounts ', 'keys '];
          const flowing = expected.filter((line) => !gauges.some((gauge) => line.startsWith(gauge)));
          for (const later of [START_TIME + 3 * hour, START_TIME + 4 * day]) {
            const store = createMetricsStore({ client, clock: () => later });
            expect(await store.fold(10, never)).toMatchObject({ ok: true, value: { isDone: true } });
            const numbers = await read(client, later);
            expect(kept(numbers.allTime)).toEqual(expected);
            expect(kept(numbers.window)).toEqual(flowing);
          }
        } finally {
          client.close();
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('include the providers of a receipt and ignore malformed parts of it', async () => {
    const client = await memoryDatabase();
    await buildScenario(client);
    // Seven settled requests of the scenario, 600 each, each with a malformed part.
    expect(total((await read(client, START_TIME)).allTime, 'settled_cost_micros')).toBe(4_200);
    expect(kept((await read(client, START_TIME)).allTime)).toEqual(await truth(client));
    client.close();
  });

  test('are computed from existing rows when an older database is migrated', async () => {
    const folder = join(import.meta.dirname, '..', '..', 'migrations');
    // safe because drizzle has read the same file
    const journal = JSON.parse(readFileSync(join(folder, 'meta', '_journal.json'), 'utf8')) as { entries: { tag: string }[] };
    const statements = (tag: string) => readFileSync(join(folder, `${tag}.sql`), 'utf8').split('--> statement-breakpoint');
    const at = journal.entries.findIndex(({ tag }) => tag === '0004_metrics');
    const client = createClient({ url: ':memory:', intMode: 'number' });
    await client.batch(
      // The present ledger calls the writer's procedures, which don't update the sums.
      [...journal.entries.slice(0, at).map(({ tag }) => tag), '0006_writer'].flatMap(statements),
      'write',
    );
    // The scenario ends with an operator action, whose table doesn't exist yet.
    await expect(buildScenario(client)).rejects.toThrow('owner_action');
    await client.batch(
      ['0004_metrics', '0005_usage', '0007_fewer_pages', '0008_counted_usage', '0014_archive'].flatMap(statements),
      'write',
    );
    expect(kept((await read(client, START_TIME)).allTime)).toEqual(await truth(client));
    expect(brokenInvariants(await auditLedger(client))).toEqual([]);
    client.close();
  });

  test('are folded page by page, and a run that stops early loses nothing', async () => {
    const client = await memoryDatabase();
    const clock = manualClock();
    const store = createMetricsStore({ client, clock });
    for (let minute = 0; minute < 50; minute += 1) {
      await store.add(Array.from({ length: 100 }, (_, index) => ({ name: 'parses', labels: { outcome: `o${index}` }, value: 1 })));
      clock.advance(60_000);
    }
    clock.advance(4 * hour);
    expect(await store.fold(1, never)).toEqual({ ok: true, value: { moved: 2_000, isDone: false } });
    expect(total((await read(client, clock())).window, 'parses')).toBe(5_000);
    expect(total((await read(client, clock())).allTime, 'parses')).toBe(5_000);
    expect(await store.fold(10, never)).toEqual({ ok: true, value: { moved: 3_000, isDone: true } });
    expect(total((await read(client, clock())).allTime, 'parses')).toBe(5_000);
    const rows = await client.execute("SELECT count(*) AS rows FROM metric WHERE grain = 'hour'");
    expect(rows.rows[0]?.['rows']).toBe(100);
    // Late rows for a minute that was already folded are folded afterwards.
    await createMetricsStore({ client, clock: () => START_TIME }).add([{ name: 'parses', labels: { outcome: 'o1' }, value: 7 }]);
    await store.fold(10, never);
    expect(total((await read(client, clock())).allTime, 'parses')).toBe(5_007);
    client.close();
  });
});

describe('the audit by ranges of accounts', () => {
  async function walk(client: Client): Promise<{ readonly broken: Readonly<Record<string, number>>; readonly steps: number }> {
    let pass = beginPass(START_TIME);
    for (let steps = 1; ; steps += 1) {
      const done = await auditStep(client, pass);
      if (!done.ok) throw new Error(done.error.kind);
      pass = done.value.pass;
      if (done.value.isComplete) return { broken: pass.broken, steps };
    }
  }

  test('checks every invariant of the full audit', async () => {
    const client = await memoryDatabase();
    expect([...Object.keys(RANGE_INVARIANTS), RECEIPT_INVARIANT.name, ...INVARIANTS_WITHOUT_ACCOUNT].sort()).toEqual(
      Object.keys(await auditLedger(client)).sort(),
    );
    client.close();
  });

  test('takes one step for each range, and finds nothing in a correct ledger', async () => {
    const client = await memoryDatabase();
    for (let index = 0; index < 1_200; index += 1) await addCustomer(client, { name: String(index).padStart(5, '0'), balance: 10 });
    const { broken, steps } = await walk(client);
    expect(steps).toBe(3);
    expect(Object.values(broken).every((count) => count === 0)).toBe(true);
    client.close();
  });

  test('passes over an account at whose rows the database refuses the audit, counts it as broken, and finds what is broken elsewhere', async () => {
    const client = await memoryDatabase();
    for (let index = 0; index < 700; index += 1) await addCustomer(client, { name: String(index).padStart(5, '0'), balance: 10 });
    const triggers = await client.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'");
    for (const row of triggers.rows) await client.execute(`DROP TRIGGER ${textOf(row['name'])}`);
    await client.execute('PRAGMA ignore_check_constraints = ON');
    const ids = (await client.execute('SELECT id FROM account ORDER BY id')).rows.map((row) => textOf(row['id']));
    await client.execute({
      sql: "UPDATE api_key SET lineage = '[', parent_id = id WHERE account_id IN (?, ?)",
      args: [ids[0] ?? '', ids[333] ?? ''],
    });
    await client.execute({ sql: 'UPDATE account SET seq = seq + 1 WHERE id IN (?, ?)', args: [ids[1] ?? '', ids[699] ?? ''] });
    const { broken, steps } = await walk(client);
    expect(broken).toMatchObject({ accounts_can_be_checked: 2, seq_is_the_number_of_entries: 2 });
    expect(steps).toBeLessThan(40);
    client.close();
  });

  test('keeps what a run has checked when a later step of that run finds no database', async () => {
    const client = await memoryDatabase();
    for (let index = 0; index < 1_200; index += 1) await addCustomer(client, { name: String(index).padStart(5, '0'), balance: 10 });
    const clock = manualClock();
    const store = createJobStore({ client, clock });
    let batches = 0;
    const failing = {
      execute: (statement: Parameters<Client['execute']>[0]) => client.execute(statement),
      // Each step is one batch; the third finds nobody.
      batch: (...args: Parameters<Client['batch']>) =>
        ++batches < 3 ? client.batch(...args) : Promise.reject(new LibsqlError('', 'SERVER_ERROR')),
    };
    expect(await auditOn({ client: failing, clock, store }, 10, never)).toEqual(err({ kind: 'unreachable' }));
    expect(await readAudit(store)).toMatchObject({ value: { running: { accounts: 1_000 } } });
    expect(await auditOn({ client, clock, store }, 10, never)).toMatchObject({ value: { running: null, last: { accounts: 1_200 } } });
    client.close();
  });

  test('checks all receipts, even if there are many more than accounts', async () => {
    const client = await memoryDatabase();
    for (const name of ['receipt_insert_guard', 'receipt_insert_effect']) await client.execute(`DROP TRIGGER ${name}`);
    await client.execute(`WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 12000)
      INSERT INTO receipt (id, account_id, lines, body, created_at) SELECT printf('req_%05d', n), 'acct_none', '[]', '{}', 1 FROM n`);
    const { broken, steps } = await walk(client);
    expect({ broken: broken[RECEIPT_INVARIANT.name], steps }).toEqual({ broken: 12_000, steps: 3 });
    client.close();
  });

  const BREAKAGES = [
    ['posted_is_the_sum_of_entries', "UPDATE account SET posted_micros = posted_micros + 7 WHERE id = 'acct_rich'"],
    ['seq_is_the_number_of_entries', "UPDATE account SET seq = seq + 1 WHERE id = 'acct_rich'"],
    ['entries_form_a_chain', "UPDATE entry SET balance_after_micros = balance_after_micros + 1 WHERE account_id = 'acct_rich' AND seq = 1"],
    [
      'entries_have_an_account',
      "INSERT INTO entry (account_id, seq, kind, ref, delta_micros, balance_after_micros, created_at) VALUES ('acct_zz', 1, 'grant', 'zz', 1, 1, 1)",
    ],
    ['held_is_the_sum_of_open_holds', "UPDATE account SET held_micros = held_micros + 1 WHERE id = 'acct_rich'"],
    ['debt_is_the_shortfall', "UPDATE account SET debt_micros = debt_micros + 1 WHERE id = 'acct_poor'"],
    ['holds_belong_to_their_key', "UPDATE hold SET key_id = 'key_poor' WHERE id = 'req_open'"],
    ['settlements_are_booked_once', "DELETE FROM entry WHERE kind = 'usage' AND ref = 'req_charged'"],
    ['usage_has_its_hold', "DELETE FROM hold WHERE id = 'req_charged'"],
    ['lines_add_up', "UPDATE line SET reserved_micros = reserved_micros + 1 WHERE hold_id = 'req_open' AND item = 'media'"],
    ['lines_are_those_asked_for', "UPDATE line SET item = 'other' WHERE hold_id = 'req_open' AND item = 'media'"],
    ['settled_holds_have_a_receipt', "DELETE FROM receipt WHERE id = 'req_charged'"],
    ['receipts_have_a_hold', "DELETE FROM hold WHERE id = 'req_part'"],
    ['payments_are_booked', "UPDATE payment SET target_micros = 5 WHERE id = 'pay_open'"],
    ['payment_entries_have_a_payment', "DELETE FROM payment WHERE id = 'pay_poor'"],
    ['usage_is_what_the_holds_took', 'UPDATE key_usage SET total_micros = total_micros + 1'],
    ['usage_counts_in_a_period', "UPDATE key_usage SET past_day_micros = past_day_micros + 1 WHERE key_id = 'key_rich'"],
    ['late_holds_have_a_hold', "UPDATE late_hold SET day = day - 30 WHERE hold_id = 'req_late'"],
    ['reversals_are_booked', "DELETE FROM reversal WHERE hold_id = 'req_undelivered'"],
    ['lineage_follows_the_parents', "UPDATE api_key SET lineage = '[]' WHERE id = 'key_poor'"],
    ['keys_have_their_usage', "DELETE FROM key_usage WHERE key_id = 'key_poor'"],
  ] as const;

  test.each([
    ['archives_hold_what_was_moved', "UPDATE archive SET moved_holds = 0 WHERE file = 'file_gone'"],
    ['archived_settlements_stay_booked', "UPDATE archive SET moved_settled_micros = moved_settled_micros + 1 WHERE file = 'file_gone'"],
    ['secrets_have_a_key', "UPDATE key_secret SET key_id = 'key_nobody' WHERE key_id = 'key_poor'"],
  ])('leaves a violation of %s to the full audit', async (law, sabotage) => {
    const client = await memoryDatabase();
    await buildScenario(client);
    const triggers = await client.execute(
      "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('archive', 'key_secret')",
    );
    for (const row of triggers.rows) await client.execute(`DROP TRIGGER ${textOf(row['name'])}`);
    expect(brokenInvariants(await auditLedger(client))).toEqual([]);
    await client.execute(sabotage);
    expect(brokenInvariants(await auditLedger(client))).toContain(law);
  });

  test.each(BREAKAGES)('finds a violation of %s, like the full audit', async (invariant, sabotage) => {
    const client = await memoryDatabase();
    await buildScenario(client);
    const triggers = await client.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'");
    for (const row of triggers.rows) await client.execute(`DROP TRIGGER ${textOf(row['name'])}`);
    await client.execute('PRAGMA ignore_check_constraints = ON');
    await client.execute(sabotage);
    const full = await auditLedger(client);
    const { broken } = await walk(client);
    expect(broken[invariant]).toBeGreaterThan(0);
    // Lines without a hold and secrets without a key belong to no account.
    const unowned = { lines_are_those_asked_for: 0, ...Object.fromEntries(INVARIANTS_WITHOUT_ACCOUNT.map((name) => [name, 0])) };
    expect({ ...broken, ...unowned }).toEqual({ ...full, ...unowned });
    client.close();
  });
});

test('a job that fails, throws or gives up is recorded as failed, and the other jobs still run', async () => {
  const client = await memoryDatabase();
  const clock = manualClock();
  const store = createJobStore({ client, clock });
  const reported: string[] = [];
  const done = { done: 3, putOff: 0 };
  const jobs = {
    expire_holds: async () => err({ kind: 'unreachable' as const }),
    reconcile_payments: async () => ok({ done: 1, putOff: 2, isDown: true }),
    forget_replays: async () => ok(done),
    end_expired_keys: async () => ok(done),
    apply_retention: async () => ok(done),
    fold_metrics: async () => {
      throw new Error('a bug');
    },
    audit_ledger: async () => ok({ done: 0, putOff: 1 }),
  };
  await runJobs(jobs, jobRecord({ client, clock }), clock, (run) => reported.push(`${run.job} ${run.ok} ${run.done} ${run.putOff}`));
  expect(reported.sort()).toEqual([
    'apply_retention true 3 0',
    'audit_ledger true 0 1',
    'end_expired_keys true 3 0',
    'expire_holds false 0 0',
    'fold_metrics false 0 0',
    'forget_replays true 3 0',
    'reconcile_payments false 1 2',
  ]);
  const recorded = await store.read();
  expect(recorded.ok && recorded.value.map((job) => [job.name, job.lastSuccessAt, job.lastFailureAt])).toEqual([
    ['expire_holds', null, START_TIME],
    ['reconcile_payments', null, START_TIME],
    ['forget_replays', START_TIME, null],
    ['end_expired_keys', START_TIME, null],
    ['fold_metrics', null, START_TIME],
    ['apply_retention', START_TIME, null],
    ['audit_ledger', START_TIME, null],
  ]);
  const { window } = await read(client, START_TIME);
  const rows = (job: string) => ['done', 'put_off'].map((outcome) => total(window, 'job_rows', { job, outcome }));
  expect(Object.keys(jobs).map(rows)).toEqual([
    [0, 0],
    [1, 2],
    [3, 0],
    [3, 0],
    [3, 0],
    [0, 0],
    [0, 1],
  ]);
  client.close();
});
