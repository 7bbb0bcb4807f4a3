import { auditLedger, brokenInvariants } from '../src/billing/audit/full-audit.ts';
import { hashApiKey } from '../src/billing/keys/api-key.ts';
import type { Database } from '../src/db/client.ts';
import { withTimeout, TIMED_OUT } from '../src/core/timeout.ts';
import { type AskedCase, askedIn, type Case, CASE_NAMES, CASES, FIRST_FRESH_TARGET, HOT_TARGETS, PAID_CASES } from './cases.ts';
import { payTogether } from './ceiling.ts';
import { type LoadGenerator, type LoadResult, startLoadGenerator } from './load.ts';
import type { BenchOptions } from './options.ts';
import { cpuSeconds } from './processes.ts';
import { OPERATOR_KEY, type Site } from './site.ts';
import { percentile, seededNumbers, shuffled } from './statistics.ts';
import type { Workerd } from './workerd.ts';

const seconds = 1_000;

/** Warm-up before each measurement, for new connections and the code of the case. More callers need longer. */
const WARM_MS = 250;
const WARM_MS_PER_CALLER = 3;

/** An empty write takes less than this unless the database is still busy with the previous measurement. */
const CALM_MS = 250;
const CALM_DEADLINE_MS = 20 * seconds;

/** Longer than filling the cache takes. */
const FILL_DEADLINE_MS = 60 * seconds;

export const PROCESSES = ['workerd', 'sqld', 'provider', 'generator', 'harness'] as const;
export type ProcessName = (typeof PROCESSES)[number];

export type Cell = Pick<LoadResult, 'answers' | 'seconds' | 'p50Ms' | 'p99Ms' | 'total' | 'wrong'> & {
  readonly name: Case;
  readonly callers: number;
  /** Processor microseconds of each process per correct response; null where the system does not report it. */
  readonly cpuMicros: Readonly<Record<ProcessName, number | null>>;
};

/** The measured calls, and whether the money still adds up. */
export type CallResults = {
  readonly cells: readonly Cell[];
  /** Paid reads with status 200 plus the ceiling's payments, and the usages booked in the ledger. */
  readonly paidAnswers: number;
  readonly bookedUsages: number;
  readonly brokenInvariants: readonly string[];
  /** Measurements after which the database stopped accepting writes, so that its server was restarted. */
  readonly stuck: readonly { readonly name: Case; readonly callers: number }[];
};

type Bench = {
  readonly site: Site;
  readonly worker: Workerd;
  /** The same Worker without its memory cache. */
  readonly forgetful: Workerd;
  readonly generator: LoadGenerator;
  readonly options: BenchOptions;
  readonly keyHashes: readonly string[];
  nextFresh: number;
};

/** Measures every case at every number of callers. Each round uses a new random order, so that noise affects all cases alike. */
export async function measureCalls(site: Site, options: BenchOptions, say: (line: string) => void): Promise<CallResults> {
  const generator = startLoadGenerator();
  try {
    const worker = await site.startWorker('main');
    const forgetful = await site.startWorker('forgetful', { settings: { HOT_CACHE_SECONDS: '0' } });
    for (const each of [worker, forgetful]) {
      await fillCache(generator, each);
      await meetKeys(generator, each, site.keys);
    }
    const keyHashes = site.keys.map(hashApiKey);
    const bench: Bench = { site, worker, forgetful, generator, options, keyHashes, nextFresh: FIRST_FRESH_TARGET };
    const random = seededNumbers(options.seed);
    const cells: Cell[] = [];
    const stuck: { name: Case; callers: number }[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      for (const callers of options.callers) {
        for (const name of shuffled(CASE_NAMES, random)) {
          cells.push(await measure(bench, name, callers));
          if (await becomesCalm(site.database)) continue;
          stuck.push({ name, callers });
          await site.restartDatabase();
        }
        say(`round ${round} of ${options.rounds}, ${lineOf(cells.slice(-CASE_NAMES.length), callers)}`);
      }
    }
    return { cells, stuck, ...(await moneyOf(site.database, cells)) };
  } finally {
    generator.stop();
  }
}

/** Reads the posts of the cached cases once, free of charge. */
async function fillCache(generator: LoadGenerator, worker: Workerd): Promise<void> {
  const filled = await generator.run({
    port: worker.port,
    callers: 1,
    warmMs: 0,
    measureMs: FILL_DEADLINE_MS,
    mostRequests: HOT_TARGETS.count,
    path: '/v1/post',
    headers: {},
    keys: [OPERATOR_KEY],
    targets: { kind: 'once', first: HOT_TARGETS.first },
    wanted: { status: 200, text: null },
  });
  if (filled.total < HOT_TARGETS.count) throw new Error(`the cache could not be filled: ${JSON.stringify(filled.wrong)}`);
}

/** Sends one free request with each key, because a key's first request creates the object that counts its requests. */
async function meetKeys(generator: LoadGenerator, worker: Workerd, keys: readonly string[]): Promise<void> {
  await generator.run({
    port: worker.port,
    callers: 1,
    warmMs: 0,
    measureMs: FILL_DEADLINE_MS,
    mostRequests: keys.length,
    path: '/v1/post',
    headers: {},
    keys,
    targets: { kind: 'none' },
    wanted: { status: 400, text: null },
  });
}

