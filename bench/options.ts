import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { err, ok, type Result } from '../src/core/result.ts';

export type Size = { readonly accounts: number; readonly entries: number };

export const SECTIONS = ['calls', 'growth', 'trips', 'memory', 'startup'] as const;
export type Section = (typeof SECTIONS)[number];

export type BenchOptions = {
  readonly scale: 'quick' | 'default' | 'full';
  readonly rounds: number;
  /** Milliseconds of one case at one number of callers in one round. */
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

/** One, a few, many, and more than can be served at once. */
const CALLERS = [1, 16, 64, 256] as const;

/** Larger values are mistakes. */
const MOST_ROUNDS = 100;
const MOST_CELL_MS = 60_000;
const MOST_CALLERS = 1_000;
const MOST_SEED = 999_999_999;

export const USAGE = `npm run bench -- [options]

  --quick           two short rounds with small databases, about two minutes
  --full            the default plus a database of 10,000,000 entries (about 15 GB on disk)
  --rounds N        repeat all measurements N times
  --ms N            milliseconds per case and number of callers in a round
  --callers A,B     numbers of callers; the targets need 64 and 256
  --only A,B        run only these parts: ${SECTIONS.join(', ')}
  --profile         also report which functions of the Worker use the processor
  --seed N          seed for the order of cases and the drawn accounts
  --out FILE        file for the results (bench/RESULTS.md)`;

/** Parses the command line. 'help' when requested; fails with one sentence. */
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
    return err(`${error instanceof Error ? error.message : 'The options cannot be read.'}\n\n${USAGE}`);
  }
  if (given.help === true) return ok('help');
  if (given.quick === true && given.full === true) return err('Use either --quick or --full.');
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
  if (!sections.every((section) => section !== undefined)) return err(`--only takes one or more of: ${SECTIONS.join(', ')}.`);
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

/** Parses a number from 1 to `most`; null otherwise. */
function wholeNumber(text: string, most: number): number | null {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= most ? number : null;
}
