// Runs the built Worker in workerd, in a separate process, configured by arguments and controlled by messages. It ends with its parent,
// and restarts workerd when that is killed, as the platform replaces a failed machine.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import { z } from 'zod';

/** The options of the host, as JSON in its first argument. */
const HostOptions = z.object({
  projectFolder: z.string(),
  script: z.string(),
  stateFolder: z.string(),
  port: z.int(),
  settings: z.record(z.string(), z.string()),
});

const Order = z.object({ binding: z.string(), mode: z.enum(['works', 'throws', 'hangs']) });

const { projectFolder, script, stateFolder, port, settings } = HostOptions.parse(JSON.parse(process.argv[2] ?? '{}'));
const Designator = z.looseObject({ className: z.string() });

/** The parts of wrangler's configuration that are changed here. */
const Made = z.looseObject({
  compatibilityDate: z.string(),
  bindings: z.record(z.string(), z.unknown()),
  serviceBindings: z.record(z.string(), z.unknown()),
  durableObjects: z.object({ RATE_LIMITS: Designator, METRICS: Designator }).catchall(Designator),
});

const made = Made.parse(unstable_getMiniflareWorkerOptions(join(projectFolder, 'wrangler.toml')).workerOptions);
const { RATE_LIMITS, METRICS, ...objects } = made.durableObjects;

/** Routes a binding through the faulty one. */
const by = (entrypoint: string) => ({ name: 'faulty-bindings', entrypoint });

/** An object of the service's class, bound in another Worker. */
const ofService = (className: string) => ({ className, scriptName: 'igskill', useSQLite: true });

const service = {
  ...made,
  name: 'igskill',
  modulesRules: undefined,
  kvNamespaces: {},
  modules: [{ type: 'ESModule', path: 'worker.js', contents: readFileSync(script, 'utf8') }],
  bindings: { ...made.bindings, ...settings },
  serviceBindings: {
    ...made.serviceBindings,
    CONTENT_CACHE: by('ContentCache'),
    RATE_LIMITS: by('RateLimits'),
    METRICS: by('Metrics'),
  },
  // A class must be bound in its own Worker to be instantiated.
  durableObjects: { ...objects, REAL_RATE_LIMITS: RATE_LIMITS, REAL_METRICS: METRICS },
};

const faultyModule = {
  type: 'ESModule',
  path: 'faulty-bindings.js',
  contents: readFileSync(join(import.meta.dirname, 'faulty-bindings.js'), 'utf8'),
};

const options = {
  host: '127.0.0.1',
  port,
  cf: false,
  telemetry: { enabled: false },
  unsafeTriggerHandlers: true,
  unsafeHandleRuntimeRestart: () => void process.send?.({ restarted: true }),
  resourcePersistencePath: stateFolder,
  workers: [
    service,
    {
      name: 'faulty-bindings',
      compatibilityDate: made.compatibilityDate,
      modules: [faultyModule],
      kvNamespaces: { REAL: 'content-cache' },
      durableObjects: { REAL_RATE_LIMITS: ofService('RateLimit'), REAL_METRICS: ofService('Metrics') },
    },
  ],
};
// safe because Miniflare checks the options itself, and these are what wrangler made for it
const miniflare = new Miniflare(convertV4MiniflareOptions(options as Parameters<typeof convertV4MiniflareOptions>[0]));

/** Ends this process with its parent, also if the parent is killed. */
async function end(): Promise<void> {
  await miniflare.dispose().catch(() => undefined);
  process.exit(0);
}

async function setMode(message: unknown): Promise<void> {
  const { binding, mode } = Order.parse(message);
  const control = await miniflare.getWorker('faulty-bindings');
  const answer = await control.fetch(`http://faulty-bindings/${binding}`, { method: 'PUT', body: mode });
  process.send?.({ done: answer.status === 204 });
}

process.on('disconnect', () => void end());
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('SIGTERM', () => void end());
await miniflare.ready;
process.on('message', (message) => void setMode(message).catch(() => process.send?.({ done: false })));
process.send?.({ done: true });
