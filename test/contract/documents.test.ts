import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { secretsOf } from '../../local/docs/configuration.ts';
import { JOBS } from '../../src/ops/jobs/jobs.ts';
import { PROMETHEUS_METRICS } from '../../src/ops/metrics/prometheus.ts';
import { SERIES } from '../../src/ops/metrics/series.ts';
import { markdownFiles } from '../support/markdown.ts';

const root = join(import.meta.dirname, '..', '..');
const readText = (path: string) => readFileSync(join(root, path), 'utf8');
// safe because npm has read the same file
const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> };

for (const name of markdownFiles(root)) {
  test(`${name} names only files and commands that exist`, () => {
    const text = readText(name);
    const missing: string[] = [];
    for (const [, path = ''] of text.matchAll(/`((?:src|docs|migrations|local|test|bench)\/[\w./-]*)`/g)) {
      if (!existsSync(join(root, path))) missing.push(path);
    }
    for (const [, script = ''] of text.matchAll(/npm run ([\w:]+)/g)) {
      if (!(script in scripts)) missing.push(`npm run ${script}`);
    }
    expect(missing).toEqual([]);
  });
}

test('README.md has at most 150 lines', () => {
  expect(readText('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(150);
});

test("CI runs the README's test command after a clean install", () => {
  const readme = readText('README.md');
  expect(readme).toContain('\nnpm ci && npm run dev\n');
  expect(readme).toContain('\nnpm ci && npm test\n');
  expect(readText('.ci/run')).toMatch(/^npm ci\nnpm run verify$/m);
  expect(scripts['verify']).toContain('&& npm test &&');
});

test('the map in STYLE.md lists every folder of src', () => {
  const named = [...readText('STYLE.md').matchAll(/^\| `src\/([a-z]+)` \|/gm)].map(([, folder = '']) => folder);
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(named.sort()).toEqual(folders.map((entry) => entry.name).sort());
});

describe('docs/operating', () => {
  const settings = readText('docs/reference/settings.md');
  const secrets = readText('docs/operating/secrets.md');
  const metrics = readText('docs/operating/metrics.md');
  const runbook = readText('docs/operating/runbook.md');

  test.each(secretsOf(readText('.dev.vars.example')))('explains $name and its rotation', ({ name, meaning }) => {
    expect(settings).toContain(`| \`${name}\` | secret | | ${meaning} |`);
    expect(secrets).toMatch(new RegExp(`^\\| \`${name}\` \\| .{20,} \\| .{10,} \\|$`, 'm'));
  });

  test.each([...Object.keys(PROMETHEUS_METRICS), ...Object.keys(SERIES)])('documents the metric %s', (name) => {
    expect(metrics).toContain(`| \`${name}\` |`);
  });

  test.each(Object.keys(JOBS))('documents the job %s', (name) => {
    expect(runbook).toContain(`| \`${name}\` |`);
  });

  test('uses only existing metrics in its alarms', () => {
    const named = [...runbook.matchAll(/\bigskill_[a-z_]+/g)].map(([name]) => name);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !Object.keys(PROMETHEUS_METRICS).includes(name))).toEqual([]);
  });
});
