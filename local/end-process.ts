import { setTimeout as sleep } from 'node:timers/promises';

const seconds = 1_000;

/** How long a process may take after SIGTERM before it is killed. */
const GRACE_MS = 5 * seconds;

/** How long to wait after SIGKILL; a process that nobody reaps stays listed. */
const FORCED_MS = 1 * seconds;

const INTERVAL_MS = 25;

/** Ends a process, or a process group when `pid` is negative: SIGTERM first, then SIGKILL. Does nothing for one that is gone. */
export async function endProcess(pid: number, options: { readonly force: boolean } = { force: false }): Promise<void> {
  if (!options.force) {
    if (!signal(pid, 'SIGTERM')) return;
    if (await isGone(pid, GRACE_MS)) return;
  }
  if (signal(pid, 'SIGKILL')) await isGone(pid, FORCED_MS);
}

async function isGone(pid: number, withinMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < withinMs; waitedMs += INTERVAL_MS) {
    if (!signal(pid, 0)) return true;
    await sleep(INTERVAL_MS);
  }
  return false;
}

/** False when there is no such process. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
