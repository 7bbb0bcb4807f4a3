import './require-node.mjs';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { unstable_readConfig } from 'wrangler';
import { deploymentProblems } from './deploy-settings.ts';
import { wranglerScript } from './worker-process.ts';

/** Half of the 3 MB that a compressed Worker may have on the free plan (developers.cloudflare.com/workers/platform/limits/#worker-size). */
const LARGEST_GZIP_BYTES = 1_500_000;

const outFolder = join(import.meta.dirname, '..', '.build', 'worker');
const wrangler = wranglerScript();
if (!wrangler.ok) {
  console.error(wrangler.error);
  process.exit(1);
}

for (const environment of ['staging', 'production']) {
  const { vars } = unstable_readConfig({ config: join(import.meta.dirname, '..', 'wrangler.toml'), env: environment });
  const problems = deploymentProblems(environment, vars);
  if (problems.length > 0) {
    console.error(problems.join('\n'));
    process.exit(1);
  }
  const run = spawnSync(process.execPath, [wrangler.value, 'deploy', '--dry-run', '--env', environment, '--outdir', outFolder], {
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' },
    encoding: 'utf8',
  });
  if (run.status !== 0) {
    console.error(`${run.stdout}${run.stderr}`);
    console.error(`The dry run of the ${environment} deployment failed.`);
    process.exit(1);
  }
}

const script = readdirSync(outFolder).find((name) => name === 'worker.js');
if (script === undefined) {
  console.error('The dry run wrote no worker.js.');
  process.exit(1);
}
const code = readFileSync(join(outFolder, script));
const compressed = gzipSync(code).byteLength;
const kilobytes = (bytes: number): string => `${Math.round(bytes / 1_000)} kB`;
console.log(
  `The Worker is ${kilobytes(code.byteLength)}, ${kilobytes(compressed)} compressed; the limit is ${kilobytes(LARGEST_GZIP_BYTES)}.`,
);
if (compressed > LARGEST_GZIP_BYTES) {
  console.error('The Worker exceeds the limit: check what was bundled.');
  process.exit(1);
}
