import type { Cell, CallResults } from './calls.ts';
import { type Case, PRODUCT_CASES } from './cases.ts';
import type { GrowthResults } from './growth.ts';
import { median, ratioOf, type Spread, spreadOf } from './statistics.ts';

export type Target = {
  readonly what: string;
  readonly wanted: string;
  readonly measured: Spread;
  readonly isReached: boolean;
};

/** The number of callers of the targets, and the one up to which throughput must not fall. */
const SET_AT = 64;
const UP_TO = 256;

/** A smaller fall is within the variation of rounds. */
const NOISE = 0.05;

/** Returns one case's values at one number of callers, in the order of the rounds. */
export function series(cells: readonly Cell[], name: Case, callers: number, value: (cell: Cell) => number): readonly number[] {
  return cells.filter((cell) => cell.name === name && cell.callers === callers).map(value);
}

export const perSecond = (cell: Cell): number => cell.answers / cell.seconds;

const p99 = (cell: Cell): number => cell.p99Ms ?? Number.POSITIVE_INFINITY;

/** Returns the ratio of two cases' throughput, round by round. */
export function throughputRatio(cells: readonly Cell[], above: Case, below: Case, callers: number): Spread {
  return ratioOf(series(cells, above, callers, perSecond), series(cells, below, callers, perSecond));
}

export function callTargets({ cells }: CallResults): readonly Target[] {
  const measured = new Set(cells.map(({ callers }) => callers));
  const wrong = atMost('incorrect responses of c, d and f', 0, spreadOf([wrongAnswers(cells, PRODUCT_CASES)]));
  return [
    ...(measured.has(SET_AT) ? targetsAtOnce(cells) : []),
    ...(measured.has(SET_AT) && measured.has(UP_TO) ? [noFall(cells)] : []),
    wrong,
  ];
}

function targetsAtOnce(cells: readonly Cell[]): readonly Target[] {
  const at = `${SET_AT} callers`;
  const p99Ratio = (above: Case, below: Case) => ratioOf(series(cells, above, SET_AT, p99), series(cells, below, SET_AT, p99));
  return [
    atLeast(`throughput of c hot / b, ${at}`, 0.5, throughputRatio(cells, 'hot', 'object', SET_AT)),
    atLeast(`throughput of c KV / b, ${at}`, 0.3, throughputRatio(cells, 'kv', 'object', SET_AT)),
    atMost(`p99 of c hot / b, ${at}`, 3, p99Ratio('hot', 'object')),
    atMost(`p99 of c KV / b, ${at}`, 3, p99Ratio('kv', 'object')),
    atLeast(`throughput of d / its baseline, ${at}`, 5, throughputRatio(cells, 'fresh', 'freshBaseline', SET_AT)),
    atLeast(`throughput of f / a, ${at}`, 0.8, throughputRatio(cells, 'malformed', 'nothing', SET_AT)),
  ];
}

function noFall(cells: readonly Cell[]): Target {
  const fresh = (callers: number) => series(cells, 'fresh', callers, perSecond);
  return atLeast(`throughput of d, ${UP_TO} / ${SET_AT} callers (no drop beyond noise)`, 1 - NOISE, ratioOf(fresh(UP_TO), fresh(SET_AT)));
}

/** The targets for growing databases: the largest measured against the smallest. */
export function growthTargets({ rows, plans }: GrowthResults): readonly Target[] {
  const groups = Object.values(Object.groupBy(rows, ({ payers, payment }) => `${payment}, ${payers}`));
  const times = groups.flatMap((ofIt = []) => {
    const [first, last] = [ofIt[0], ofIt.at(-1)];
    if (first === undefined || last === undefined || first === last) return [];
    const what = `time per ${first.payment} of ${first.payers}, ${count(last.size.entries)} / ${count(first.size.entries)} entries`;
    return [atMost(what, 1.2, ratioOf(last.ms, first.ms))];
  });
  return [...times, atMost('ledger statements that scan a table', 0, spreadOf([plans.walks.length]))];
}

export function wrongAnswers(cells: readonly Cell[], names: readonly Case[]): number {
  return cells
    .filter((cell) => names.includes(cell.name))
    .flatMap((cell) => Object.values(cell.wrong))
    .reduce((sum, wrong) => sum + wrong, 0);
}

/** Returns the median processor microseconds per correct response; null where the system does not report it. */
export function cpuMicros(cells: readonly Cell[], name: Case, callers: number, process: keyof Cell['cpuMicros']): number | null {
  const values = cells
    .filter((cell) => cell.name === name && cell.callers === callers)
    .flatMap((cell) => (cell.cpuMicros[process] === null ? [] : [cell.cpuMicros[process]]));
  return values.length === 0 ? null : median(values);
}

export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

function atLeast(what: string, least: number, measured: Spread): Target {
  return { what, wanted: `≥ ${least}`, measured, isReached: measured.median >= least };
}

function atMost(what: string, most: number, measured: Spread): Target {
  return { what, wanted: `≤ ${most}`, measured, isReached: measured.median <= most };
}
