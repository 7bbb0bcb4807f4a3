import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { err, ok, type Result } from '../src/core/result.ts';

/** Marks a folder that the launcher created. Nothing is ever removed from a folder without it. */
const MARKER = '.igskill-local-stack';

const DATABASE = 'sqld';
const WORKER_STATE = 'worker';
const LOGS = 'logs';
const SETTINGS = 'worker.env';
const MEMORY = 'memory.json';
const STACK = 'stack.json';
const RUNNING = 'running.json';

const SHARD_DATABASE = /^sqld-\d$/;

/** The launcher's other entries. A fresh start removes these and the shards' databases. */
const OWN_ENTRIES = [DATABASE, WORKER_STATE, LOGS, SETTINGS, MEMORY, STACK, RUNNING];

/** Readable by the file's owner only, because the files contain keys. */
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/** The minimum that the Worker accepts. */
const MIN_SECRET_CHARACTERS = 32;

const Memory = z.object({
  operatorKey: z.string().optional(),
  customerKey: z.string().optional(),
  cursorSecret: z.string().min(MIN_SECRET_CHARACTERS).optional(),
  /** Never fewer than before, because keys name their shard. */
  shards: z.int().positive().optional(),
  ports: z.record(z.string(), z.int().min(1).max(65_535)).default({}),
});

/** State kept across starts. */
export type Memory = z.infer<typeof Memory>;

const Running = z.object({ launcher: z.int().positive() });

/** The folder of one local stack. Only one stack at a time may use it. */
export type DataFolder = {
  readonly path: string;
  readonly database: string;
  /** The database of a shard, from 0. */
  databaseOf(shard: number): string;
  readonly workerState: string;
  readonly logs: string;
  readonly settings: string;
  readonly memory: Memory;
  remember(memory: Memory): void;
  writeSettings(text: string): void;
  writeStack(stack: unknown): void;
  /** Releases the folder and keeps its content. */
  close(): void;
};

/** Claims a folder, creating it if missing. Fails with one sentence when it is in use, not a folder, or not the launcher's. */
export function openDataFolder(path: string, fresh: boolean): Result<DataFolder, string> {
  try {
    const refusal = prepare(path, fresh);
    if (refusal !== null) return err(refusal);
    mkdirSync(join(path, LOGS), { recursive: true, mode: PRIVATE_FOLDER });
    writePrivately(join(path, RUNNING), JSON.stringify({ launcher: process.pid }));
    return ok(folder(path));
  } catch (cause) {
    return err(
      `The data folder ${path} cannot be used (${cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason'}).`,
    );
  }
}

function prepare(path: string, fresh: boolean): string | null {
  if (!existsSync(path)) mkdirSync(path, { recursive: true, mode: PRIVATE_FOLDER });
  if (!statSync(path).isDirectory()) return `The data folder ${path} is not a folder.`;
  const entries = readdirSync(path);
  const isOwn = entries.includes(MARKER);
  const isForeign = fresh ? entries.length > 0 : entries.some(isOwnEntry);
  if (!isOwn && isForeign) return `The folder ${path} was not created by this launcher: give --data an empty or new folder.`;
  const holder = holderOf(path);
  if (holder !== null)
    return `A local stack (process ${holder}) already runs with its data in ${path}: stop it, or choose another folder with --data.`;
  if (fresh) for (const entry of entries.filter(isOwnEntry)) rmSync(join(path, entry), { recursive: true, force: true });
  // A stale list of URLs and keys would look valid.
  rmSync(join(path, STACK), { force: true });
  if (!isOwn) writePrivately(join(path, MARKER), 'Created by npm run dev; npm run dev -- --fresh empties it.\n');
  return null;
}

function isOwnEntry(entry: string): boolean {
  return OWN_ENTRIES.includes(entry) || SHARD_DATABASE.test(entry);
}

/** The process that uses the folder, or null. A killed launcher leaves its note behind. */
function holderOf(path: string): number | null {
  const noted = Running.safeParse(readJson(join(path, RUNNING)));
  if (!noted.success || noted.data.launcher === process.pid) return null;
  const { launcher } = noted.data;
  try {
    process.kill(launcher, 0);
  } catch {
    return null;
  }
  // The process id may be reused by another program; only Linux can tell.
  const commandLine = `/proc/${launcher}/cmdline`;
  return existsSync(commandLine) && !readFileSync(commandLine, 'utf8').includes('stack.ts') ? null : launcher;
}

function folder(path: string): DataFolder {
  const remembered = Memory.safeParse(readJson(join(path, MEMORY)) ?? {});
  return {
    path,
    database: join(path, DATABASE),
    databaseOf: (shard) => join(path, shard === 0 ? DATABASE : `${DATABASE}-${shard}`),
    workerState: join(path, WORKER_STATE),
    logs: join(path, LOGS),
    settings: join(path, SETTINGS),
    memory: remembered.success ? remembered.data : { ports: {} },
    remember: (memory) => writePrivately(join(path, MEMORY), `${JSON.stringify(memory, null, 2)}\n`),
    writeSettings: (text) => writePrivately(join(path, SETTINGS), text),
    writeStack: (stack) => writePrivately(join(path, STACK), `${JSON.stringify(stack, null, 2)}\n`),
    close: () => rmSync(join(path, RUNNING), { force: true }),
  };
}

/** Removed first, because an existing file keeps its permissions. */
function writePrivately(file: string, text: string): void {
  rmSync(file, { force: true });
  writeFileSync(file, text, { mode: PRIVATE_FILE });
}

function readJson(file: string): unknown {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return value;
  } catch {
    return undefined;
  }
}
