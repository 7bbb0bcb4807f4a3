import type { Client } from '@libsql/client';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ArchiveFiles, type FinishedRequest, planFiles, RETENTION_DAYS } from '../../src/billing/archive/archive.ts';
import { type ArchiveProgress, archiveTurn, NEVER_ARCHIVED, sweepOldRows } from '../../src/billing/archive/archive-turn.ts';
import { auditLedger, brokenInvariants } from '../../src/billing/audit/full-audit.ts';
import { auditStep, beginPass } from '../../src/billing/audit/incremental-audit.ts';
import { microCredits } from '../../src/core/money.ts';
import { addCustomer, type Customer, manualClock, memoryDatabase, sha256 } from '../support/database.ts';
import { ledgerOver } from '../support/ledger.ts';

const DAY_MS = 86_400_000;
const NOON = Date.UTC(2025, 3, 10, 12);
const PRICE = 3_000;
const BALANCE = 1_000_000;

/** Files in memory, by name. */
class Files implements ArchiveFiles {
  readonly texts = new Map<string, string>();
  failures = 0;

  async put(name: string, text: string): Promise<void> {
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('the store of files is down');
    }
    this.texts.set(name, text);
  }

  /** The parsed lines of every file: its header, then its requests. */
  read(): readonly { readonly name: string; readonly header: Header; readonly requests: readonly Archived[] }[] {
    return [...this.texts].map(([name, text]) => {
      const [first = '', ...rest] = text.trimEnd().split('\n');
      return { name, header: Header.parse(JSON.parse(first)), requests: rest.map((line) => Archived.parse(JSON.parse(line))) };
    });
  }
}

const Header = z.object({
  format: z.literal(1),
  shard: z.int(),
  kind: z.string(),
  day: z.string(),
  requests: z.int(),
  reservedMicros: z.int(),
  settledMicros: z.int(),
});
type Header = z.infer<typeof Header>;
const Archived = z.object({
  id: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  reservedMicros: z.int(),
  settledMicros: z.int().nullable(),
  lines: z.array(z.object({ item: z.string(), reservedMicros: z.int(), settledMicros: z.int(), reason: z.string().nullable() })),
  receipt: z.object({ endpoint: z.string() }).nullable(),
  reversedMicros: z.int().nullable(),
});
type Archived = z.infer<typeof Archived>;

let client: Client;
let customer: Customer;
let count = 0;
beforeEach(async () => {
  client = await memoryDatabase();
  customer = await addCustomer(client, { name: 'archived', balance: BALANCE });
  count = 0;
});

/** Ids sort by time, as ULIDs do. */
function idAt(time: number): `req_${string}` {
  count += 1;
  return `req_${String(time).padStart(14, '0')}${String(count).padStart(5, '0')}`;
}

async function pay(time: number, settled = PRICE): Promise<`req_${string}`> {
  const ledger = ledgerOver({ client, clock: () => time });
  const id = idAt(time);
  await ledger.reserve(
    { id, keyHash: customer.keyHash, fingerprint: sha256(id), lines: [{ item: 'media', amount: microCredits(PRICE) }] },
    60_000,
  );
  await ledger.settle(id, [{ item: 'media', settled: microCredits(settled) }], { endpoint: '/v1/post' });
  return id;
}

async function fail(time: number): Promise<string> {
  const ledger = ledgerOver({ client, clock: () => time });
  const id = idAt(time);
  await ledger.reserve(
    { id, keyHash: customer.keyHash, fingerprint: sha256(id), lines: [{ item: 'media', amount: microCredits(PRICE) }] },
    60_000,
  );
  await ledger.release(id, 'not_found');
  return id;
}

async function ids(table: 'hold' | 'receipt' | 'line'): Promise<unknown[]> {
  const { rows } = await client.execute(`SELECT ${table === 'line' ? 'hold_id' : 'id'} AS id FROM ${table} ORDER BY 1`);
  return rows.map((row) => row['id']);
}

async function expectSound(): Promise<void> {
  expect(brokenInvariants(await auditLedger(client))).toEqual([]);
  const step = await auditStep(client, beginPass(0));
  if (!step.ok) throw new Error(step.error.kind);
  expect(brokenInvariants(step.value.pass.broken)).toEqual([]);
}

/** Turns until a pass is over. */
async function archiveAll(files: ArchiveFiles, now: number): Promise<void> {
  let progress: ArchiveProgress = NEVER_ARCHIVED;
  do {
    const done = await archiveTurn({ client, clock: () => now, files, shard: 3 }, progress);
    if (!done.ok) throw new Error(done.error.kind);
    progress = done.value.progress;
  } while (progress.after !== null);
}

