import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle } from './build.ts';
import { type Spread, spreadOf } from './statistics.ts';
import { boundClasses, startWorkerd } from './workerd.ts';

const STARTS = 7;

/** Milliseconds from the start of workerd to the first response, of the Worker and of one without code. */
export type StartupResults = { readonly worker: Spread; readonly empty: Spread };

/** Starts the Worker and an empty one with the same bindings in turn; the difference is the Worker's own code. */
export async function measureStartup(worker: Bundle, folder: string): Promise<StartupResults> {
  const empty = emptyBundle(folder);
  const times = { worker: [] as number[], empty: [] as number[] };
  for (let start = 0; start < STARTS; start++) {
    times.worker.push(await msToFirstAnswer(worker, join(folder, `start-${start}`)));
    times.empty.push(await msToFirstAnswer(empty, join(folder, `empty-start-${start}`)));
  }
  return { worker: spreadOf(times.worker), empty: spreadOf(times.empty) };
}

async function msToFirstAnswer(bundle: Bundle, stateFolder: string): Promise<number> {
  const startedAt = performance.now();
  const workerd = await startWorkerd({ bundle, entrypoint: 'direct', settings: {}, stateFolder });
  const answer = await fetch(`${workerd.url}/bench/nothing`);
  await answer.arrayBuffer();
  const ms = performance.now() - startedAt;
  await workerd.stop();
  if (!answer.ok) throw new Error('the Worker did not respond after its start');
  return ms;
}

function emptyBundle(folder: string): Bundle {
  const emptyFolder = join(folder, 'empty');
  mkdirSync(emptyFolder, { recursive: true });
  const file = join(emptyFolder, 'worker.js');
  const classes = boundClasses().map((name) => `export class ${name} extends DurableObject {}`);
  const code = [
    `import { DurableObject } from 'cloudflare:workers';`,
    ...classes,
    `export const direct = { fetch() { return new Response('ok'); } };`,
    'export default direct;',
  ].join('\n');
  writeFileSync(file, code);
  return { folder: emptyFolder, file, bytes: code.length, gzipBytes: code.length };
}
