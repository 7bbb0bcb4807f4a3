import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { structuralDifferences } from '../../local/openapi-structure.ts';

const document = {
  info: { title: 'An API', description: 'What it does.' },
  paths: {
    '/thing': {
      get: {
        summary: 'Get a thing',
        parameters: [{ in: 'query', name: 'limit', description: 'How many.' }],
        responses: {
          200: { description: 'A thing.', content: { 'application/json': { example: { code: 'a', message: 'A sentence.', title: 'x' } } } },
        },
      },
    },
  },
  components: {
    schemas: { Thing: { type: 'object', properties: { title: { type: 'string', description: 'Its name.' } }, required: ['title', 'id'] } },
  },
};

const changed = (from: string, to: string): unknown => JSON.parse(JSON.stringify(document).replaceAll(from, to));

test('finds nothing where only texts differ', () => {
  for (const text of ['Get a thing', 'What it does.', 'How many.', 'A sentence.', 'Its name.', 'An API']) {
    expect(structuralDifferences(document, changed(text, 'Another text')), text).toEqual([]);
  }
  expect(structuralDifferences(document, changed('["title","id"]', '["id","title"]'))).toEqual([]);
});

test('names what was added, removed and changed, by its place', () => {
  expect(structuralDifferences(document, changed('"code":"a"', '"code":"b"'))).toEqual([
    'changed /paths/~1thing/get/responses/200/content/application~1json/example/code: "a" → "b"',
  ]);
  expect(structuralDifferences(document, changed('"name":"limit"', '"name":"cursor"'))).toHaveLength(1);
  expect(structuralDifferences(document, changed('"title":{"type":"string"', '"label":{"type":"string"'))).toEqual([
    'removed /components/schemas/Thing/properties/title: {"type":"string"}',
    'added /components/schemas/Thing/properties/label: {"type":"string"}',
  ]);
  expect(structuralDifferences(document, changed('["title","id"]', '["title"]'))).toHaveLength(1);
});

test('compares two files from the command line, and asks for them where they are missing', () => {
  const run = (...files: string[]) => spawnSync(process.execPath, ['local/openapi-structure.ts', ...files], { encoding: 'utf8' });
  expect(run('docs/openapi.json', 'docs/openapi.json')).toMatchObject({ status: 0, stdout: 'Only texts differ, if anything.\n' });
  expect(run('docs/openapi.json').status).toBe(2);
});
