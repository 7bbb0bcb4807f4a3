import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const rows = readFileSync(join(root, 'docs/reference/conformance.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| (?!Requirement|---)/.test(line))
  .map((line) => {
    const [, requirement = '', proof = ''] = /^\| (.*) \| (.*) \|$/.exec(line) ?? [];
    return { requirement, proofs: proof === 'none yet' ? [] : proof.split('<br>') };
  });

/** Whether the text has a test or describe block of this title, in any kind of quotes. */
function hasTitle(source: string, title: string): boolean {
  return ["'", '"', '`'].some((quote) => {
    const written = title.replaceAll(quote, `\\${quote}`).replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
    return new RegExp(String.raw`\(\s*${quote}${written}${quote},`).test(source);
  });
}

test.each(rows)('the proofs of "$requirement" exist', ({ requirement, proofs }) => {
  expect(requirement).not.toBe('');
  const missing = proofs.filter((proof) => {
    const [, file = '', title = ''] = /^`([^`]+)`: (.+)$/.exec(proof) ?? [];
    return !file.startsWith('test/') || !existsSync(join(root, file)) || !hasTitle(readFileSync(join(root, file), 'utf8'), title);
  });
  expect(missing).toEqual([]);
});

test('nearly every requirement has a proof', () => {
  expect(rows.length).toBeGreaterThan(60);
  expect(rows.filter(({ proofs }) => proofs.length === 0).map(({ requirement }) => requirement)).toEqual([
    'Download, audio extraction and model execution happen at the gateway',
    'Limitation for a missing caption, outside the sandbox',
  ]);
});
