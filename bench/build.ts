import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { wranglerScript } from '../local/worker-process.ts';

export const PROJECT_FOLDER = dirname(import.meta.dirname);

const BUILD_FOLDER = join(PROJECT_FOLDER, '.build');

export type Bundle = { readonly folder: string; readonly file: string; readonly bytes: number; readonly gzipBytes: number };

/** Bundles a Worker into .build/ like `wrangler deploy`. `entry` is relative to the project's folder. Throws when wrangler fails. */
export function bundle(name: string, entry: string): Bundle {
  const script = wranglerScript();
  if (!script.ok) throw new Error(script.error);
  const folder = join(BUILD_FOLDER, name);
  const run = spawnSync(process.execPath, [script.value, 'deploy', entry, '--dry-run', '--outdir', folder], {
    cwd: PROJECT_FOLDER,
    encoding: 'utf8',
    env: {
      ...process.env,
      // The build command of wrangler.toml calls `node`, which must be the one that runs this.
      PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
      WRANGLER_SEND_METRICS: 'false',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    },
  });
  if (run.status !== 0) throw new Error(`The Worker could not be built.\n${run.stdout}${run.stderr}`);
  const file = join(folder, 'worker.js');
  const code = readFileSync(file);
  return { folder, file, bytes: code.byteLength, gzipBytes: gzipSync(code).byteLength };
}

/** Creates a folder for a run's files inside the project, because the system's temporary folder may be in memory. */
export function makeWorkFolder(): { readonly path: string; remove(): void } {
  mkdirSync(BUILD_FOLDER, { recursive: true });
  const path = mkdtempSync(join(BUILD_FOLDER, 'bench-run-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
