import type { Bundle } from './build.ts';
import { type CallResults, PROCESSES } from './calls.ts';
import { type Case, CASE_NAMES, CASES } from './cases.ts';
import type { GrowthResults } from './growth.ts';
import type { Machine } from './machine.ts';
import type { MemoryRow } from './memory.ts';
import type { BenchOptions } from './options.ts';
import type { ProfileResult } from './profile.ts';
import type { StartupResults } from './startup.ts';
import { type Spread, spreadOf } from './statistics.ts';
import { callTargets, count, cpuMicros, growthTargets, perSecond, series, type Target, throughputRatio, wrongAnswers } from './targets.ts';
import type { TripsRow } from './trips.ts';

/** The measurements of a run; null for parts that were not run. */
export type Results = {
  readonly options: BenchOptions;
  readonly machine: Machine;
  readonly date: Date;
  readonly minutes: number;
  readonly bundle: Bundle;
  readonly calls: CallResults | null;
  readonly growth: GrowthResults | null;
  readonly trips: readonly TripsRow[] | null;
  readonly memory: readonly MemoryRow[] | null;
  readonly startup: StartupResults | null;
  readonly profiles: readonly ProfileResult[] | null;
};

/** The number of callers for tables that show only one, where it was measured. */
const SHOWN_CALLERS = 64;

/** Builds bench/RESULTS.md, ratios first. */
export function report(results: Results): string {
  const { options, calls, growth, trips, memory, startup, profiles } = results;
  const targets = [...(calls === null ? [] : callTargets(calls)), ...(growth === null ? [] : growthTargets(growth))];
  const parts = [
    head(results),
    ...(targets.length === 0 ? [] : [targetTable(targets)]),
    ...(calls === null ? [] : callTables(calls, options)),
    ...(growth === null ? [] : growthTables(growth)),
    ...(trips === null ? [] : [tripsTable(trips)]),
    ...(memory === null ? [] : [memoryTable(memory)]),
    size(results.bundle, startup),
    ...(profiles === null ? [] : profiles.map(profileTable)),
    machineTable(results),
  ];
  return `${parts.join('\n\n')}\n`;
}

function head({ options, date, minutes }: Results): string {
  return `# Benchmark results

Written by \`npm run bench\`, which needs only \`npm ci\`; \`npm run bench -- --help\` lists its options. This run:
\`${options.scale}\`, ${options.rounds} rounds of ${options.cellMs} ms, seed ${options.seed}, ${date.toISOString().slice(0, 10)}, ${minutes.toFixed(0)} minutes.

The built Worker serves requests on workerd's own socket. KV, Durable Objects and assets are local, the database is a real sqld on disk, the provider
has no latency, and the load comes from another process. All share this machine's processors. Each round measures every case at every number of
callers in a new random order. A figure is the median of the rounds, with the minimum and maximum in brackets; a ratio is taken round by round.

${CASE_NAMES.map((name) => `- **${CASES[name].letter}**: ${CASES[name].about}`).join('\n')}`;
}

function targetTable(targets: readonly Target[]): string {
  const rows = targets.map(({ what, wanted, measured, isReached }) => [
    what,
    wanted,
    ratio(measured),
    isReached ? 'reached' : '**not reached**',
  ]);
  return `## Targets\n\n${table(['What', 'Target', 'RateLimitResult', ''], rows)}`;
}

const RATIOS: readonly (readonly [Case, Case])[] = [
  ['hot', 'object'],
  ['kv', 'object'],
  ['hot', 'hotBaseline'],
  ['fresh', 'freshBaseline'],
  ['malformed', 'nothing'],
  ['malformed', 'nothingInApp'],
  ['nothingInApp', 'nothing'],
  ['hot', 'chargeCeiling'],
  ['fresh', 'reserveCeiling'],
];

