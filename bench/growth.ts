import { auditLedger, brokenInvariants } from '../src/billing/audit/full-audit.ts';
import type { Client } from '@libsql/client/web';
import { createDatabase, type Database } from '../src/db/client.ts';
import type { Sqld } from '../local/sqld.ts';
import { tableWalks } from '../test/support/query-plans.ts';
import { callCharge, callReserve, callSettle, readHolds, readSpends } from '../src/billing/ledger/statements.ts';
import { openHolds, type Payment, payTogether } from './ceiling.ts';
import { filledKeyHash, startFilled } from './fill.ts';
import type { BenchOptions, Size } from './options.ts';
import { seededNumbers, shuffled, type Spread, spreadOf } from './statistics.ts';

/** Payments per batch, equal to the middle number of callers in the benchmark. */
const BATCH = 64;

/** Batches per measurement, after a few that load the pages that every payment needs. */
const BATCHES = 20;
const WARM_BATCHES = 3;

/** The least number of comparisons of a size with the smallest, whatever the rounds of the calls: single batches vary. */
const FEWEST_ROUNDS = 5;

/** The most entries that are audited: the audit reads every row several times, and larger databases are filled by the same statements. */
const LARGEST_AUDITED = 100_000;

const OPEN_HOLDS = [0, 10, 100, 1_000] as const;

/** Longer than the benchmark. */
const OPEN_HOLD_TTL_MS = 3_600_000;

const PAYMENTS = ['charge', 'reserve and settle'] as const satisfies readonly Payment[];

/**
 * Which accounts pay: any account, so that nearly every payment needs pages that were not used before, or always the same 64, spread over
 * all, as when few customers read.
 */
export const PAYERS = {
  'any account': (accounts: number, random: () => number) => Math.floor(random() * accounts),
  'the same 64': (accounts: number, random: () => number) => Math.floor(random() * BATCH) * Math.floor(accounts / BATCH),
} as const;
export type Payers = keyof typeof PAYERS;

/** Milliseconds per payment, in batches of 64, one value per round. */
export type GrowthRow = { readonly size: Size; readonly payment: Payment; readonly payers: Payers; readonly ms: readonly number[] };
export type OpenHoldsRow = { readonly openHolds: number; readonly payment: Payment; readonly ms: Spread };

/** `walks` are statements that scan a whole table. */
export type GrowthResults = {
  readonly rows: readonly GrowthRow[];
  readonly openHolds: readonly OpenHoldsRow[];
  readonly audits: readonly { readonly size: Size; readonly brokenInvariants: readonly string[] }[];
  readonly plans: { readonly size: Size; readonly statements: number; readonly walks: readonly string[] };
};

type Filled = { readonly size: Size; readonly sqld: Sqld; readonly client: Client };

/** Fills a database of each size, then pays in all of them in turn. */
export async function measureGrowth(folder: string, options: BenchOptions, say: (line: string) => void): Promise<GrowthResults> {
  const filled: Filled[] = [];
  try {
    for (const size of options.sizes) {
      const startedAt = performance.now();
      const sqld = await startFilled(folder, size);
      filled.push({ size, sqld, client: createDatabase({ url: sqld.url }) });
      say(`filled ${size.entries} entries in ${Math.round((performance.now() - startedAt) / 1_000)} s`);
    }
    const rows = await payInTurn(filled, options);
    const [smallest, largest] = [filled[0], filled.at(-1)];
    if (smallest === undefined || largest === undefined) throw new Error('no size to measure');
    const openHolds = await payBesideOpenHolds(smallest.client, options.rounds);
    const plans = { size: largest.size, ...(await tableWalks(largest.client, OWN_STATEMENTS)) };
    return { rows, openHolds, plans, audits: await auditFilled(filled) };
  } finally {
    for (const { client, sqld } of filled) {
      client.close();
      await sqld.stop();
    }
  }
}

/** The ledger's own statements; those of triggers are read from the database. */
const OWN_STATEMENTS = [
  { name: 'callReserve', sql: callReserve('').sql },
  { name: 'callCharge', sql: callCharge('').sql },
  { name: 'callSettle', sql: callSettle('').sql },
  { name: 'readSpends', sql: readSpends('').sql },
  { name: 'readHolds', sql: readHolds('').sql },
];

async function payInTurn(filled: readonly Filled[], options: BenchOptions): Promise<readonly GrowthRow[]> {
  const random = seededNumbers(options.seed);
  // safe because these are the record's own keys
  const payers = Object.keys(PAYERS) as Payers[];
  const rows = payers.flatMap((who) =>
    filled.flatMap(({ size, client }) => PAYMENTS.map((payment) => ({ size, client, payment, payers: who, ms: [] as number[] }))),
  );
  for (let round = 0; round < Math.max(options.rounds, FEWEST_ROUNDS); round++) {
    for (const { size, client, payment, payers: who, ms } of shuffled(rows, random)) {
      const keys = () => Array.from({ length: BATCH }, () => filledKeyHash(PAYERS[who](size.accounts, random)));
      ms.push(await msForEach(client, payment, keys));
    }
  }
  return rows.map(({ size, payment, payers: who, ms }) => ({ size, payment, payers: who, ms }));
}

async function payBesideOpenHolds(client: Database, rounds: number): Promise<readonly OpenHoldsRow[]> {
  const ofOne = filledKeyHash(0);
  const rows: OpenHoldsRow[] = [];
  let open = 0;
  for (const wanted of OPEN_HOLDS) {
    if (wanted > open) await openHolds(client, ofOne, wanted - open, OPEN_HOLD_TTL_MS);
    open = wanted;
    for (const payment of PAYMENTS) {
      const ms: number[] = [];
      for (let round = 0; round < rounds; round++)
        ms.push(await msForEach(client, payment, () => Array.from({ length: BATCH }, () => ofOne)));
      rows.push({ openHolds: wanted, payment, ms: spreadOf(ms) });
    }
  }
  return rows;
}

async function msForEach(client: Database, payment: Payment, keys: () => readonly string[]): Promise<number> {
  for (let batch = 0; batch < WARM_BATCHES; batch++) await payTogether(client, payment, keys());
  const batches = Array.from({ length: BATCHES }, keys);
  const startedAt = performance.now();
  for (const hashes of batches) await payTogether(client, payment, hashes);
  return (performance.now() - startedAt) / (BATCHES * BATCH);
}

async function auditFilled(filled: readonly Filled[]): Promise<GrowthResults['audits']> {
  const audits: { size: Size; brokenInvariants: readonly string[] }[] = [];
  for (const { size, client } of filled) {
    if (size.entries <= LARGEST_AUDITED) audits.push({ size, brokenInvariants: brokenInvariants(await auditLedger(client)) });
  }
  return audits;
}
