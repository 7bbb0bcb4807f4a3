import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import { wranglerScript } from '../../local/worker-process.ts';
import { hashApiKey } from '../../src/billing/keys/api-key.ts';
import { microCredits } from '../../src/core/money.ts';
import { MetricsView } from '../../src/routes/operator/metrics-view.ts';
import { sha256, textOf } from '../support/database.ts';
import { ledgerOver } from '../support/ledger.ts';
import { signUp, useWorker, WORKER_OPERATOR_KEY } from '../support/worker.ts';

const DAY_MS = 86_400_000;
const run = promisify(execFile);
const worker = useWorker();

async function metrics() {
  const answer = await fetch(`${worker().url}/v1/ops/metrics?window=1h`, { headers: { Authorization: `Bearer ${WORKER_OPERATOR_KEY}` } });
  return MetricsView.parse(await answer.json());
}

test('shows in the metrics what was counted of requests, once, after the object has written it', async () => {
  const { key } = await signUp(worker().url);
  const read = () => fetch(`${worker().url}/v1/post?url=DemoImage01`, { headers: { Authorization: `Bearer ${key}` } });
  for (let count = 0; count < 3; count += 1) expect((await read()).status).toBe(200);
  const reads = async () => (await metrics()).requests.byEndpoint.find(({ endpoint }) => endpoint === 'GET /v1/post')?.outcomes['ok'];
  await vi.waitUntil(async () => (await reads()) === 3, { timeout: 20_000, interval: 500 });
  // Another flush has passed by when what came after the reads is written: it adds nothing to them.
  const signUps = async () => (await metrics()).requests.byEndpoint.find(({ endpoint }) => endpoint === 'POST /v1/signup')?.outcomes['ok'];
  await signUp(worker().url);
  await vi.waitUntil(async () => (await signUps()) === 2, { timeout: 20_000, interval: 500 });
  const seen = await metrics();
  expect(await reads()).toBe(3);
  expect(seen.cache).toMatchObject({ hits: 2, misses: 1 });
  expect(seen.credits).toMatchObject({ settledMicroCredits: 5_000, openMicroCredits: 0 });
});

test('the cron records each job with its success and audits the ledger', async () => {
  const before = await metrics();
  expect(before.jobs.every((job) => job.overdue)).toBe(true);
  expect((await fetch(`${worker().url}/cdn-cgi/handler/scheduled`)).status).toBe(200);
  await vi.waitUntil(async () => (await metrics()).jobs.every((job) => job.lastSuccessAt !== null), { timeout: 20_000, interval: 200 });
  const after = await metrics();
  expect(after.jobs.some((job) => job.overdue || job.lastFailureAt !== null)).toBe(false);
  expect(after.audit).toMatchObject({ brokenRows: 0, runningPass: null });
  expect(after.audit.lastPass?.accounts).toBeGreaterThan(0);
});

test('the cron moves a request that is over age into a file of the bucket', async () => {
  const { url, database, stateFolder } = worker();
  const { key } = await signUp(url);
  const past = Date.now() - 401 * DAY_MS;
  const id = 'req_00000000000000000000000000';
  const spend = {
    id,
    keyHash: hashApiKey(key),
    fingerprint: sha256('old'),
    lines: [{ item: 'media', amount: microCredits(3_000) }],
  } as const;
  // The run above has ended a pass; the next would begin tomorrow.
  await database.execute(`DELETE FROM job WHERE name = 'apply_retention'`);
  expect((await ledgerOver({ client: database, clock: () => past }).charge(spend, { endpoint: '/v1/post' })).ok).toBe(true);
  expect((await fetch(`${url}/cdn-cgi/handler/scheduled`)).status).toBe(200);
  const files = async () => (await database.execute('SELECT file, holds, settled_micros FROM archive WHERE done_at IS NOT NULL')).rows;
  await vi.waitUntil(async () => (await files()).length === 1, { timeout: 20_000, interval: 200 });
  const [archived] = await files();
  expect(archived).toMatchObject({ holds: 1, settled_micros: 3_000 });
  const headers = { Authorization: `Bearer ${key}` };
  const usage = await (await fetch(`${url}/v1/usage`, { headers })).json();
  expect(usage).toMatchObject({ items: [], archivedBefore: new Date(past - (past % DAY_MS) + DAY_MS).toISOString() });
  expect((await fetch(`${url}/v1/usage/${id}`, { headers })).status).toBe(404);
  const name = `igskill-archive/${textOf(archived?.['file'])}`;
  const script = wranglerScript();
  if (!script.ok) throw new Error(script.error);
  const stored = await run(
    process.execPath,
    [script.value, 'r2', 'object', 'get', name, '--local', '--persist-to', stateFolder, '--pipe'],
    {
      encoding: 'buffer',
    },
  );
  const lines = gunzipSync(stored.stdout).toString('utf8').trimEnd().split('\n');
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
    { format: 1, kind: 'settled', requests: 1, settledMicros: 3_000 },
    { id, state: 'settled', settledMicros: 3_000, receipt: { endpoint: '/v1/post' }, lines: [{ item: 'media', settledMicros: 3_000 }] },
  ]);
});
