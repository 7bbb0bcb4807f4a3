import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { err, ok, type Result } from '../src/core/result.ts';

/** Says that the launcher made this folder; without it nothing in there is ever removed. */
const MARKER = '.igskill-local-stack';

const DATABASE = 'sqld';
const WORKER_STATE = 'worker';
const LOGS = 'logs';
const SETTINGS = 'worker.env';
const MEMORY = 'memory.json';
const STACK = 'stack.json';
const RUNNING = 'running.json';

/** The databases of the shards above the first. */
const SHARD_DATABASE = /^sqld-\d$/;

/** Everything else that the launcher creates in its folder. A fresh start removes both. */
const OWN_ENTRIES = [DATABASE, WORKER_STATE, LOGS, SETTINGS, MEMORY, STACK, RUNNING];

/** For the owner of the files alone: keys are in them. */
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/** As long as the Worker asks of it. */
const MIN_SECRET_CHARACTERS = 32;

const Memory = z.object({
  ownerKey: z.string().optional(),
  customerKey: z.string().optional(),
  cursorSecret: z.string().min(MIN_SECRET_CHARACTERS).optional(),
  /** How many databases there are; never fewer than there have been, since keys name theirs. */
  shards: z.int().positive().optional(),
  ports: z.record(z.string(), z.int().min(1).max(65_535)).default({}),
});

/** What is kept from one start to the next. */
export type Memory = z.infer<typeof Memory>;

const Running = z.object({ launcher: z.int().positive() });

/** The folder in which one local stack lives, and its parts. Only one stack at a time may hold it. */
export type DataFolder = {
  readonly path: string;
  readonly database: string;
  /** Where the database of a shard is: `database` for the first, number 0. */
  databaseOf(shard: number): string;
  readonly workerState: string;
  readonly logs: string;
  readonly settings: string;
  readonly memory: Memory;
  remember(memory: Memory): void;
  writeSettings(text: string): void;
  writeStack(stack: unknown): void;
  /** Lets go of the folder. What is in it stays. */
  close(): void;
};

/** Takes hold of a folder, making it when it is missing. Refuses with one sentence: in use, no folder, or not the launcher's own. */
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
  if (!isOwn && isForeign)
    return `The folder ${path} was not made by this launcher and is left alone: give --data an empty or a new folder.`;
  const holder = holderOf(path);
  if (holder !== null)
    return `A local stack (process ${holder}) already runs with its data in ${path}: stop it, or give another folder with --data.`;
  if (fresh) for (const entry of entries.filter(isOwnEntry)) rmSync(join(path, entry), { recursive: true, force: true });
  // An old list of addresses and keys would be read as if they worked.
  rmSync(join(path, STACK), { force: true });
  if (!isOwn) writePrivately(join(path, MARKER), 'Made by npm run dev, and emptied by npm run dev -- --fresh.\n');
  return null;
}

function isOwnEntry(entry: string): boolean {
  return OWN_ENTRIES.includes(entry) || SHARD_DATABASE.test(entry);
}

/** The process that holds the folder, or null. A launcher that was killed leaves its note behind. */
function holderOf(path: string): number | null {
  const noted = Running.safeParse(readJson(join(path, RUNNING)));
  if (!noted.success || noted.data.launcher === process.pid) return null;
  const { launcher } = noted.data;
  try {
    process.kill(launcher, 0);
  } catch {
    return null;
  }
  // Its number may have gone to another program since; only Linux lets us look.
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

/** Anew each time, because an existing file keeps the rights it has. */
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
