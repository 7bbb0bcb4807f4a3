import { join } from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import { type Bundle, PROJECT_FOLDER } from './build.ts';
import { childrenCalled } from './processes.ts';

/** A Worker in workerd, called on workerd's own socket without a proxy in front. */
export type Workerd = {
  readonly url: string;
  readonly port: number;
  /** Null where the system does not report it. */
  readonly pid: number | null;
  readonly inspectorUrl: string | null;
  stop(): Promise<void>;
};

const NAME = 'igskill';

/**
 * Starts a bundle with the bindings of wrangler.toml. KV, Durable Objects and assets are local, with their data in `stateFolder`.
 * `settings` override the variables of wrangler.toml. Miniflare configures and starts workerd; requests do not pass through it.
 */
export async function startWorkerd(options: {
  readonly bundle: Bundle;
  readonly entrypoint: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly stateFolder: string;
  readonly isInspected?: boolean;
}): Promise<Workerd> {
  const { bundle, entrypoint, settings, stateFolder, isInspected = false } = options;
  const { workerOptions, bindings, durableObjects } = configured();
  const before = childrenCalled('workerd');
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port: 0,
      // Otherwise Miniflare fetches an example of `request.cf` from Cloudflare.
      cf: false,
      log: new Log(LogLevel.NONE),
      // Reads and discards the Worker's log, as in production.
      handleStructuredLogs: () => undefined,
      resourcePersistencePath: stateFolder,
      ...(isInspected ? { inspectorPort: 0 } : {}),
      workers: [
        {
          ...workerOptions,
          name: NAME,
          modulesRoot: bundle.folder,
          modules: [{ type: 'ESModule', path: bundle.file }],
          bindings: { ...bindings, ...settings },
          durableObjects: durableObjects,
          unsafeDirectSockets: [{ host: '127.0.0.1', port: 0, entrypoint }],
        },
      ],
    }),
  );
  await miniflare.ready;
  const url = await miniflare.unsafeGetDirectURL(NAME, entrypoint);
  const pid = childrenCalled('workerd').find((child) => !before.includes(child)) ?? null;
  return {
    url: url.origin,
    port: Number(url.port),
    pid,
    inspectorUrl: isInspected ? (await miniflare.getInspectorURL()).href : null,
    stop: () => miniflare.dispose(),
  };
}

/** Returns the Durable Object classes that a Worker must export to be started here. */
export function boundClasses(): readonly string[] {
  return Object.values(configured().durableObjects).map(({ className }) => className);
}

/** Reads wrangler.toml for Miniflare and adds the benchmark's own Durable Object. */
function configured() {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(PROJECT_FOLDER, 'wrangler.toml'));
  // safe because wrangler lists both for a configuration with such bindings
  const { bindings, durableObjects } = workerOptions as {
    readonly bindings: Readonly<Record<string, string>>;
    readonly durableObjects: Readonly<Record<string, { readonly className: string }>>;
  };
  return { workerOptions, bindings, durableObjects: { ...durableObjects, IDLE: { className: 'Idle', useSQLite: true } } };
}
