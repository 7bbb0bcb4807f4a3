import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Settings } from '../src/env.ts';
import { err, ok, type Result } from '../src/core/result.ts';
import { endProcess } from './end-process.ts';

const seconds = 1_000;

/** The first start bundles the Worker, which takes most of this on a loaded machine with two cores. */
const READY_DEADLINE_MS = 120 * seconds;
const READY_INTERVAL_MS = 150;
const READY_REQUEST_MS = 10 * seconds;

const SHOWN_LOG_LINES = 15;

export type WorkerProcess = {
  /** The negative id of the process group. */
  readonly pid: number;
  /** Resolves when wrangler has ended for any reason. */
  readonly ended: Promise<void>;
  hasEnded(): boolean;
  lastLines(): string;
  stop(options?: { readonly force: boolean }): Promise<void>;
};

/** Returns the path of the project's wrangler, or one sentence. */
export function wranglerScript(): Result<string, string> {
  try {
    const script = join(dirname(createRequire(import.meta.url).resolve('wrangler/package.json')), 'bin', 'wrangler.js');
    if (existsSync(script)) return ok(script);
  } catch {
    // Not installed: the same message as for an incomplete package.
  }
  return err('wrangler is not installed: run npm ci first.');
}

/** Starts the Worker in `projectFolder` with the settings of `settingsFile` only. */
export function startWorker(options: {
  readonly script: string;
  readonly projectFolder: string;
  readonly port: number;
  readonly settingsFile: string;
  readonly stateFolder: string;
  readonly logFile: string;
  /** The port of V8's inspector; any free port by default. */
  readonly inspectorPort?: number;
}): Result<WorkerProcess, string> {
  const log = openSync(options.logFile, 'w', 0o600);
  const args = ['dev', '--local', '--ip', '127.0.0.1', '--port', String(options.port), '--local-protocol', 'http'];
  args.push('--inspector-port', String(options.inspectorPort ?? 0));
  // With --env-file wrangler reads neither .dev.vars nor .env.
  args.push('--env-file', options.settingsFile, '--persist-to', options.stateFolder, '--show-interactive-dev-session=false');
  const child = spawn(process.execPath, [options.script, ...args], {
    cwd: options.projectFolder,
    // Its own process group, so that wrangler, workerd and esbuild end together.
    detached: true,
    stdio: ['ignore', log, log],
    env: wranglerEnvironment(options.projectFolder, options.stateFolder),
  });
  closeSync(log);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  if (child.pid === undefined) return err('wrangler could not be started.');
  const pid = -child.pid;
  return ok({
    pid,
    ended,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    lastLines: () => lastLines(options.logFile),
    stop: (how) => endProcess(pid, how),
  });
}

/** Waits until the Worker is ready. Null when it is, else one sentence. Ends early when `isOver` returns true. */
export async function untilReady(baseUrl: string, worker: WorkerProcess, isOver: () => boolean): Promise<string | null> {
  let lastAnswer = 'it did not respond';
  for (const deadline = Date.now() + READY_DEADLINE_MS; Date.now() < deadline && !isOver(); await sleep(READY_INTERVAL_MS)) {
    if (worker.hasEnded()) return 'The Worker could not be started: wrangler ended.';
    try {
      const answer = await fetch(`${baseUrl}/ready`, { signal: AbortSignal.timeout(READY_REQUEST_MS) });
      await answer.body?.cancel();
      if (answer.status === 200) return null;
      lastAnswer = `GET /ready returned ${answer.status}`;
    } catch {
      // Not listening yet.
    }
  }
  return isOver() ? 'The start was interrupted.' : `The Worker was not ready within ${READY_DEADLINE_MS / seconds} seconds: ${lastAnswer}.`;
}

/** The environment without variables that change wrangler's behaviour, and with everything that keeps it offline. */
function wranglerEnvironment(projectFolder: string, stateFolder: string): NodeJS.ProcessEnv {
  const settings = new Set(Object.keys(Settings.shape));
  const isKept = (name: string) => !settings.has(name) && !/^(?:CLOUDFLARE|CF|WRANGLER)_|^(?:https?|all)_proxy$/i.test(name);
  const kept = Object.fromEntries(Object.entries(process.env).filter(([name]) => isKept(name)));
  return {
    ...kept,
    // The build command of wrangler.toml calls `node`, which must be the one that runs this.
    PATH: [join(projectFolder, 'node_modules', '.bin'), dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_SEND_ERROR_REPORTS: 'false',
    // The banner asks the registry for a newer version.
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_NO_SKILLS_UPDATE_PROMPTS: 'true',
    WRANGLER_WRITE_LOGS: 'false',
    WRANGLER_REGISTRY_PATH: join(stateFolder, 'registry'),
    WRANGLER_CACHE_DIR: join(stateFolder, 'cache'),
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    CLOUDFLARE_INCLUDE_PROCESS_ENV: 'false',
    X_LOCAL_EXPLORER: 'false',
    X_LOCAL_OBSERVABILITY: 'false',
    DO_NOT_TRACK: '1',
    NO_COLOR: '1',
    FORCE_COLOR: '0',
  };
}

function lastLines(file: string): string {
  // oxlint-disable-next-line no-control-regex -- colours of a terminal are control characters
  const plain = readFileSync(file, 'utf8').replace(/\u001B\[[0-9;]*[A-Za-z]/g, '');
  return plain
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-SHOWN_LOG_LINES)
    .join('\n');
}
