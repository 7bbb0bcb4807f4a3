import { fork } from 'node:child_process';
import { join } from 'node:path';

/** Which posts are asked for: some in turn, or each only once. Numbers are those of `shortcodeOf`. */
export type Targets =
  | { readonly kind: 'none' }
  | { readonly kind: 'turn'; readonly first: number; readonly count: number }
  | { readonly kind: 'once'; readonly first: number };

/** One piece of load: so many callers, each with one request open at a time, for so long. */
export type LoadOrder = {
  readonly port: number;
  readonly callers: number;
  /** Before the measured time, milliseconds. */
  readonly warmMs: number;
  readonly measureMs: number;
  /** Ends before its time with so many requests; null for no such end. */
  readonly mostRequests: number | null;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** One caller after the other takes the next of these keys; empty where there is none to send. */
  readonly keys: readonly string[];
  readonly targets: Targets;
  readonly wanted: { readonly status: number; readonly text: string | null };
};

/** What came of it. Latencies and `answers` are of the measured time; `total` and what went wrong are of all of it. */
export type LoadResult = {
  /** Good answers in the measured time. */
  readonly answers: number;
  readonly seconds: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Good answers in all, warm-up and what was still open at the end included. */
  readonly total: number;
  /** Answers that were not the wanted ones, by status; 0 is none at all, -1 one of the wanted status that says something else. */
  readonly wrong: Readonly<Record<string, number>>;
  /** How many targets were taken. */
  readonly taken: number;
};

/** A shortcode for each number, of eleven characters as the platform's own are. */
export function shortcodeOf(number: number): string {
  return `B${String(number).padStart(10, '0')}`;
}

/** The load generator, in a process of its own. */
export type LoadGenerator = { readonly pid: number; run(order: LoadOrder): Promise<LoadResult>; stop(): void };

/** Starts the load generator. */
export function startLoadGenerator(): LoadGenerator {
  const child = fork(join(import.meta.dirname, 'load-process.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  if (child.pid === undefined) throw new Error('the load generator could not be started');
  return {
    pid: child.pid,
    run: (order) =>
      new Promise((resolve, reject) => {
        const ended = () => reject(new Error('the load generator ended'));
        child.once('exit', ended);
        child.once('message', (result) => {
          child.off('exit', ended);
          // safe because load-process.ts sends nothing else
          resolve(result as LoadResult);
        });
        child.send(order);
      }),
    stop: () => void child.kill(),
  };
}