test('requests over age leave as files that add up, and everything else stays', async () => {
  const files = new Files();
  const old = [await pay(NOON), await pay(NOON + 1, 1_000), await fail(NOON + 2)];
  const nextDay = await pay(NOON + DAY_MS);
  const younger = NOON + (RETENTION_DAYS.settled - 20) * DAY_MS;
  const [kept, failed, recent] = [await pay(younger), await fail(younger - 20 * DAY_MS), await fail(younger + 2)];
  await archiveAll(files, NOON + RETENTION_DAYS.settled * DAY_MS + 3 * DAY_MS);
  expect(await ids('hold')).toEqual([kept, recent]);
  expect(await ids('receipt')).toEqual([kept]);
  expect(await ids('line')).toEqual([kept, recent]);
  const found = files.read();
  expect(found.map(({ header }) => [header.kind, header.day, header.requests, header.reservedMicros, header.settledMicros])).toEqual([
    ['settled', '2025-04-10', 2, 2 * PRICE, PRICE + 1_000],
    ['settled', '2025-04-11', 1, PRICE, PRICE],
    ['failed', '2025-04-10', 1, PRICE, 0],
    ['failed', '2026-04-05', 1, PRICE, 0],
  ]);
  expect(found.flatMap(({ requests }) => requests.map(({ id }) => id)).sort()).toEqual([...old, nextDay, failed].sort());
  expect(found[0]?.name).toBe(`requests/shard-3/settled/2025-04-10/${old[0] ?? ''}.ndjson.gz`);
  for (const { header, requests } of found) {
    expect(requests.reduce((sum, request) => sum + request.reservedMicros, 0)).toBe(header.reservedMicros);
    expect(requests.reduce((sum, request) => sum + (request.settledMicros ?? 0), 0)).toBe(header.settledMicros);
  }
  expect(found[0]?.requests[1]).toMatchObject({
    lines: [{ item: 'media', reservedMicros: PRICE, settledMicros: 1_000 }],
    receipt: { endpoint: '/v1/post' },
  });
  const { rows } = await client.execute('SELECT count(*) AS entries, sum(delta_micros) AS sum FROM entry');
  expect(rows[0]).toMatchObject({ entries: 5, sum: BALANCE - 3 * PRICE - 1_000 });
  await expectSound();
});

test('what a key has used stays the same, also in a day or month that was its last', async () => {
  const undelivered = await pay(NOON + 1);
  await pay(NOON + 2);
  await ledgerOver({ client, clock: () => NOON + 3 }).compensate(undelivered, null);
  const before = await client.execute('SELECT key_id, total_micros FROM key_usage');
  const files = new Files();
  await archiveAll(files, NOON + 500 * DAY_MS);
  expect((await client.execute('SELECT key_id, total_micros FROM key_usage')).rows).toEqual(before.rows);
  expect((await client.execute('SELECT total_micros, archived_micros, day_micros, past_day_micros FROM key_usage')).rows).toMatchObject([
    { total_micros: PRICE, archived_micros: PRICE, day_micros: 0, past_day_micros: PRICE },
  ]);
  expect(files.read().flatMap(({ requests }) => requests.map((request) => request.reversedMicros))).toEqual([PRICE, null]);
  await expectSound();
  // A later request counts on.
  await pay(NOON + 501 * DAY_MS);
  expect((await client.execute('SELECT total_micros, day_micros FROM key_usage')).rows).toMatchObject([
    { total_micros: 2 * PRICE, day_micros: PRICE },
  ]);
  await expectSound();
});

test('a run that is cut off anywhere loses and doubles nothing', async () => {
  const all: string[] = [];
  for (let n = 0; n < 450; n += 1) all.push(n % 3 === 0 ? await fail(NOON + n) : await pay(NOON + n, n));
  const files = new Files();
  const now = NOON + 500 * DAY_MS;
  let calls = 0;
  // Some calls of the database fail before they are carried out, some after.
  const flaky: Pick<Client, 'batch' | 'execute'> = {
    execute: client.execute.bind(client),
    batch: async (...args) => {
      calls += 1;
      if (calls % 7 === 3) throw new Error('lost on the way there');
      const sets = await client.batch(...args);
      if (calls % 11 === 5) throw new Error('lost on the way back');
      return sets;
    },
  };
  const policy = { tries: 1, deadlineMs: 5_000, wait: async () => undefined };
  files.failures = 1;
  let progress: ArchiveProgress = NEVER_ARCHIVED;
  for (let turn = 0; turn < 200 && (progress.after !== null || progress.finishedAt === 0); turn += 1) {
    const done: Awaited<ReturnType<typeof archiveTurn>> | null = await archiveTurn(
      { client: flaky, clock: () => now, files, shard: 0, policy },
      progress,
    ).catch(() => null);
    if (done?.ok === true) progress = done.value.progress;
    await expectSound();
  }
  expect(await ids('hold')).toEqual([]);
  expect(
    files
      .read()
      .flatMap(({ requests }) => requests.map(({ id }) => id))
      .sort(),
  ).toEqual(all.sort());
  expect((await client.execute('SELECT count(*) AS open FROM archive WHERE done_at IS NULL')).rows[0]).toMatchObject({ open: 0 });
}, 60_000);

