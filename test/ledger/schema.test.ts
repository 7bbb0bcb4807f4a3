import type { Client } from '@libsql/client';
import { getTableConfig } from 'drizzle-orm/sqlite-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as schema from '../../src/db/schema.ts';
import { memoryDatabase, textOf } from '../support/database.ts';

let client: Client;
beforeAll(async () => {
  client = await memoryDatabase();
});
afterAll(() => client.close());

const described = Object.values(schema).map((table) => getTableConfig(table));

test('the schema used for reads has exactly the tables of the migrations', async () => {
  const tables = await client.execute(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_\\_drizzle%' ESCAPE '\\' ORDER BY name`,
  );
  expect(described.map((table) => table.name).sort()).toEqual(tables.rows.map((row) => row['name']));
});

test.each(described)('the columns of $name are those of the migrations', async (table) => {
  const columns = await client.execute(
    `SELECT name, type, "notnull" AS needed, dflt_value AS fallback FROM pragma_table_xinfo('${table.name}')`,
  );
  const real = columns.rows.map((row) => ({
    name: row['name'],
    type: row['type'],
    notNull: row['needed'] === 1,
    fallback: row['fallback'] === null ? undefined : textOf(row['fallback']).replaceAll("'", ''),
  }));
  const ours = table.columns.map((column) => ({
    name: column.name,
    type: column.getSQLType().toUpperCase(),
    notNull: column.notNull,
    fallback: column.default === undefined ? undefined : String(column.default),
  }));
  expect(ours).toEqual(real);
});

test.each(described)('the primary key and the named indexes of $name are those of the migrations', async (table) => {
  const keys = await client.execute(`SELECT name FROM pragma_table_xinfo('${table.name}') WHERE pk > 0 ORDER BY pk`);
  const ours = table.primaryKeys.flatMap((key) => key.columns).concat(table.columns.filter((column) => column.primary));
  expect(ours.map((column) => column.name)).toEqual(keys.rows.map((row) => row['name']));
  const indexes = await client.execute(
    `SELECT name, "unique" AS single, partial FROM pragma_index_list('${table.name}') WHERE origin = 'c' ORDER BY name`,
  );
  const named = table.indexes.map(({ config }) => ({
    name: config.name,
    single: config.unique ? 1 : 0,
    partial: config.where === undefined ? 0 : 1,
  }));
  expect(named.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual(indexes.rows.map((row) => ({ ...row })));
});

test('every money table is STRICT', async () => {
  const loose = await client.execute(
    `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_\\_drizzle%' ESCAPE '\\'`,
  );
  expect(loose.rows).toEqual([]);
});
