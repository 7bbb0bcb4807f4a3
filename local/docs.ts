import './require-node.mjs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { generatedDocs } from './docs/generated.ts';

// `npm run docs` writes the generated documents; with --check it only reports those that are out of date.
const root = join(import.meta.dirname, '..');
const checking = process.argv.includes('--check');
let outdated = 0;

for (const [name, content] of Object.entries(await generatedDocs(root))) {
  const path = join(root, name);
  const current = await readFile(path, 'utf8').catch(() => null);
  if (current === content) continue;
  outdated += 1;
  if (checking) {
    console.error(`${name} is out of date: run npm run docs and commit it.`);
  } else {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    console.log(`wrote ${name}`);
  }
}
if (checking && outdated > 0) process.exitCode = 1;
if (outdated === 0) console.log('Generated documents are up to date.');