async function measure(bench: Bench, name: Case, callers: number): Promise<Cell> {
  const before = cpuOf(bench, name);
  const result = await resultOf(bench, name, callers);
  const after = cpuOf(bench, name);
  const each = (process: ProcessName) => {
    const [from, to] = [before[process], after[process]];
    return from === null || to === null || result.total === 0 ? null : ((to - from) * 1_000_000) / result.total;
  };
  const cpuMicros = {
    workerd: each('workerd'),
    sqld: each('sqld'),
    provider: each('provider'),
    generator: each('generator'),
    harness: each('harness'),
  };
  const { answers, seconds, p50Ms, p99Ms, total, wrong } = result;
  return { name, callers, answers, seconds, p50Ms, p99Ms, total, wrong, cpuMicros };
}

function resultOf(bench: Bench, name: Case, callers: number): Promise<LoadResult> {
  if (name === 'chargeCeiling') return payFor(bench, 'charge', callers);
  if (name === 'reserveCeiling') return payFor(bench, 'reserve and settle', callers);
  return ask(bench, name, callers);
}

async function ask(bench: Bench, name: AskedCase, callers: number): Promise<LoadResult> {
  const { options, site } = bench;
  const result = await bench.generator.run({
    port: workerOf(bench, name).port,
    callers,
    warmMs: WARM_MS + callers * WARM_MS_PER_CALLER,
    measureMs: options.cellMs,
    mostRequests: null,
    ...askedIn(name, site.keys, bench.nextFresh),
  });
  if (name === 'fresh' || name === 'freshBaseline') bench.nextFresh += result.taken;
  return result;
}

function workerOf({ worker, forgetful }: Bench, name: Case): Workerd {
  return name === 'kv' ? forgetful : worker;
}

/** The database's own limit: this process sends one batch after the other. */
async function payFor(bench: Bench, payment: Parameters<typeof payTogether>[1], batchSize: number): Promise<LoadResult> {
  const { keyHashes, options, site } = bench;
  const hashes = Array.from({ length: batchSize }, (_, index) => keyHashes[index % keyHashes.length] ?? '');
  const pay = async () => {
    const paid = await withTimeout(payTogether(site.database, payment, hashes), CALM_DEADLINE_MS);
    if (paid === TIMED_OUT) throw new Error('the database accepts no writes');
  };
  await pay();
  const times: number[] = [];
  const startedAt = performance.now();
  let now = startedAt;
  while (now - startedAt < options.cellMs) {
    await pay();
    times.push(performance.now() - now);
    now = performance.now();
  }
  const sorted = Float64Array.from(times);
  const answers = times.length * batchSize;
  const taken = answers + batchSize;
  return {
    answers,
    seconds: (now - startedAt) / seconds,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    total: taken,
    wrong: {},
    taken,
  };
}

function cpuOf(bench: Bench, name: Case): Record<ProcessName, number | null> {
  const { site, generator } = bench;
  const { pid } = workerOf(bench, name);
  return {
    workerd: pid === null ? null : cpuSeconds(pid),
    sqld: cpuSeconds(site.sqld().pid),
    provider: cpuSeconds(site.provider.pid),
    generator: cpuSeconds(generator.pid),
    harness: cpuSeconds(process.pid),
  };
}

/** Waits until the database has finished the previous measurement's work. False when that takes too long. */
async function becomesCalm(database: Database): Promise<boolean> {
  for (const deadline = Date.now() + CALM_DEADLINE_MS; Date.now() < deadline;) {
    const startedAt = performance.now();
    try {
      const answer = await withTimeout(database.batch(['SELECT 1'], 'write'), deadline - Date.now());
      if (answer !== TIMED_OUT && performance.now() - startedAt < CALM_MS) return true;
    } catch {}
  }
  return false;
}

async function moneyOf(
  database: Database,
  cells: readonly Cell[],
): Promise<Pick<CallResults, 'paidAnswers' | 'bookedUsages' | 'brokenInvariants'>> {
  const usages = await database.execute(`SELECT count(*) AS booked FROM entry e WHERE e.kind = 'usage'`);
  const paying: readonly Case[] = [...PAID_CASES, 'chargeCeiling', 'reserveCeiling'];
  return {
    // A response from the wrong source was paid all the same.
    paidAnswers: cells.filter(({ name }) => paying.includes(name)).reduce((sum, { total, wrong }) => sum + total + (wrong['-1'] ?? 0), 0),
    bookedUsages: Number(usages.rows[0]?.['booked']),
    brokenInvariants: brokenInvariants(await auditLedger(database)),
  };
}

function lineOf(cells: readonly Cell[], callers: number): string {
  const inOrder = CASE_NAMES.flatMap((name) => cells.filter((cell) => cell.name === name));
  return `${callers} callers: ${inOrder.map((cell) => `${CASES[cell.name].letter} ${Math.round(cell.answers / cell.seconds)}/s`).join(', ')}`;
}
