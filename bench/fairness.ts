// `npm run bench:fairness`: how long a read of one account waits for the ledger while another floods it. Prints a table. The writer and its
// callers run in this process, without the Worker, whose processor time would hide the queue; the database is a real one.
import '../local/require-node.mjs';
import { join } from 'node:path';
import { migrateDatabase } from '../local/migrate.ts';
import { freePort, startSqld } from '../local/sqld.ts';
import { createAccounts } from '../src/billing/accounts/libsql-accounts.ts';
import { auditLedger, brokenInvariants } from '../src/billing/audit/full-audit.ts';
import { hashApiKey } from '../src/billing/keys/api-key.ts';
import { createKeyManager } from '../src/billing/keys/libsql-key-manager.ts';
import { createLedger } from '../src/billing/ledger/libsql-ledger.ts';
import type { LedgerWriter } from '../src/billing/ledger/writer.ts';
import { createUsageBook } from '../src/billing/usage/libsql-usage.ts';
import { createLedgerWriter } from '../src/billing/writer/ledger-writer.ts';
import { createQueuedDatabase } from '../src/billing/writer/queued-database.ts';
import { randomIds } from '../src/core/ids.ts';
import { microCredits } from '../src/core/money.ts';
import { createDatabase } from '../src/db/client.ts';
import { makeWorkFolder } from './build.ts';
import { percentile } from './statistics.ts';

const ROUNDS = 4;
const ARM_MS = 8_000;
/** For connections, and for queues that fill up. */
const WARM_MS = 1_000;
const FLOOD_CALLS = 256;
/** The rate limit of an account with all its keys on the routes that read usage. */
const AGGREGATES_EVERY_MS = 60_000 / 480;
/** Accounts beside the flooding one, each with one read a second. */
const OTHERS = 8;
const READ_EVERY_MS = 1_000;
const FINGERPRINT = '0'.repeat(64);
const PRICE = microCredits(1_000);

type Arm = {
  readonly name: string;
  readonly works: readonly ('read' | 'mint' | 'patch' | 'aggregate' | 'admittedAggregate')[];
  readonly hasTurns: boolean;
};

const WRITES = ['read', 'mint', 'patch'] as const;

/** `hasTurns` is false for the order of arrival, as it was before accounts took turns. */
const ARMS: readonly Arm[] = [
  { name: 'no flood', works: [], hasTurns: true },
  { name: 'reads, mints and PATCHes, in the order of arrival', works: WRITES, hasTurns: false },
  { name: 'reads, mints and PATCHes, in turns', works: WRITES, hasTurns: true },
  { name: 'these and usage aggregates, in the order of arrival', works: [...WRITES, 'aggregate'], hasTurns: false },
  { name: 'these and usage aggregates, in turns', works: [...WRITES, 'aggregate'], hasTurns: true },
  { name: 'these and usage aggregates as the Worker admits them, in turns', works: [...WRITES, 'admittedAggregate'], hasTurns: true },
];

type Seen = { readonly waits: number[]; refused: number; flood: number; floodRefused: number };

const clock = () => Date.now();
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What requests of one account need, over the shard's one writer. */
async function openAccount(url: string, writer: LedgerWriter, hasTurns: boolean) {
  const through: LedgerWriter = hasTurns ? writer : inOneQueue(writer);
  let payer: string | undefined;
  const client = createQueuedDatabase(
    () => createDatabase({ url }),
    through,
    () => payer,
  );
  const accounts = createAccounts({ client, clock, ids: randomIds, signupGrant: microCredits(100_000_000_000) });
  const made = await accounts.signUp({ accountName: 'Bench', keyName: 'bench' });
  if (!made.ok) throw new Error('the database refused a signup');
  payer = made.value.account.id;
  const keyHash = hashApiKey(made.value.apiKey);
  const membership = await accounts.identify(keyHash);
  if (!membership.ok) throw new Error('the key is unknown');
  const ledger = createLedger({ client, clock, writer: through });
  const keys = createKeyManager({ client, clock, ids: randomIds });
  const usage = createUsageBook({ client, clock });
  const manager = membership.value;
  const aggregate = async () => (await usage.groups(keyHash, { from: null, to: null, endpoint: null, keyId: null }, 'day')).ok;
  let isAggregating = false;
  let nextAggregateAt = 0;
  return {
    read: async () => {
      const held = await ledger.reserve(
        { id: randomIds('req'), keyHash, fingerprint: FINGERPRINT, lines: [{ item: 'media', amount: PRICE }] },
        60_000,
      );
      if (!held.ok) return false;
      const settled = await ledger.settle(held.value.id, [{ item: 'media', settled: PRICE }], {}, ending(keyHash));
      return settled.ok;
    },
    mint: async () => {
      const minted = await keys.create(manager, {
        name: 'helper',
        mode: 'live',
        scopes: null,
        ceiling: null,
        budget: null,
        expiresAt: clock() + 60_000,
      });
      return minted.ok || minted.error.kind === 'too_many';
    },
    patch: async () => (await keys.update(manager, manager.key.id, { name: 'changed' })).ok,
    aggregate,
    /** As the Worker does it: within the account's rate limit, and refused while another of the account runs. */
    admittedAggregate: async () => {
      const now = performance.now();
      if (isAggregating || now < nextAggregateAt) return false;
      nextAggregateAt = now + AGGREGATES_EVERY_MS;
      isAggregating = true;
      return aggregate().finally(() => {
        isAggregating = false;
      });
    },
  };
}

