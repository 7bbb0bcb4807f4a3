import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getTableColumns, getTableName, is } from 'drizzle-orm';
import { SQLiteTable } from 'drizzle-orm/sqlite-core';
import { expect, test } from 'vitest';
import * as schema from '../../src/db/schema.ts';

const root = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(root, 'docs/reference/storage.md'), 'utf8');
const tables = Object.values(schema).filter((table) => is(table, SQLiteTable));

test.each(tables.map((table) => [getTableName(table), table] as const))(
  'docs/reference/storage.md has an example row of %s',
  (name, table) => {
    expect(text).toMatch(new RegExp(`^\\| \`${name}\` \\|`, 'm'));
    const example = new RegExp(`^\`${name}\`:\\n\\n\`\`\`json\\n([\\s\\S]*?)\`\`\``, 'm').exec(text)?.[1] ?? '{}';
    // safe because the comparison below fails for anything but an object of columns
    const columns = Object.keys(JSON.parse(example) as object);
    expect(columns).toEqual(Object.values(getTableColumns(table)).map((column) => column.name));
  },
);

test('docs/reference/storage.md describes every table, Durable Object and KV part', () => {
  const sql = readdirSync(join(root, 'migrations'))
    .filter((name) => name.endsWith('.sql'))
    .map((name) => readFileSync(join(root, 'migrations', name), 'utf8'))
    .join('\n');
  const created = [...sql.matchAll(/^CREATE TABLE (\w+)/gm)].map(([, name = '']) => name);
  expect(tables.map((table) => getTableName(table)).sort()).toEqual(created.sort());

  const config = readFileSync(join(root, 'wrangler.toml'), 'utf8');
  const classes = new Set([...config.matchAll(/^class_name = "(\w+)"/gm)].map(([, name = '']) => name));
  expect([...classes].filter((name) => !text.includes(`| \`${name}\`,`))).toEqual([]);

  const read = readdirSync(join(root, 'src/read'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const keys = read.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8')).join('\n');
  const parts = new Set([...keys.matchAll(/contentKey\(\{ part: '(\w+)'/g)].map(([, part = '']) => part));
  expect(parts.size).toBeGreaterThan(3);
  expect([...parts].filter((part) => !text.includes(`| \`${part}:v`))).toEqual([]);
});
