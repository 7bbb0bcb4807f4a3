import { auditLedger } from '../../src/billing/audit.ts';
import type { Drill, DrillOptions, DrillResult } from './drill.ts';
import { leaksInFolder } from './database-leaks.ts';
import { type Ask, playMatrix } from './account-matrix.ts';
import { playKeys } from './key-matrix.ts';
import { setupIn, playStretch } from './hostile-fuzz.ts';
import { hostileTally } from './hostile-promises.ts';
import { createApi, startGround } from './hostile-world.ts';
import { heldBytes } from './memory.ts';
import { chargeProblems, createCharges, readHolds } from './money-check.ts';
import { publishedOperations } from './published-api.ts';

const requests = Number(process.argv[2] ?? 2000);
async function run(options: DrillOptions): Promise<DrillResult> {
  const ground = await startGround();
  const api = createApi(ground);
  const [operations, tally, charges] = [publishedOperations(), hostileTally(), createCharges()];
  const started = Date.now();
  for (let played = 0, stretch = 0; played < requests; played += 2000, stretch++) {
    await playStretch({ ground, api, operations, tally, charges }, Math.min(2000, requests - played), options.seed + stretch);
    options.say(`${played} ${Date.now() - started} ms ${(heldBytes() / 1e6).toFixed(1)} MB`);
  }
  const ask: Ask = async ({ method, path, key, headers, body }) => api.ask(new Request(`http://api.test${path}`, { method, headers: { ...headers, ...(key === null ? {} : { Authorization: `Bearer ${key}` }), ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }), 'generous', []).then((seen) => { charges.note(seen); return seen; });
  const setup = setupIn({ api, charges });
  await playMatrix(ask, setup, operations, tally);
  await playKeys(ask, setup, operations, tally);
  console.log(await leaksInFolder(ground.dataFolder, 'database'));
  const { settled, open } = await readHolds(ground.database);
  for (const problem of chargeProblems(charges.told, settled)) tally.breach('charges are what the answers said', problem, '');
  console.log({ open, settled: settled.length, told: charges.told.size });
  console.log(await auditLedger(ground.database));
  await ground.stop();
  return { promises: tally.promises, figures: Object.fromEntries(tally.counts), breaches: tally.breaches };
}
export const hostileDrill: Drill = { name: 'hostile', about: 'x', run };
if (import.meta.main) console.log(await hostileDrill.run({ seed: Number(process.argv[3] ?? 1), isLong: false, say: console.log }));
