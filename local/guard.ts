import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

/** Tells the guardian, a process that outlives this one, what to end should this one be killed. */
export type Guardian = {
  watch(pid: number): void;
  forget(pid: number): void;
  /** Only after everything watched was forgotten; what is still watched is ended. */
  dismiss(): void;
};

/** Starts the guardian. */
export function startGuardian(): Guardian {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, 'guardian.ts')], {
    // In a group of its own: what ends the launcher's group must not end its guardian.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // A guardian that is gone can't be told anything; the launcher still ends its children itself.
  child.on('error', () => undefined);
  child.stdin?.on('error', () => undefined);
  child.unref();
  return {
    watch: (pid) => void child.stdin?.write(`+${pid}\n`),
    forget: (pid) => void child.stdin?.write(`-${pid}\n`),
    dismiss: () => void child.stdin?.end(),
  };
}
