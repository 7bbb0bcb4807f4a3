import { spawn, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import { freePort } from '../../local/sqld.ts';

/** A start takes a fraction of a second; a loaded machine a few. */
const START_DEADLINE_MS = 15_000;
const START_INTERVAL_MS = 50;

/** Whether this machine has Redis; where not, the tests that need it are skipped, and say so. */
export const hasRedis: boolean = spawnSync('redis-server', ['--version']).status === 0;

if (!hasRedis) {
  console.warn('NO redis-server FOUND: the tests of rate limits on UPSTASH REDIS are SKIPPED. Install redis-server.');
}

/** A real Redis of its own on a free loopback port, in memory alone. */
export type Redis = { readonly url: string; stop(): Promise<void> };

/** Starts a Redis and waits until it answers. */
export async function startRedis(): Promise<Redis> {
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--daemonize', 'no'];
  const child = spawn('redis-server', args, { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = `redis://127.0.0.1:${port}`;
  for (const deadline = Date.now() + START_DEADLINE_MS; Date.now() < deadline; await sleep(START_INTERVAL_MS)) {
    if (await answers(url)) {
      return {
        url,
        stop: async () => {
          child.kill('SIGTERM');
          await ended;
        },
      };
    }
  }
  child.kill('SIGKILL');
  throw new Error('Redis did not start in time');
}

async function answers(url: string): Promise<boolean> {
  const client = createClient({ url, socket: { reconnectStrategy: false } });
  // Without a listener the client would throw what the call below reports anyway.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.ping();
    client.destroy();
    return true;
  } catch {
    return false;
  }
}
