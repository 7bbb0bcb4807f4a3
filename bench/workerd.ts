import { join } from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import { type Bundle, PROJECT_FOLDER } from './build.ts';
import { childrenCalled } from './processes.ts';

/** A Worker in workerd, asked on a socket of workerd's own: no proxy in front of it. */
export type Workerd = {
  readonly url: string;
  readonly port: number;
  /** Null where the system doesn't say which process it is. */
  readonly pid: number | null;
  /** Where the inspector listens; null without `isInspected`. */
  readonly inspectorUrl: string | null;
  stop(): Promise<void>;
};

const NAME = 'igskill';

/**
 * Starts a bundle with the bindings of wrangler.toml: KV, Durable Objects and assets are local, their data in `stateFolder`. `settings`
 * come over the variables of wrangler.toml. Miniflare writes the configuration and starts workerd; the requests never pass through it.
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
      // Miniflare would ask Cloudflare for an example of `request.cf`.
      cf: false,
      log: new Log(LogLevel.NONE),
      // What the Worker logs is read, as in production, and thrown away.
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

/** The classes of Durable Objects that a Worker must export to be started here. */
export function boundClasses(): readonly string[] {
  return Object.values(configured().durableObjects).map(({ className }) => className);
}

/** wrangler.toml as Miniflare takes it, and the benchmark's own Durable Object beside those of the Worker. */
function configured() {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(PROJECT_FOLDER, 'wrangler.toml'));
  // safe because wrangler lists both for a configuration that has such bindings; its type only says that there may be anything
  const { bindings, durableObjects } = workerOptions as {
    readonly bindings: Readonly<Record<string, string>>;
    readonly durableObjects: Readonly<Record<string, { readonly className: string }>>;
  };
  return { workerOptions, bindings, durableObjects: { ...durableObjects, IDLE: { className: 'Idle', useSQLite: true } } };
}
