import { availableParallelism } from 'node:os';
import type { Drill, DrillResult } from './drill.ts';

/** A test that was run; `result` is null if it ended early. */
export type Played = { readonly drill: Drill; readonly result: DrillResult | null };

/** Formats every guarantee and figure as one table. */
export function drillTable(played: readonly Played[]): string {
  const rows = played.flatMap(({ drill, result }): (readonly [string, string, string])[] => {
    if (result === null) return [[drill.name, 'it ended before it had a result', 'BROKEN']];
    const promises = result.promises.map(
      ({ promise, broken }) => [drill.name, promise, broken === 0 ? 'held' : `BROKEN ${broken}x`] as const,
    );
    const figures = Object.entries(result.figures).map(([name, figure]) => [drill.name, name, shown(figure)] as const);
    return [...promises, ...figures];
  });
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [rule, ...lines, rule].join('\n');
}

/** The block of docs/operating/reliability.md about the last run of one test. */
export function drillBlock(result: DrillResult, how: { readonly seed: number; readonly isLong: boolean }): string {
  const day = new Date().toISOString().slice(0, 10);
  const version = how.isLong ? 'long' : 'short';
  return [
    `The ${version} version with seed ${how.seed}, on ${day}, on a machine with ${availableParallelism()} cores:`,
    '',
    '| Promise | Broken |',
    '| --- | --- |',
    ...result.promises.map(({ promise, broken }) => `| ${promise} | ${broken} |`),
    '',
    '| Figure | |',
    '| --- | --- |',
    ...Object.entries(result.figures).map(([name, figure]) => `| ${name} | ${shown(figure)} |`),
  ].join('\n');
}

function shown(figure: number | string): string {
  return typeof figure === 'number' ? figure.toLocaleString('en-US') : figure;
}
