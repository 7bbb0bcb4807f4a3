import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { heldByIsolate } from '../../local/inspector.ts';
import { freePort } from '../../local/sqld.ts';
import { startWorker, untilReady, wranglerScript } from '../../local/worker-process.ts';
import { envFileText } from '../../local/worker-settings.ts';
import type { Result } from '../../src/core/result.ts';
import type { Ground } from './hostile-world.ts';

/** The built Worker in workerd, reached over sockets only. */
export type DrillWorker = {
  readonly url: string;
  /** The process group, whose memory is measured. */
  readonly group: number;
  /** The isolate's heap after garbage collection, in bytes. */
  heldBytes(): Promise<number>;
  readonly stateFolder: string;
  /** The Worker's log lines, without wrangler's request log. */
  logLines(): readonly string[];
  stop(): Promise<void>;
};

/** Starts the Worker in an environment, like `npm run dev`. */
export async function startDrillWorker({ settings }: Ground): Promise<DrillWorker> {
  const folder = mkdtempSync(join(tmpdir(), 'igskill-drill-worker-'));
  const [port, inspectorPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const [settingsFile, logFile, stateFolder] = [join(folder, 'settings.env'), join(folder, 'worker.log'), join(folder, 'state')];
  // Without a token no rate-limit store is configured, and Durable Objects count instead.
  const { UPSTASH_REDIS_REST_URL: _storeUrl, ...given } = settings;
  writeFileSync(settingsFile, orThrow(envFileText(given)), { mode: 0o600 });
  const projectFolder = join(import.meta.dirname, '..', '..');
  const worker = orThrow(
    startWorker({ script: orThrow(wranglerScript()), projectFolder, port, settingsFile, stateFolder, logFile, inspectorPort }),
  );
  const trouble = await untilReady(url, worker, () => false);
  if (trouble !== null) {
    await worker.stop();
    throw new Error(`${trouble}\n${worker.lastLines()}`);
  }
  return {
    url,
    group: -worker.pid,
    heldBytes: () => heldByIsolate(`http://127.0.0.1:${inspectorPort}`),
    stateFolder,
    logLines: () =>
      readFileSync(logFile, 'utf8')
        .split('\n')
        .filter((line) => line.trim() !== '' && !line.includes('[wrangler')),
    stop: async () => {
      await worker.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function orThrow<T>(result: Result<T, string>): T {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}
