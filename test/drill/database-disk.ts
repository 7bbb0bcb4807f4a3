import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Large enough for the longest run; a tmpfs takes no memory until it is used. */
const ROOM_MEBIBYTES = 512;

/** A busy server grows its files a few times a second, so one of these tries succeeds. */
const MOST_TRIES = 100;

/** The size limit of every file while the disk is "full": smaller than any database in use. */
const SMALLEST_FILE_BYTES = 4_096;

/** The database's data folder, with a way to make it run out of space. */
export type DatabaseDisk = {
  /** A short description of the method; null if this machine offers none. */
  readonly how: string | null;
  readonly folder: string;
  /** The command that starts the server. */
  readonly binary: string;
  /** Removes or restores the space of the server with this process id. */
  fill(pid: number): void;
  empty(pid: number): void;
  close(): void;
};

/**
 * Creates the disk in `folder`: a separate file system if this process may mount one, otherwise a limit on the server's file size, for
 * which the server is started with that limit's signal ignored.
 */
export function openDatabaseDisk(folder: string, binary: string): DatabaseDisk {
  const data = join(folder, 'sqld');
  mkdirSync(data);
  const nothing = () => undefined;
  if (runs('mount', '-t', 'tmpfs', '-o', `size=${ROOM_MEBIBYTES}m,mode=700`, 'igskill-drill', data)) {
    const resize = (size: string) => runs('mount', '-o', `remount,size=${size}`, data);
    return {
      how: 'a file system without space',
      folder: data,
      binary,
      fill: () => {
        const toUsed = () => {
          const { blocks, bfree, bsize } = statfsSync(data);
          return resize(String((blocks - bfree) * bsize));
        };
        // The server keeps writing, and a file system can't be shrunk below its contents.
        let tries = 1;
        while (!toUsed() && tries < MOST_TRIES) tries += 1;
        must(tries < MOST_TRIES);
      },
      empty: () => must(resize(`${ROOM_MEBIBYTES}m`)),
      close: () => void runs('umount', data),
    };
  }
  const limit = (pid: number, size: string) => runs('prlimit', '--pid', String(pid), `--fsize=${size}:`);
  if (limit(process.pid, 'unlimited')) {
    const wrapper = join(folder, 'sqld.sh');
    writeFileSync(wrapper, `#!/bin/sh\ntrap '' XFSZ\nexec '${binary}' "$@"\n`);
    chmodSync(wrapper, 0o700);
    return {
      how: 'a limit on the size of its files',
      folder: data,
      binary: wrapper,
      fill: (pid) => must(limit(pid, String(SMALLEST_FILE_BYTES))),
      empty: (pid) => must(limit(pid, 'unlimited')),
      close: nothing,
    };
  }
  return { how: null, folder: data, binary, fill: nothing, empty: nothing, close: nothing };
}

function runs(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function must(isDone: boolean): void {
  if (!isDone) throw new Error('the size of the database disk could not be changed');
}
