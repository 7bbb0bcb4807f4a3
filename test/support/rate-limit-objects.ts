import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { freePort } from '../../local/sqld.ts';
import { startWorker, untilReady, type WorkerProcess, wranglerScript } from '../../local/worker-process.ts';
import type { Allowance, TakenBoth } from '../../src/limits/limiter.ts';
import type { MissVerdict } from '../../src/limits/miss-allowance.ts';
import type { RateLimitObject, RateLimitObjects } from '../../src/limits/durable-object-limiter.ts';

/** The Worker's own Durable Object class behind an endpoint that does nothing but ask it. */
const entry = (worker: string) => `
export { RateLimit } from ${JSON.stringify(worker)};
export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname === '/ready') return new Response('ready');
    const { name, method, taking } = await request.json();
    return Response.json((await env.RATE_LIMITS.getByName(name)[method](...taking)) ?? null);
  },
};
`;

const configuration = `
name = "rate-limit-objects"
main = "entry.js"
compatibility_date = "2026-10-20"
compatibility_flags = ["nodejs_compat"]

[[durable_objects.bindings]]
name = "RATE_LIMITS"
class_name = "RateLimit"

[[migrations]]
tag = "v1"
new_sqlite_classes = ["RateLimit"]
`;

/** The rate limits' real Durable Objects in workerd, for one test file. */
export function useRateLimitObjects(): () => RateLimitObjects {
  const folder = mkdtempSync(join(tmpdir(), 'igskill-objects-'));
  let url: string | undefined;
  let worker: WorkerProcess | undefined;
  beforeAll(async () => {
    mkdirSync(join(folder, 'state'));
    writeFileSync(join(folder, 'entry.js'), entry(join(import.meta.dirname, '..', '..', 'src', 'worker.ts')));
    writeFileSync(join(folder, 'wrangler.toml'), configuration);
    writeFileSync(join(folder, 'settings.env'), '');
    const port = await freePort();
    const script = wranglerScript();
    if (!script.ok) throw new Error(script.error);
    const started = startWorker({
      script: script.value,
      projectFolder: folder,
      port,
      settingsFile: join(folder, 'settings.env'),
      stateFolder: join(folder, 'state'),
      logFile: join(folder, 'worker.log'),
    });
    if (!started.ok) throw new Error(started.error);
    worker = started.value;
    url = `http://127.0.0.1:${port}`;
    const trouble = await untilReady(url, worker, () => false);
    if (trouble !== null) throw new Error(`${trouble}\n${worker.lastLines()}`);
  });
  afterAll(async () => {
    await worker?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    if (url === undefined) throw new Error('the objects have not started');
    const base = url;
    const ask = async (name: string, method: keyof RateLimitObject, taking: readonly unknown[]): Promise<unknown> => {
      const answer = await fetch(base, { method: 'POST', body: JSON.stringify({ name, method, taking }) });
      return answer.json();
    };
    return {
      // safe because each method answers with nothing else, and a failure isn't JSON
      getByName: (name) => ({
        take: async (...taking) => (await ask(name, 'take', taking)) as Allowance,
        takeBoth: async (...taking) => (await ask(name, 'takeBoth', taking)) as TakenBoth,
        askTarget: async (...asked) => (await ask(name, 'askTarget', asked)) as MissVerdict,
        lease: async (ms) => (await ask(name, 'lease', [ms])) as boolean,
        endLease: async (ms) => void (await ask(name, 'endLease', [ms])),
        endTarget: async (...ended) => void (await ask(name, 'endTarget', ended)),
      }),
    };
  };
}
