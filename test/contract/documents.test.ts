import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { secretsOf } from '../../local/docs/configuration.ts';
import { JOBS } from '../../src/ops/jobs/jobs.ts';
import { PROMETHEUS_METRICS } from '../../src/ops/metrics/prometheus.ts';
import { SERIES } from '../../src/ops/metrics/series.ts';

const root = join(import.meta.dirname, '..', '..');
const documents = [
  'README.md',
  'STYLE.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
// safe because npm has read the same file
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

for (const name of documents) {
  const text = readFileSync(join(root, name), 'utf8');

  test(`${name} names only files, links and commands that exist`, () => {
    const missing: string[] = [];
    for (const [, path = ''] of text.matchAll(/`((?:src|docs|migrations|local|test|bench)\/[\w./-]*)`/g)) {
      if (!existsSync(join(root, path))) missing.push(path);
    }
    for (const [, link = ''] of text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)) {
      if (!existsSync(join(root, normalize(join(dirname(name), link))))) missing.push(link);
    }
    for (const [, script = ''] of text.matchAll(/npm run ([\w:]+)/g)) {
      if (!(script in scripts)) missing.push(`npm run ${script}`);
    }
    expect(missing).toEqual([]);
  });
}

test('every relative path in the map of src exists', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const map = readme.slice(readme.indexOf('## Map of `src/`'));
  const named = [...map.matchAll(/^\| `([a-z]+)\/` \|/gm)].map(([, folder = '']) => folder);
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const filled = folders.map((entry) => entry.name).filter((folder) => readdirSync(join(root, 'src', folder)).length > 0);
  expect(named.sort()).toEqual(filled.sort());
});

describe('docs/operating/operations.md', () => {
  const text = readFileSync(join(root, 'docs/operating/operations.md'), 'utf8');

  test.each(secretsOf(readFileSync(join(root, '.dev.vars.example'), 'utf8')))(
    'says what $name is and how it is rotated',
    ({ name, meaning }) => {
      expect(text).toContain(`| \`${name}\` | ${meaning} |`);
      const how = text.slice(text.indexOf('| To rotate it |'));
      expect(how).toMatch(new RegExp(`^\\| \`${name}\` \\| .{20,} \\| .{10,} \\|$`, 'm'));
    },
  );

  test.each([...Object.keys(PROMETHEUS_METRICS), ...Object.keys(SERIES), ...Object.keys(JOBS)])('documents %s', (name) => {
    expect(text).toContain(`| \`${name}\` |`);
  });

  test('names no metric in its alarms that there is none of', () => {
    for (const [name] of text.matchAll(/\bigskill_[a-z_]+/g)) expect(Object.keys(PROMETHEUS_METRICS)).toContain(name);
  });
});
