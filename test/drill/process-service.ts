import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { z } from 'zod';
import type { Client } from '@libsql/client';
import { endProcess } from '../../local/end-process.ts';
import { startGuardian } from '../../local/guard.ts';
import { freePort, type Sqld, sqldBinary, startSqld } from '../../local/sqld.ts';
import { wranglerScript } from '../../local/worker-process.ts';
import { serverDatabase, sha256 } from '../support/database.ts';
import { fakeSettings } from '../support/settings.ts';
import { type DatabaseDisk, openDatabaseDisk } from './database-disk.ts';

const seconds = 1_000;

/** A host starts within seconds on an idle machine, but much slower on a busy one. */
const START_MS = 60 * seconds;

/** Signals that end a run early, and their exit codes. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const INTERRUPTED = 130;

const PROJECT_FOLDER = join(import.meta.dirname, '..', '..');

/** The bindings that can fail, and how. */
type Binding = 'CONTENT_CACHE' | 'RATE_LIMITS' | 'METRICS';
type BindingMode = 'works' | 'throws' | 'hangs';

/** The whole service in separate processes, with the means to disturb them. */
export type Service = {
  readonly url: string;
  readonly stripeUrl: string;
  readonly database: Client;
  readonly disk: DatabaseDisk;
  /** The log of the Worker and its runtime. */
  readonly logFile: string;
  /** When workerd was killed and when it answered again, unix milliseconds. */
  readonly outages: { readonly from: number; until: number }[];
  /** How often workerd was restarted. */
  restarts(): number;
  killWorkerd(): void;
  killDatabase(): Promise<void>;
  restartDatabase(): Promise<void>;
  signalDatabase(signal: 'SIGSTOP' | 'SIGCONT'): void;
  signalFakes(signal: 'SIGSTOP' | 'SIGCONT'): void;
  fillDisk(): void;
  emptyDisk(): void;
  setBinding(binding: Binding, mode: BindingMode): Promise<void>;
  runCron(): Promise<void>;
  /** Ends every process and deletes every file. May be called at any time, repeatedly. */
  close(): Promise<void>;
};

const FakesStarted = z.object({
  baseUrls: z.object({
    apify: z.string(),
    hikerapi: z.string(),
    scrapecreators: z.string(),
    instagram: z.string(),
    achronon: z.string(),
    stripe: z.string(),
  }),
});

/** Status messages of the Worker's host. */
const Restarted = z.object({ restarted: z.literal(true) });

