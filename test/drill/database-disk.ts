import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Room enough for the longest drill's database; it takes no memory before it is used. */
const ROOM_MEBIBYTES = 512;

/** A server at work grows its files a few times a second; so many tries in a row can't all miss. */
const MOST_TRIES = 100;

/** No file may grow beyond this while the disk is "full" by a limit: below any page of a database that is in use. Bytes. */
const SMALLEST_FILE_BYTES = 4_096;

/** Where the database keeps its data, and a way to let it run out of space. */
export type DatabaseDisk = {
  /** How it runs out, in a few words; null where this machine offers no way. */
  readonly how: string | null;
  readonly folder: string;
  /** The server's binary as it has to be started. */
  readonly binary: string;
  /** Leaves no space to the server with this process id; or gives it back. */
  fill(pid: number): void;
  empty(pid: number): void;
  close(): void;
};

/**
 * Makes the disk in `folder`: a file system of its own where this process may mount one, else a limit on the size of the server's files,
 * for which it is started so that it survives the signal that comes with it.
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
        // The server writes meanwhile, and a file system can't be made smaller than what is in it.
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
