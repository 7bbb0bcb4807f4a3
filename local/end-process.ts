import { setTimeout as sleep } from 'node:timers/promises';

const seconds = 1_000;

/** How long a process may take to end when it is asked to, before it is ended by force. */
const GRACE_MS = 5 * seconds;

/** How long after that its going is waited for; a process that nobody collects stays listed though it is gone. */
const FORCED_MS = 1 * seconds;

const INTERVAL_MS = 25;

/** Ends a process, or a whole process group when `pid` is negative: by asking first, then by force. Does nothing for one that is gone. */
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

/** Whether there was anything to send the signal to. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
