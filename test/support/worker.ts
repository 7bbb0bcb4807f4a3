import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@libsql/client';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { freePort } from '../../local/sqld.ts';
import { startFakes, type Fakes } from '../../local/fakes/fakes.ts';
import { startWorker, untilReady, type WorkerProcess, wranglerScript } from '../../local/worker-process.ts';
import { envFileText } from '../../local/worker-settings.ts';
import { auditLedger } from '../../src/billing/audit/full-audit.ts';
import type { Settings } from '../../src/env.ts';
import type { Result } from '../../src/core/result.ts';
import { type CountingProxy, countRequestsTo } from './counting-proxy.ts';
import { serverDatabase, sha256 } from './database.ts';
import { fakeSettings } from './settings.ts';
import { useSqld } from './sqld.ts';

/** The owner's key of the Worker under test. */
export const WORKER_OPERATOR_KEY = 'the-owner-key-of-the-worker-tests';

/** The built Worker in workerd, with a real libSQL server behind a counting proxy, and the fakes. */
export type RunningWorker = {
  readonly url: string;
  readonly database: Client;
  readonly proxy: CountingProxy;
  readonly fakes: Fakes;
  /** What wrangler and the Worker wrote: the log lines of requests among them. */
  readonly logFile: string;
  /** Where wrangler keeps the state of its bindings. */
  readonly stateFolder: string;
};

type WorkerSettings = Partial<Record<keyof Settings, string>>;

/**
 * Starts a Worker for one test file as `npm run dev` does, and audits its ledger after each test. Not wrangler's own test
 * harness: that sends the Worker's requests through Node's fetch, which follows redirects that workerd would not.
 * `settings` override those of the local stack; as a function they are asked for when the Worker starts.
 */
export function useWorker(settings: WorkerSettings | (() => WorkerSettings) = {}): () => RunningWorker {
  const sqldUrl = useSqld();
  const folder = mkdtempSync(join(tmpdir(), 'igskill-worker-'));
  let running: RunningWorker | undefined;
  let worker: WorkerProcess | undefined;
  beforeAll(async () => {
    const database = await serverDatabase(sqldUrl());
    const proxy = await countRequestsTo(sqldUrl());
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const fakes = orThrow(await startFakes({ webhookUrl: `${url}/v1/stripe/webhook` }));
    const [settingsFile, logFile] = [join(folder, 'settings.env'), join(folder, 'worker.log')];
    const stateFolder = join(folder, 'state');
    running = { url, database, proxy, fakes, logFile, stateFolder };
    writeFileSync(
      settingsFile,
      orThrow(
        envFileText({
          LIBSQL_URL: proxy.url,
          OWNER_ADMIN_KEY_SHA256: sha256(WORKER_OPERATOR_KEY),
          ...fakeSettings(fakes),
          ...(typeof settings === 'function' ? settings() : settings),
        }),
      ),
      { mode: 0o600 },
    );
    const projectFolder = join(import.meta.dirname, '..', '..');
    worker = orThrow(startWorker({ script: orThrow(wranglerScript()), projectFolder, port, settingsFile, stateFolder, logFile }));
    const trouble = await untilReady(url, worker, () => false);
    if (trouble !== null) throw new Error(`${trouble}\n${worker.lastLines()}`);
  });
  afterEach(async () => {
    if (running === undefined) return;
    const audit = await auditLedger(running.database);
    expect(Object.keys(audit).length).toBeGreaterThan(0);
    expect(
      Object.values(audit).every((broken) => broken === 0),
      JSON.stringify(audit),
    ).toBe(true);
  });
  afterAll(async () => {
    await worker?.stop();
    await running?.proxy.stop();
    await running?.fakes.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    if (running === undefined) throw new Error('the Worker has not started yet');
    return running;
  };
}

function orThrow<T>(result: Result<T, string>): T {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

/** A new customer, signed up over HTTP. */
export async function signUp(url: string): Promise<{ key: string; accountId: string }> {
  const response = await fetch(`${url}/v1/signup`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ accountName: 'Test team', keyName: 'test key' }),
  });
  // safe because the API's own tests check this shape
  const { apiKey, account } = (await response.json()) as { apiKey: string; account: { id: string } };
  return { key: apiKey, accountId: account.id };
}

/** What an account can spend and has set aside, over HTTP. */
export async function balanceOf(url: string, key: string): Promise<{ available: number; held: number }> {
  const response = await fetch(`${url}/v1/me`, { headers: { Authorization: `Bearer ${key}` } });
  // safe because the API's own tests check this shape
  const { balance } = (await response.json()) as { balance: { availableMicroCredits: number; heldMicroCredits: number } };
  return { available: balance.availableMicroCredits, held: balance.heldMicroCredits };
}
