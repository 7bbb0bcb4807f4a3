// Started by the launcher, which reports on standard input which processes started (`+pid`) and ended (`-pid`); a negative pid is a process
// group. When the input closes, the launcher is gone, even if it was killed, and the processes that are still listed are ended.
import { createInterface } from 'node:readline';
import { endProcess } from './end-process.ts';

/** Only the launcher decides when to end; a Ctrl-C in the terminal reaches this process too. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

const running = new Set<number>();

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const match = /^([+-])(-?[1-9]\d*)$/.exec(line.trim());
    if (match?.[1] === '+') running.add(Number(match[2]));
    else if (match !== null) running.delete(Number(match[2]));
  })
  .on('close', () => {
    void Promise.all([...running].map((pid) => endProcess(pid)));
  });