function callTables(calls: CallResults, options: BenchOptions): readonly string[] {
  const { cells } = calls;
  const callers = options.callers.map((number) => `${number}`);
  const shown = options.callers.includes(SHOWN_CALLERS) ? SHOWN_CALLERS : Math.max(...options.callers);
  const ofCase = (name: Case, value: (number: number) => string) => [CASES[name].letter, ...options.callers.map(value)];
  const ratios = RATIOS.map(([above, below]) => [
    `${CASES[above].letter} / ${CASES[below].letter}`,
    ...options.callers.map((number) => ratio(throughputRatio(cells, above, below, number))),
  ]);
  const throughput = CASE_NAMES.map((name) => ofCase(name, (number) => whole(spreadOf(series(cells, name, number, perSecond)))));
  const latency = CASE_NAMES.map((name) =>
    ofCase(name, (number) => {
      const ms = (which: 'p50Ms' | 'p99Ms') =>
        short(spreadOf(series(cells, name, number, (cell) => cell[which] ?? Number.POSITIVE_INFINITY)).median);
      return `${ms('p50Ms')} / ${ms('p99Ms')}`;
    }),
  );
  const cpu = CASE_NAMES.map((name) => [
    CASES[name].letter,
    ...PROCESSES.map((process) => {
      const micros = cpuMicros(cells, name, shown, process);
      return micros === null ? '?' : count(micros);
    }),
  ]);
  return [
    `## Throughput ratios, by callers\n\n${table(['', ...callers], ratios)}`,
    `## Responses per second, by callers\n\n${table(['', ...callers], throughput)}`,
    `## Latency, p50 / p99 in milliseconds, by callers\n\nFor g, the latency of a whole batch.\n\n${table(['', ...callers], latency)}`,
    `## Where the time goes\n\nProcessor time per correct response at ${shown} callers, microseconds. workerd runs all Workers, Durable Objects and its local KV on one thread; ` +
      `\`harness\` is this program, which reads the Worker's log and sends the batches of g.\n\n${table(['', ...PROCESSES], cpu)}`,
    wrongSection(calls),
  ];
}

function wrongSection({ cells, paidAnswers, bookedUsages, brokenInvariants, stuck }: CallResults): string {
  const wrong = CASE_NAMES.map((name) => {
    const statuses: Record<string, number> = {};
    for (const cell of cells.filter((cell) => cell.name === name)) {
      for (const [status, number] of Object.entries(cell.wrong)) statuses[status] = (statuses[status] ?? 0) + number;
    }
    const answers = cells.filter((cell) => cell.name === name).reduce((sum, cell) => sum + cell.total, 0);
    return [
      CASES[name].letter,
      count(answers),
      count(wrongAnswers(cells, [name])),
      Object.entries(statuses)
        .map(([status, n]) => `${n} × ${status}`)
        .join(', '),
    ];
  });
  const laws = brokenInvariants.length === 0 ? 'no ledger invariant is broken' : `**broken invariants: ${brokenInvariants.join(', ')}**`;
  return `## Errors and money

Status 0: no response; -1: the expected status, but from the wrong source (cache or provider).

${table(['', 'Correct', 'Incorrect', 'By status'], wrong)}

Paid responses ${count(paidAnswers)}, usages booked ${count(bookedUsages)} (a read that ended in an error may have been charged before it); ${laws}.
${stuckSentence(stuck)}`;
}

function stuckSentence(stuck: CallResults['stuck']): string {
  if (stuck.length === 0) return 'The database accepted writes after every measurement.';
  const after = stuck.map(({ name, callers }) => `${CASES[name].letter} with ${callers} callers`).join(', ');
  return `The database accepted no writes for twenty seconds, and its server was restarted, after: ${after}.`;
}

