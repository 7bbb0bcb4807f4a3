import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

/** Tells the guardian, a process that outlives this one, what to end if this one is killed. */
export type Guardian = {
  watch(pid: number): void;
  forget(pid: number): void;
  /** Ends the guardian, which ends whatever is still watched. */
  dismiss(): void;
};

export function startGuardian(): Guardian {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, 'guardian.ts')], {
    // Its own process group: a signal to the launcher's group must not end the guardian.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a guardian the launcher still ends its children itself.
  child.on('error', () => undefined);
  child.stdin?.on('error', () => undefined);
  child.unref();
  return {
    watch: (pid) => void child.stdin?.write(`+${pid}\n`),
    forget: (pid) => void child.stdin?.write(`-${pid}\n`),
    dismiss: () => void child.stdin?.end(),
  };
}
