// Started by the launcher and told on its standard input which processes were started (`+pid`) and which have ended (`-pid`);
// a negative pid is a whole process group. When the input ends, the launcher is gone, even if it was killed without a chance to
// clean up: whatever is still on the list is ended.
import { createInterface } from 'node:readline';
import { endProcess } from './end-process.ts';

/** The launcher alone decides when to end; a Ctrl-C of the terminal reaches this process as well. */
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
