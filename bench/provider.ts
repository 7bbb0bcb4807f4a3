import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Posts from this number on are as large as an answer of a provider may nearly be; their shortcodes begin like no other's. */
export const FIRST_HEAVY_TARGET = 9_000_000_000;
export const HEAVY_PREFIX = 'B9';

/** Just below the 10 MiB that the Worker reads of one answer (src/net/fetch-json.ts). */
export const HEAVY_BYTES = 10_000_000;

/** The provider that answers at once, in a process of its own. */
export type InstantProvider = { readonly url: string; readonly pid: number; stop(): void };

/** Starts the provider on a free loopback port. */
export async function startProvider(): Promise<InstantProvider> {
  const child = fork(join(import.meta.dirname, 'provider-process.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [port] = await once(child, 'message');
  if (child.pid === undefined) throw new Error('the provider could not be started');
  return { url: `http://127.0.0.1:${String(port)}`, pid: child.pid, stop: () => void child.kill() };
}
