import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const check = join('local', 'require-node.mjs');

const { engines, scripts, optionalDependencies } = z
  .object({
    engines: z.object({ node: z.string() }),
    scripts: z.record(z.string(), z.string()),
    optionalDependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(read('package.json')));
const needed = Number(/^>=(\d+)$/.exec(engines.node)?.[1]);

function run(node: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(node, args, { cwd: root, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** What Node evaluates first to take itself for another version. */
function pretending(version: string): readonly string[] {
  const code = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
}

const refusal = (version: string): RegExp =>
  new RegExp(`^igskill needs Node ${needed} or newer, and \\S+ is Node ${version.replaceAll('.', '\\.')}: [^\\n]+\\n$`);

describe('a Node that is too old', () => {
  const entries = ['local/stack.ts', 'local/migrate.ts', 'local/docs.ts', 'local/deploy-check.ts', 'bench/run.ts', 'test/drill/run.ts'];

  test.each([check, ...entries])('is refused by %s in one sentence', (entry) => {
    const refused = run(process.execPath, [...pretending('23.11.1'), entry]);
    expect(refused).toEqual({ status: 1, stdout: '', stderr: expect.stringMatching(refusal('23.11.1')) });
  });

  test('is refused by vitest in one sentence', () => {
    const refused = run(process.execPath, [...pretending('22.12.0'), join('node_modules', 'vitest', 'vitest.mjs'), 'list']);
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringMatching(refusal('22.12.0')) });
  });

  const oldNode = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'node'))
    .filter((path) => existsSync(path))
    .map((path) => ({ path, version: run(path, ['--version']).stdout.trim().slice(1) }))
    .find(({ version }) => Number.parseInt(version, 10) < needed);

  test.skipIf(oldNode === undefined)(
    `is refused where it really runs (${oldNode?.version ?? 'SKIPPED: there is none on the PATH'})`,
    () => {
      const { path, version } = oldNode ?? { path: '', version: '' };
      expect(run(path, [check])).toEqual({ status: 1, stdout: '', stderr: expect.stringMatching(refusal(version)) });
    },
  );
});

test('a Node that is new enough passes without a word', () => {
  for (const version of [`${needed}.0.0`, `${needed + 10}.1.0`]) {
    expect(run(process.execPath, [...pretending(version), check])).toEqual({ status: 0, stdout: '', stderr: '' });
  }
});

test('every npm script that runs TypeScript asks for the version first', () => {
  const running = Object.entries(scripts).filter(([, command]) => /\bnode \S+\.ts/.test(command));
  expect(running.length).toBeGreaterThan(5);
  for (const [name, command] of running) expect(command, name).toMatch(/^node local\/require-node\.mjs && /);
});

test('.nvmrc, the engines and the Node that the install brings are of one major version', () => {
  expect(read('.nvmrc')).toBe(`${needed}\n`);
  const brought = Object.entries(optionalDependencies).filter(([name]) => name.startsWith('node-'));
  expect(brought.length).toBeGreaterThan(0);
  for (const [name, version] of brought) expect(Number.parseInt(version, 10), name).toBe(needed);
});
