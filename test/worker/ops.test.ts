import { expect, test, vi } from 'vitest';
import { MetricsView } from '../../src/routes/operator/metrics-view.ts';
import { signUp, useWorker, WORKER_OPERATOR_KEY } from '../support/worker.ts';

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