test('a pass is bounded, remembers where it is, and begins again after a day', async () => {
  const files = new Files();
  const clock = manualClock();
  const deps = { client, clock, files, shard: 0 };
  await pay(clock() - 500 * DAY_MS);
  const first = await archiveTurn(deps, NEVER_ARCHIVED);
  expect(first).toEqual({ ok: true, value: { progress: { after: null, finishedAt: clock() }, moved: 1 } });
  await pay(clock() - 499 * DAY_MS);
  const again = { after: null, finishedAt: clock() };
  clock.advance(DAY_MS - 1);
  expect(await archiveTurn(deps, again)).toEqual({ ok: true, value: { progress: again, moved: 0 } });
  expect(files.texts.size).toBe(1);
  clock.advance(1);
  await archiveTurn(deps, again);
  expect(files.texts.size).toBe(2);
});

test('a request that came in late, below those that have left, gets a file of its own or stays', async () => {
  const files = new Files();
  const now = NOON + 500 * DAY_MS;
  const early = await pay(NOON);
  const last = await pay(NOON + 10);
  await archiveAll(files, now);
  count = 0;
  const between = await pay(NOON + 5);
  const below = await pay(NOON - 5);
  const above = await pay(NOON + 20);
  await archiveAll(files, now + 2 * DAY_MS);
  expect(await ids('hold')).toEqual([between]);
  expect(files.read().map(({ requests }) => requests.map(({ id }) => id))).toEqual([[early, last], [below], [above]]);
  await expectSound();
});

test('webhook events and checkout keys that are over are deleted, a page at a time', async () => {
  const now = NOON + 100 * DAY_MS;
  await client.batch(
    [
      ...[91, 90, 89].map((days) => ({
        sql: `INSERT INTO stripe_event (id, type, object_id, received_at) VALUES (?, 't', 'o', ?)`,
        args: [`evt_${days}`, now - days * DAY_MS],
      })),
      ...[3, 2, 1].map((days) => ({
        sql: `INSERT INTO checkout_key (account_id, idempotency_key, payment_id, created_at) VALUES ('acct_archived', ?, 'pay', ?)`,
        args: [`key_${days}`, now - days * DAY_MS],
      })),
    ],
    'write',
  );
  await sweepOldRows({ client, clock: () => now });
  expect((await client.execute('SELECT id FROM stripe_event')).rows).toMatchObject([{ id: 'evt_89' }]);
  expect((await client.execute('SELECT idempotency_key FROM checkout_key')).rows).toMatchObject([{ idempotency_key: 'key_1' }]);
});

describe('the plan of a page', () => {
  const request = (id: string, changes: Partial<FinishedRequest> = {}): FinishedRequest => ({
    id,
    state: 'settled',
    createdAt: NOON,
    resolvedAt: NOON,
    reserved: 10,
    settled: 4,
    fence: null,
    ...changes,
  });
  const now = NOON + RETENTION_DAYS.settled * DAY_MS;

  test('keeps a charged request for 400 days and a failed one for 30, to the millisecond', () => {
    const young = [request('a', { resolvedAt: NOON + 1 }), request('b', { state: 'expired', resolvedAt: now - 30 * DAY_MS + 1 })];
    expect(planFiles(young, now)).toEqual([]);
    expect(planFiles([request('a'), request('b', { state: 'released', resolvedAt: now - 30 * DAY_MS, settled: 0 })], now)).toEqual([
      { kind: 'settled', day: '2025-04-10', ids: ['a'], reserved: 10, settled: 4 },
      { kind: 'failed', day: '2025-04-10', ids: ['b'], reserved: 10, settled: 0 },
    ]);
  });

  test('keeps a request of an earlier day in the file it comes after, and ends a file where another begins', () => {
    const page = [request('a'), request('b', { createdAt: NOON - DAY_MS }), request('d', { fence: 'e' }), request('f')];
    expect(planFiles(page, now).map(({ ids: names }) => names)).toEqual([['a', 'b'], ['d'], ['f']]);
  });
});
