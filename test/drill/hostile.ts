import { auditLedger } from '../../src/billing/audit/full-audit.ts';
import { type Ask, playMatrix } from './account-matrix.ts';
import { leaksInFolder } from './database-leaks.ts';
import type { Drill, DrillOptions, DrillResult } from './drill.ts';
import { checkWritten, playStretch, setupIn } from './hostile-fuzz.ts';
import { hostileTally, type HostileTally } from './hostile-promises.ts';
import { checkWorkerState, playSockets } from './hostile-sockets.ts';
import { startDrillWorker } from './hostile-worker.ts';
import { type Api, createApi, type Ground, startGround } from './hostile-world.ts';
import { playKeys } from './key-matrix.ts';
import { heldBytes } from './memory.ts';
import { chargeProblems, type Charges, createCharges, readHolds } from './money-check.ts';
import { type Operation, publishedOperations } from './published-api.ts';

type Size = { readonly inProcess: number; readonly overSockets: number };

/** Requests in this process, and over sockets to the built Worker. */
const SHORT: Size = { inProcess: 10_000, overSockets: 800 };
const LONG: Size = { inProcess: 120_000, overSockets: 6_000 };

/** Each stretch has its own participants, so that changes to their keys and accounts don't affect the next. */
const STRETCH = 2_000;

/** Allowed growth of this process's memory after the second stretch; a variation of 33 MiB was observed. */
const GROWTH_BYTES = 96 * 1024 * 1024;

const MEBIBYTE = 1024 * 1024;

type Play = {
  readonly ground: Ground;
  readonly api: Api;
  readonly operations: readonly Operation[];
  readonly tally: HostileTally;
  readonly charges: Charges;
};

/** Hostile input: whatever is sent, the API responds as published, charges what it states, and leaks no secret. */
export const hostileDrill: Drill = {
  name: 'hostile',
  about: 'seeded hostile requests against every published operation, in process and over sockets; access across accounts; leaks',
  run: (options) => run(options, options.isLong ? LONG : SHORT),
};

async function run({ seed, say }: DrillOptions, { inProcess, overSockets }: Size): Promise<DrillResult> {
  const startedAt = performance.now();
  const ground = await startGround();
  try {
    const play: Play = {
      ground,
      api: createApi(ground),
      operations: publishedOperations(),
      tally: hostileTally(),
      charges: createCharges(),
    };
    await playInProcess(play, inProcess, seed, say);
    await playMatrices(play);
    say('the account and key matrices are played');
    await playWorker(play, overSockets, seed, say);
    await checkBooks(play);
    return resultOf(play.tally, (performance.now() - startedAt) / 1_000);
  } finally {
    await ground.stop();
  }
}

async function playInProcess(play: Play, requests: number, seed: number, say: DrillOptions['say']): Promise<void> {
  const held: number[] = [];
  for (let played = 0; played < requests; played += STRETCH) {
    await playStretch(play, Math.min(STRETCH, requests - played), seed * 1_000 + played / STRETCH);
    await play.api.runCron();
    held.push(heldBytes());
    say(`${play.tally.counted('requests')} hostile requests played in process, ${Math.round((held.at(-1) ?? 0) / MEBIBYTE)} MiB held`);
  }
  const grown = (held.at(-1) ?? 0) - (held[1] ?? held[0] ?? 0);
  play.tally.count('megabytes that the process grew by', Math.max(0, Math.round(grown / MEBIBYTE)));
  if (grown > GROWTH_BYTES)
    play.tally.breach('bounded memory', `this process holds ${Math.round(grown / MEBIBYTE)} MiB more`, `seed ${seed}`);
}

async function playMatrices({ api, operations, tally, charges }: Play): Promise<void> {
  const ask: Ask = async ({ method, path, key, headers, body }) => {
    const all = new Headers(headers);
    if (key !== null) all.set('Authorization', `Bearer ${key}`);
    if (body !== undefined) all.set('Content-Type', 'application/json');
    const init = { method, headers: all, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const seen = await api.ask(new Request(`http://api.test${path}`, init), 'generous', []);
    charges.note(seen);
    return seen;
  };
  const setup = setupIn({ api, charges });
  await playMatrix(ask, setup, operations, tally);
  await playKeys(ask, setup, operations, tally);
  checkWritten(api, tally, 'matrices');
}

async function playWorker(
  { ground, operations, tally, charges }: Play,
  requests: number,
  seed: number,
  say: DrillOptions['say'],
): Promise<void> {
  const worker = await startDrillWorker(ground);
  try {
    await playSockets({ worker, operations, tally, charges }, requests, seed);
    await checkWorkerState({ worker, tally });
    say(`${tally.counted('requests over sockets')} requests played over sockets, ${tally.counted('malformed requests')} malformed ones`);
  } finally {
    await worker.stop();
  }
}

/** Final checks: charges match the responses, nothing is held, the audit is zero, and the database files contain no secret. */
async function checkBooks({ ground, tally, charges }: Play): Promise<void> {
  const { settled, open } = await readHolds(ground.database);
  for (const problem of chargeProblems(charges.told, settled)) tally.breach('charges are what the answers said', problem, 'ledger');
  if (open > 0) tally.breach('charges are what the answers said', `${open} holds are still open`, 'ledger');
  tally.count('charged reads', settled.length);
  for (const [law, broken] of Object.entries(await auditLedger(ground.database))) {
    if (broken !== 0) tally.breach('the ledger audit is all zeros', `${law}: ${broken}`, 'ledger');
  }
  const { files, leaks } = await leaksInFolder(ground.dataFolder, 'database');
  tally.count('files of the database', files);
  if (files === 0) tally.breach('nothing leaks', 'the files of the database were not found', ground.dataFolder);
  for (const leak of leaks) tally.breach('nothing leaks', leak, 'the files of the database');
  checkMarks(ground, tally);
}

/** Without marked content and errors the test would prove nothing about leaks. */
function checkMarks(ground: Ground, tally: HostileTally): void {
  tally.count("errors with a vendor's mark", ground.poisonedErrors());
  for (const name of ['readings with marked words', 'cached values with marked words', "errors with a vendor's mark"]) {
    if (tally.counted(name) === 0) tally.breach('nothing leaks', `there were no ${name}`, 'marks');
  }
}

function resultOf(tally: HostileTally, seconds: number): DrillResult {
  const figures = Object.fromEntries(tally.counts.filter(([name]) => !name.startsWith('operation ')));
  return { promises: tally.promises, figures: { ...figures, seconds: Math.round(seconds) }, breaches: tally.breaches };
}