/** Builds the Worker and starts everything. `settings` override those of the tests. Cleans up after a failure or a signal. */
export async function startService(settings: Readonly<Record<string, string>>): Promise<Service> {
  const folder = mkdtempSync(join(tmpdir(), 'igskill-processes-'));
  const guardian = startGuardian();
  const ends: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= endAll(ends).finally(() => guardian.dismiss()));
  const { promise: starting, resolve: hasStarted } = Promise.withResolvers<void>();
  // A process can only be ended once it has started.
  const onSignal = () => void starting.then(close).finally(() => process.exit(INTERRUPTED));
  for (const signal of SIGNALS) process.on(signal, onSignal);
  ends.push(() => SIGNALS.forEach((signal) => process.off(signal, onSignal)));
  const watch = (pid: number | undefined) => {
    if (pid !== undefined) guardian.watch(pid);
  };
  try {
    const script = buildWorker(folder);
    const disk = openDatabaseDisk(folder, sqldBinary());
    ends.unshift(() => disk.close());
    const where = { dataDir: disk.folder, port: await freePort(), binary: disk.binary };
    let sqld = await startSqld(where);
    watch(sqld.pid);
    ends.unshift(() => stopDatabase(sqld));
    const database = await serverDatabase(sqld.url);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const logFile = join(folder, 'worker.log');
    const fakes = forkHost('fakes-host.ts', [`${url}/v1/stripe/webhook`], join(folder, 'fakes.log'));
    watch(fakes.pid);
    ends.unshift(() => endHost(fakes));
    const { baseUrls } = FakesStarted.parse(await nextMessage(fakes));
    const values = { LIBSQL_URL: sqld.url, OWNER_ADMIN_KEY_SHA256: sha256('nobody'), ...fakeSettings({ baseUrls }), ...settings };
    const stateFolder = join(folder, 'state');
    mkdirSync(stateFolder);
    const options = JSON.stringify({ projectFolder: PROJECT_FOLDER, script, stateFolder, port, settings: values });
    const host = forkHost('worker-host.ts', [options], logFile);
    watch(host.pid);
    ends.unshift(() => endHost(host));
    let restarts = 0;
    host.on('message', (message) => {
      if (Restarted.safeParse(message).success) restarts += 1;
    });
    await nextMessage(host);
    const outages: Service['outages'] = [];
    return {
      url,
      stripeUrl: baseUrls.stripe,
      database,
      disk,
      logFile,
      outages,
      restarts: () => restarts,
      killWorkerd: () => {
        outages.push({ from: Date.now(), until: Number.POSITIVE_INFINITY });
        for (const pid of childrenOf(host.pid)) process.kill(pid, 'SIGKILL');
      },
      killDatabase: () => {
        process.kill(sqld.pid, 'SIGKILL');
        return sqld.ended;
      },
      restartDatabase: async () => {
        guardian.forget(sqld.pid);
        sqld = await startSqld(where);
        watch(sqld.pid);
      },
      signalDatabase: (signal) => void process.kill(sqld.pid, signal),
      signalFakes: (signal) => void fakes.kill(signal),
      fillDisk: () => disk.fill(sqld.pid),
      emptyDisk: () => disk.empty(sqld.pid),
      setBinding: async (binding, mode) => {
        host.send({ binding, mode });
        const answer = z.object({ done: z.boolean() }).parse(await nextMessage(host));
        if (!answer.done) throw new Error(`${binding} could not be told to be what ${mode}`);
      },
      runCron: async () => {
        const answer = await fetch(`${url}/cdn-cgi/local/scheduled`, { signal: AbortSignal.timeout(START_MS) });
        await answer.text();
        if (!answer.ok) throw new Error(`the cron answered ${answer.status}`);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  } finally {
    hasStarted();
  }
}

async function endAll(ends: readonly (() => Promise<void> | void)[]): Promise<void> {
  for (const end of ends) {
    try {
      await end();
    } catch (error) {
      // A process that can't be ended must not keep the others from ending.
      console.error(error instanceof Error ? error.message : error);
    }
  }
}

/** The only signal that a stopped process handles. */
async function stopDatabase(sqld: Sqld): Promise<void> {
  await endProcess(sqld.pid, { force: true });
  await sqld.ended;
}

async function endHost(host: ChildProcess): Promise<void> {
  if (host.pid === undefined || host.exitCode !== null || host.signalCode !== null) return;
  host.kill('SIGCONT');
  await endProcess(host.pid);
}

function forkHost(file: string, args: readonly string[], logFile: string): ChildProcess {
  const log = openSync(logFile, 'a', 0o600);
  const host = fork(join(import.meta.dirname, file), args, {
    stdio: ['ignore', log, log, 'ipc'],
    env: {
      ...process.env,
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_WRITE_LOGS: 'false',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      NO_COLOR: '1',
    },
  });
  closeSync(log);
  return host;
}

function nextMessage(host: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void) => {
      clearTimeout(late);
      host.off('exit', onExit);
      host.off('message', onMessage);
      settle();
    };
    const late = setTimeout(() => finish(() => reject(new Error('a process did not answer in time'))), START_MS);
    const onExit = () => finish(() => reject(new Error('a process ended by itself')));
    const onMessage = (message: unknown) => {
      if (!Restarted.safeParse(message).success) finish(() => resolve(message));
    };
    host.on('exit', onExit);
    host.on('message', onMessage);
  });
}

/** The build that a deployment would upload. */
function buildWorker(folder: string): string {
  const wrangler = wranglerScript();
  if (!wrangler.ok) throw new Error(wrangler.error);
  const out = join(folder, 'worker');
  const run = spawnSync(process.execPath, [wrangler.value, 'deploy', '--dry-run', '--env', '', '--outdir', out], {
    cwd: PROJECT_FOLDER,
    encoding: 'utf8',
    env: {
      ...process.env,
      // The build command of wrangler.toml calls `node`, which must be this one.
      PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_WRITE_LOGS: 'false',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    },
  });
  if (run.status !== 0) throw new Error(`The Worker could not be built.\n${run.stderr}`);
  return join(out, 'worker.js');
}

/** The running child processes, from /proc if available, otherwise from ps. */
function childrenOf(parent: number | undefined): readonly number[] {
  if (process.platform !== 'linux') {
    const listed = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).stdout.trim().split('\n');
    return listed
      .map((line) => line.trim().split(/\s+/).map(Number))
      .flatMap(([pid, of]) => (pid !== undefined && of === parent ? [pid] : []));
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === parent)
    .map(Number);
}

function parentOf(pid: string): number | null {
  try {
    // After the name in parentheses come the state and the parent.
    return Number(
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')[1],
    );
  } catch {
    return null;
  }
}
