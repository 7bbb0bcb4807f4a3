import type { Client } from '@libsql/client';
import { textOf } from '../support/database.ts';

/** The statements of a schema, in an order that can be executed. */
export type Schema = readonly SchemaObject[];
type SchemaObject = { readonly type: string; readonly name: string; readonly table: string; readonly sql: string };

/** A change that removes one guard from a schema. Changes can be combined. */
export type Mutant = { readonly name: string; readonly mutate: (schema: Schema) => Schema };

/** Reads the schema of a migrated database from sqlite_schema. */
export async function readSchema(client: Client): Promise<Schema> {
  const answer = await client.execute(
    `SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '\\_\\_drizzle%' ESCAPE '\\'
      ORDER BY CASE type WHEN 'table' THEN 1 WHEN 'index' THEN 2 WHEN 'view' THEN 3 ELSE 4 END, rowid`,
  );
  return answer.rows.map((row) => ({
    type: textOf(row['type']),
    name: textOf(row['name']),
    table: textOf(row['tbl_name']),
    sql: textOf(row['sql']).replaceAll(/--[^\n]*/g, ''),
  }));
}

/** Creates the schema in an empty database. */
export async function applySchema(client: Client, schema: Schema): Promise<void> {
  await client.batch(
    schema.map((object) => object.sql),
    'write',
  );
}

/** Returns one mutant for each guard: RAISE, trigger on a table, CHECK, UNIQUE and unique index. */
export function mutantsOf(schema: Schema): readonly Mutant[] {
  const tables = new Set(schema.filter((object) => object.type === 'table').map((object) => object.name));
  return schema.flatMap((object): Mutant[] => {
    const same = (other: SchemaObject) => other.type === object.type && other.name === object.name;
    const without = (name: string, text: string, replacement: string): Mutant => ({
      name,
      mutate: (from) => from.map((other) => (same(other) ? { ...other, sql: replaceOnce(other.sql, text, replacement) } : other)),
    });
    const dropped = (name: string): Mutant => ({ name, mutate: (from) => from.filter((other) => !same(other)) });
    switch (object.type) {
      case 'trigger': {
        const raises = [...object.sql.matchAll(/SELECT RAISE\(ABORT, '([^']+)'\)[^;]*;/g)];
        const silenced = raises.map(([statement, message]) => without(message ?? 'unnamed', statement, 'SELECT 1;'));
        return tables.has(object.table) ? [dropped(`trigger ${object.name}`), ...silenced] : silenced;
      }
      case 'index':
        return object.sql.startsWith('CREATE UNIQUE') ? [dropped(`unique index ${object.name}`)] : [];
      case 'table':
        return tableMutants(object, without);
      default:
        return [];
    }
  });
}

function tableMutants(object: SchemaObject, without: (name: string, text: string, replacement: string) => Mutant): Mutant[] {
  const checks = checksOf(object.sql).map((check) => {
    const condition = check
      .replaceAll(/\s+/g, ' ')
      .replace(/^CHECK \( ?/, '')
      .replace(/ ?\)$/, '');
    return without(`check ${object.name}: ${condition}`, check, 'CHECK (1)');
  });
  const columns = [...object.sql.matchAll(/^ +(\w+) .*?\bUNIQUE\b/gm)].map(([text, column]) =>
    without(`unique ${object.name}: ${column}`, text, text.replace(/ UNIQUE$/, '')),
  );
  const groups = [...object.sql.matchAll(/^ +UNIQUE \(([^)]+)\),/gm)].map(([text, group]) =>
    without(`unique ${object.name}: ${group}`, text, ''),
  );
  return [...checks, ...columns, ...groups];
}

function replaceOnce(sql: string, text: string, replacement: string): string {
  if (!sql.includes(text)) throw new Error('the guard to take out is not there');
  return sql.replace(text, () => replacement);
}

/** Returns every CHECK (…) of a table, with balanced parentheses. */
function checksOf(sql: string): readonly string[] {
  return [...sql.matchAll(/CHECK \(/g)].map((match) => {
    let depth = 0;
    for (let end = match.index; end < sql.length; end++) {
      if (sql[end] === '(') depth += 1;
      if (sql[end] === ')' && --depth === 0) return sql.slice(match.index, end + 1);
    }
    throw new Error('a CHECK has no end');
  });
}
