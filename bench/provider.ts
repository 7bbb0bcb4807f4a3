import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Posts from this number on are almost as large as a provider's response may be; their shortcodes have their own prefix. */
export const FIRST_HEAVY_TARGET = 9_000_000_000;
export const HEAVY_PREFIX = 'B9';

/** Just below the 10 MiB that the Worker reads of one response (src/net/fetch-json.ts). */
export const HEAVY_BYTES = 10_000_000;

export type InstantProvider = { readonly url: string; readonly pid: number; stop(): void };

export async function startProvider(): Promise<InstantProvider> {
  const child = fork(join(import.meta.dirname, 'provider-process.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [port] = await once(child, 'message');
  if (child.pid === undefined) throw new Error('the provider could not be started');
  return { url: `http://127.0.0.1:${String(port)}`, pid: child.pid, stop: () => void child.kill() };
}
