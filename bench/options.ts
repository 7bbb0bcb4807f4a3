import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { err, ok, type Result } from '../src/core/result.ts';

/** How large a database is: its accounts and its journal's entries. */
export type Size = { readonly accounts: number; readonly entries: number };

/** The parts of the benchmark, each of which can be asked for by itself. */
export const SECTIONS = ['calls', 'growth', 'trips', 'memory', 'startup'] as const;
export type Section = (typeof SECTIONS)[number];

/** How the benchmark is run. */
export type BenchOptions = {
  readonly scale: 'quick' | 'default' | 'full';
  /** How often everything is measured, in turn. */
  readonly rounds: number;
  /** How long one case at one number of callers is measured in one round, milliseconds. */
  readonly cellMs: number;
  readonly callers: readonly number[];
  readonly sizes: readonly Size[];
  readonly sections: readonly Section[];
  readonly isProfiled: boolean;
  readonly seed: number;
  readonly outFile: string;
};

type Scaled = Pick<BenchOptions, 'rounds' | 'cellMs' | 'sizes'>;

const SMALL: Size = { accounts: 1_000, entries: 10_000 };
const MIDDLE: Size = { accounts: 10_000, entries: 100_000 };
const LARGE: Size = { accounts: 100_000, entries: 1_000_000 };
const HUGE: Size = { accounts: 1_000_000, entries: 10_000_000 };

const SCALES = {
  quick: { rounds: 2, cellMs: 500, sizes: [SMALL, MIDDLE] },
  default: { rounds: 5, cellMs: 2_000, sizes: [SMALL, MIDDLE, LARGE] },
  full: { rounds: 5, cellMs: 3_000, sizes: [SMALL, MIDDLE, LARGE, HUGE] },
} as const satisfies Readonly<Record<BenchOptions['scale'], Scaled>>;

/** Alone, a few, many, and more than there is room for at once. */
const CALLERS = [1, 16, 64, 256] as const;

/** More than anybody waits for, or has connections for, is a slip of the finger. */
const MOST_ROUNDS = 100;
const MOST_CELL_MS = 60_000;
const MOST_CALLERS = 1_000;
const MOST_SEED = 999_999_999;

/** What `npm run bench -- --help` says. */
export const USAGE = `npm run bench -- [options]

  --quick           about two minutes: two short rounds, small databases
  --full            as without options, and a database of 10,000,000 entries (some 15 GB on disk)
  --rounds N        measure everything N times in turn
  --ms N            measure each case at each number of callers for N milliseconds of a round
  --callers A,B     these numbers of callers; the targets are about 64 and 256
  --only A,B        only these parts: ${SECTIONS.join(', ')}
  --profile         say as well which functions of the Worker take the processor's time
  --seed N          the order of the cases and the accounts that are drawn
  --out FILE        where the results are written (bench/RESULTS.md)`;

/** Reads the command line. 'help' when that is asked for; a sentence when it can't be understood. */
export function parseBenchOptions(args: readonly string[], folder: string): Result<BenchOptions | 'help', string> {
  let given;
  try {
    given = parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean' },
        full: { type: 'boolean' },
        profile: { type: 'boolean' },
        help: { type: 'boolean' },
        rounds: { type: 'string' },
        ms: { type: 'string' },
        callers: { type: 'string' },
        seed: { type: 'string' },
        only: { type: 'string' },
        out: { type: 'string' },
      },
    }).values;
  } catch (error) {
    return err(`${error instanceof Error ? error.message : 'The options can not be read.'}\n\n${USAGE}`);
  }
  if (given.help === true) return ok('help');
  if (given.quick === true && given.full === true) return err('Either --quick or --full.');
  const scale = given.quick === true ? 'quick' : given.full === true ? 'full' : 'default';
  const rounds = wholeNumber(given.rounds ?? `${SCALES[scale].rounds}`, MOST_ROUNDS);
  const cellMs = wholeNumber(given.ms ?? `${SCALES[scale].cellMs}`, MOST_CELL_MS);
  const seed = wholeNumber(given.seed ?? '1', MOST_SEED);
  const callers = (given.callers ?? CALLERS.join(',')).split(',').map((text) => wholeNumber(text, MOST_CALLERS));
  if (rounds === null) return err(`--rounds takes a number from 1 to ${MOST_ROUNDS}.`);
  if (cellMs === null) return err(`--ms takes a number from 1 to ${MOST_CELL_MS}.`);
  if (seed === null) return err(`--seed takes a number from 1 to ${MOST_SEED}.`);
  if (!callers.every((number) => number !== null)) return err(`--callers takes numbers from 1 to ${MOST_CALLERS}.`);
  const sections = given.only === undefined ? [...SECTIONS] : given.only.split(',').map((name) => SECTIONS.find((known) => known === name));
  if (!sections.every((section) => section !== undefined)) return err(`--only takes some of: ${SECTIONS.join(', ')}.`);
  return ok({
    ...SCALES[scale],
    scale,
    rounds,
    cellMs,
    seed,
    sections,
    callers,
    isProfiled: given.profile === true,
    outFile: given.out ?? join(folder, 'RESULTS.md'),
  });
}

/** A number from 1 to `most`, or null. */
function wholeNumber(text: string, most: number): number | null {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= most ? number : null;
}
