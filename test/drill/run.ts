import '../../local/require-node.mjs';
import { fork } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withBlocks } from '../../local/docs/generated.ts';
import { endProcess } from '../../local/end-process.ts';
import { startGuardian } from '../../local/guard.ts';
import type { Drill, DrillResult } from './drill.ts';
import { failpointDrill } from './failpoints.ts';
import { hostileDrill } from './hostile.ts';
import { processDrill } from './processes.ts';
import { drillBlock, drillTable, type Played } from './report.ts';

// `npm run drill` runs the fault-injection tests one after the other and prints their results. Each has its own process group, so that
// everything it started can be ended with it.

/** Every fault-injection test, in the order of execution. */
const DRILLS: readonly Drill[] = [failpointDrill, hostileDrill, processDrill];

const USAGE = `npm run drill -- [options]
  --long        the long version, with many more requests
  --seed N      repeats the faults of this seed (default: a new seed)
  --only A,B    runs only these tests: ${DRILLS.map(({ name }) => name).join(', ')}
  --write       writes the figures into docs/operating/reliability.md
  --help        prints this help`;

/** Contains the figures of the last run. */
const DOCUMENT = join(import.meta.dirname, '..', '..', 'docs', 'operating', 'reliability.md');

/** Small enough to copy by hand. */
const SEEDS = 1_000_000;

type Options = { readonly seed: number; readonly isLong: boolean; readonly drills: readonly Drill[]; readonly writes: boolean };

/** Parses the arguments; returns an error message if they are invalid, null if help was requested. */
function readOptions(args: readonly string[]): Options | string | null {
  const flag = { type: 'boolean', default: false } as const;
  const options = { long: flag, write: flag, help: flag, seed: { type: 'string' }, only: { type: 'string' } } as const;
  let values: ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];
  try {
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    return error instanceof Error ? error.message : 'these options are not known';
  }
  if (values.help) return null;
  if (values.seed !== undefined && !/^\d{1,9}$/.test(values.seed)) return '--seed takes a whole number of up to nine digits.';
  const only = values.only?.split(',') ?? DRILLS.map(({ name }) => name);
  const unknown = only.find((name) => DRILLS.every((drill) => drill.name !== name));
  if (unknown !== undefined) return `There is no test named ${unknown}.`;
  const drills = DRILLS.filter(({ name }) => only.includes(name));
  const seed = values.seed === undefined ? 1 + randomInt(SEEDS) : Number(values.seed);
  return { seed, isLong: values.long, drills, writes: values.write };
}

/** Runs the selected tests. Returns the exit code: 1 if a guarantee was violated or a test could not run. */
async function playAll({ seed, isLong, drills, writes }: Options): Promise<number> {
  console.log(`seed ${seed}${isLong ? ', long' : ''}`);
  const guardian = startGuardian();
  let group: number | null = null;
  let isEnding = false;
  const end = () => {
    if (isEnding) return;
    isEnding = true;
    // First with a request, then by force; the guardian does the same if this process is killed.
    void (group === null ? Promise.resolve() : endProcess(-group)).then(() => process.exit(130));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  const played: Played[] = [];
  for (const drill of drills) {
    console.log(`\n${drill.name}: ${drill.about}`);
    const child = fork(import.meta.filename, [], {
      detached: true,
      env: { ...process.env, [PLAYS]: JSON.stringify({ name: drill.name, seed, isLong }) },
    });
    const { pid } = child;
    if (pid === undefined) throw new Error('a test could not be started');
    group = pid;
    guardian.watch(-pid);
    let result: DrillResult | null = null;
    // safe because the child process sends its result and nothing else
    child.on('message', (message) => (result = message as DrillResult));
    await new Promise((resolve) => child.once('exit', resolve));
    // Ends any processes it left behind.
    await endProcess(-pid);
    guardian.forget(-pid);
    group = null;
    played.push({ drill, result });
  }
  guardian.dismiss();
  if (isEnding) return 130;
  console.log(`\n${drillTable(played)}\n`);
  for (const { result } of played) for (const breach of result?.breaches ?? []) console.log(breach);
  console.log(`seed ${seed}`);
  if (writes) await write(played, { seed, isLong });
  return played.every(({ result }) => result?.promises.every(({ broken }) => broken === 0) === true) ? 0 : 1;
}

async function write(played: readonly Played[], how: { readonly seed: number; readonly isLong: boolean }): Promise<void> {
  const blocks = played.flatMap(({ drill, result }) =>
    result === null ? [] : [[`drill-${drill.name}`, drillBlock(result, how)] as const],
  );
  await writeFile(DOCUMENT, withBlocks(await readFile(DOCUMENT, 'utf8'), Object.fromEntries(blocks)));
}

/** Tells a child process which test to run, and how. */
const PLAYS = 'IGSKILL_DRILL';

/** Runs one test in this process and sends its result to the parent. */
async function playOne(order: string): Promise<void> {
  // safe because playAll wrote it
  const { name, seed, isLong } = JSON.parse(order) as { name: string; seed: number; isLong: boolean };
  const drill = DRILLS.find((drill) => drill.name === name);
  if (drill === undefined) throw new Error(`there is no test named ${name}`);
  // A regular exit, so that temporary folders are deleted.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
  const result = await drill.run({ seed, isLong, say: (line) => console.log(`  ${line}`) });
  await new Promise((resolve) => process.send?.(result, resolve));
}

const order = process.env[PLAYS];
if (order !== undefined && process.send !== undefined) {
  await playOne(order);
  process.exit();
}
const options = readOptions(process.argv.slice(2));
if (options === null || typeof options === 'string') {
  console.log(options === null ? USAGE : `${options}\n\n${USAGE}`);
  process.exit(options === null ? 0 : 2);
}
process.exit(await playAll(options));
