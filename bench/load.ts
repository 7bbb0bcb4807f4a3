import { fork } from 'node:child_process';
import { join } from 'node:path';

/** The requested posts: some in turn, or each once. Numbers as in `shortcodeOf`. */
export type Targets =
  | { readonly kind: 'none' }
  | { readonly kind: 'turn'; readonly first: number; readonly count: number }
  | { readonly kind: 'once'; readonly first: number };

/** A load: a number of callers with one open request each, for a time. */
export type LoadOrder = {
  readonly port: number;
  readonly callers: number;
  readonly warmMs: number;
  readonly measureMs: number;
  /** Ends early after this many requests; null for no such limit. */
  readonly mostRequests: number | null;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Callers use these keys in turn; empty for requests without a key. */
  readonly keys: readonly string[];
  readonly targets: Targets;
  readonly wanted: { readonly status: number; readonly text: string | null };
};

/** The result of a load. Latencies and `answers` cover the measured time; `total` and `wrong` cover all of it. */
export type LoadResult = {
  /** Correct responses in the measured time. */
  readonly answers: number;
  readonly seconds: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Correct responses including warm-up and those still open at the end. */
  readonly total: number;
  /** Incorrect responses by status; 0 is no response, -1 the expected status with other content. */
  readonly wrong: Readonly<Record<string, number>>;
  readonly taken: number;
};

/** Returns a shortcode of eleven characters, like the platform's, for a number. */
export function shortcodeOf(number: number): string {
  return `B${String(number).padStart(10, '0')}`;
}

export type LoadGenerator = { readonly pid: number; run(order: LoadOrder): Promise<LoadResult>; stop(): void };

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