const ending = (keyHash: string) => ({ keyHash, idempotencyKeyHash: null, answer: null, target: null });

function inOneQueue(writer: LedgerWriter): LedgerWriter {
  return {
    ...writer,
    submit: ({ payer: _payer, ...call }) => writer.submit(call),
    run: (statements) => writer.run(statements),
  };
}

async function measure(url: string, arm: Arm, seen: Seen): Promise<void> {
  const writer = createLedgerWriter({ connect: () => createDatabase({ url }), clock });
  const { hasTurns } = arm;
  const flooding = await openAccount(url, writer, hasTurns);
  const others = await Promise.all(Array.from({ length: OTHERS }, () => openAccount(url, writer, hasTurns)));
  const from = performance.now() + WARM_MS;
  const until = from + ARM_MS;
  const works = arm.works.map((name) => flooding[name]);
  const flood = async (index: number) => {
    const work = works[index % works.length] ?? flooding.read;
    while (performance.now() < until) {
      if (await safely(work)) seen.flood += 1;
      else {
        seen.floodRefused += 1;
        // A refused caller that repeats at once, as a hostile one would, but leaves this process time to measure.
        await pause(10);
      }
    }
  };
  const ask = async (read: () => Promise<boolean>, index: number) => {
    await pause((index * READ_EVERY_MS) / OTHERS);
    for (let next = performance.now(); next < until; next += READ_EVERY_MS) {
      await pause(Math.max(0, next - performance.now()));
      const sentAt = performance.now();
      const isDone = await safely(read);
      if (sentAt < from) continue;
      if (isDone) seen.waits.push(performance.now() - sentAt);
      else seen.refused += 1;
    }
  };
  const floods = works.length === 0 ? [] : Array.from({ length: FLOOD_CALLS }, (_none, index) => flood(index));
  await Promise.all([...floods, ...others.map(({ read }, index) => ask(read, index))]);
}

async function safely(work: () => Promise<boolean>): Promise<boolean> {
  try {
    return await work();
  } catch {
    return false;
  }
}

const folder = makeWorkFolder();
const sqld = await startSqld({ dataDir: join(folder.path, 'fairness'), port: await freePort() });
try {
  const database = createDatabase({ url: sqld.url });
  await migrateDatabase(database);
  const results = new Map(ARMS.map((arm): [Arm, Seen] => [arm, { waits: [], refused: 0, flood: 0, floodRefused: 0 }]));
  for (let round = 0; round < ROUNDS; round += 1) for (const [arm, seen] of results) await measure(sqld.url, arm, seen);
  console.log(
    '| Flood | reads | refused | p50 ms | p99 ms | calls of the flood a second | refused |\n| --- | --- | --- | --- | --- | --- | --- |',
  );
  for (const [arm, { waits, refused, flood, floodRefused }] of results) {
    const sorted = Float64Array.from(waits);
    const at = (share: number) => percentile(sorted, share)?.toFixed(1);
    const perSecond = (count: number) => Math.round((count * 1_000) / (ROUNDS * (ARM_MS + WARM_MS)));
    console.log(
      `| ${arm.name} | ${waits.length} | ${refused} | ${at(0.5)} | ${at(0.99)} | ${perSecond(flood)} | ${perSecond(floodRefused)} |`,
    );
  }
  console.log(`Broken invariants: ${brokenInvariants(await auditLedger(database)).length}`);
} finally {
  await sqld.stop();
  folder.remove();
}
