import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { anchorsOf, markdownFiles, withoutCode } from '../support/markdown.ts';

const root = join(import.meta.dirname, '..', '..');
const readText = (path: string) => readFileSync(join(root, path), 'utf8');

/** Why a link of this document leads nowhere, or null. Links to other sites are not followed. */
function problemOf(document: string, link: string): string | null {
  if (/^[a-z]+:/i.test(link)) return null;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? document : normalize(join(dirname(document), path));
  if (!existsSync(join(root, target))) return `${link}: no such file`;
  if (anchor === undefined || !target.endsWith('.md')) return null;
  return anchorsOf(readText(target)).includes(anchor) ? null : `${link}: no such heading`;
}

test.each(markdownFiles(root))('every relative link and anchor of %s resolves', (document) => {
  const links = [...withoutCode(readText(document)).matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g)].map(([, link = '']) => link);
  expect(links.map((link) => problemOf(document, link)).filter((problem) => problem !== null)).toEqual([]);
});

test('headings become the anchors that GitHub makes of them', () => {
  expect(anchorsOf('# A `b`, c!\n\n## Same\n\n## Same\n\n```sh\n# no heading\n```\n')).toEqual(['a-b-c', 'same', 'same-1']);
});