function growthTables(growth: GrowthResults): readonly string[] {
  const rows = growth.rows.map(({ size, payment, payers, ms }) => [
    count(size.accounts),
    count(size.entries),
    payment,
    payers,
    micros(spreadOf(ms)),
  ]);
  const open = growth.openHolds.map(({ openHolds, payment, ms }) => [count(openHolds), payment, micros(ms)]);
  const audits = growth.audits.map(
    ({ size, brokenInvariants }) =>
      `${count(size.entries)} entries: ${brokenInvariants.length === 0 ? 'no invariant broken' : brokenInvariants.join(', ')}`,
  );
  const { statements, walks, size } = growth.plans;
  return [
    `## Growth of the ledger\n\nMicroseconds per payment in batches of 64, for accounts drawn at random from all, and from 64 spread over all.\n\n${table(['Accounts', 'Entries', 'Payment', 'Payers', 'µs'], rows)}` +
      `\n\nAudit of the filled databases: ${audits.join('; ')}. Of ${statements} statements, including those inside triggers, explained at ` +
      `${count(size.entries)} entries, ${walks.length} scan a table${walks.length === 0 ? '.' : `: ${walks.join('; ')}.`}`,
    `## Open holds\n\nThe same on one account with this many open holds.\n\n${table(['Open holds', 'Payment', 'µs'], open)}`,
  ];
}

function tripsTable(trips: readonly TripsRow[]): string {
  const rows = trips.map(({ name, callers, requests, statements }) => [
    CASES[name].letter,
    `${callers}`,
    requests.toFixed(2),
    statements.toFixed(2),
  ]);
  return `## Round trips to the database\n\nPer read. BEGIN and COMMIT are not counted as statements.\n\n${table(['', 'Callers', 'Requests', 'Statements'], rows)}`;
}

function memoryTable(memory: readonly MemoryRow[]): string {
  const megabytes = (bytes: number | null) => (bytes === null ? '?' : `${Math.round(bytes / 1_000_000)}`);
  const rows = memory.map(({ callers, answers, wrong, before, peak, after }) => [
    `${callers}`,
    `${answers}`,
    Object.keys(wrong).length === 0 ? '0' : JSON.stringify(wrong),
    megabytes(before),
    megabytes(peak),
    megabytes(after),
  ]);
  return `## Memory with provider responses of 10 MB\n\nThe whole workerd process, in MB.\n\n${table(['Callers', 'Correct', 'Incorrect', 'Before', 'Peak', 'After'], rows)}`;
}

function size(bundle: Bundle, startup: StartupResults | null): string {
  const kilobytes = (bytes: number) => `${count(bytes / 1_000)} kB`;
  const text = `## Size and start\n\nThe deployed Worker is ${kilobytes(bundle.bytes)}, ${kilobytes(bundle.gzipBytes)} compressed.`;
  if (startup === null) return text;
  const { worker, empty } = startup;
  return (
    `${text} The first response comes ${whole(worker)} ms after the start of workerd; with an empty Worker of the same bindings ` +
    `${whole(empty)} ms. The difference, ${count(worker.median - empty.median)} ms, is the isolate's: reading, compiling and running its code once.`
  );
}

function profileTable({ name, modules, functions }: ProfileResult): string {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const rows = modules.map((module, index) => {
    const own = functions[index];
    return [module.what, percent(module.share), own?.what ?? '', own === undefined ? '' : percent(own.share)];
  });
  return `## Profile of ${CASES[name].letter}\n\nSelf time of the Worker's isolate at 64 callers.\n\n${table(['Module', '', 'Function', ''], rows)}`;
}

function machineTable({ machine }: Results): string {
  return `## Machine\n\n${table(['', ''], Object.entries(machine))}`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

const ratio = ({ median, min, max }: Spread): string => `${short(median)} (${short(min)}–${short(max)})`;
const whole = ({ median, min, max }: Spread): string => `${count(median)} (${count(min)}–${count(max)})`;
const micros = ({ median, min, max }: Spread): string => whole({ median: median * 1_000, min: min * 1_000, max: max * 1_000 });

function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1);
}
