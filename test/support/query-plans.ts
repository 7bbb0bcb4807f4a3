import type { Client } from '@libsql/client';
import { readSchema } from '../ledger/schema-mutants.ts';
import { textOf } from './database.ts';

/** A statement and what to call it where it walks a table. */
export type PlannedStatement = { readonly name: string; readonly sql: string };

/** Explains the given statements and every one inside a trigger. `walks` are those that read a whole table, each with the line of its plan. */
export async function tableWalks(
  client: Client,
  statements: readonly PlannedStatement[],
): Promise<{ readonly statements: number; readonly walks: readonly string[] }> {
  const all = [...statements, ...(await triggerStatements(client))];
  const walks: string[] = [];
  for (const { name, sql } of all) {
    const args = Array.from({ length: [...sql.matchAll(/\?/g)].length }, () => null);
    const plan = await client.execute({ sql: `EXPLAIN QUERY PLAN ${sql}`, args });
    const details = plan.rows.map((row) => textOf(row['detail']));
    for (const detail of details) {
      const isWalk = (detail.startsWith('SCAN ') && !isHarmlessScan(detail, details)) || detail.includes('AUTOMATIC');
      if (isWalk) walks.push(`${name}: ${detail}`);
    }
  }
  return { statements: all.length, walks };
}

/** A scan that reads no table: the rows of a JSON text, a constant, or a subquery of the same plan, whose own source is listed by itself. */
function isHarmlessScan(detail: string, plan: readonly string[]): boolean {
  if (/^SCAN (\w+ VIRTUAL TABLE|(\d+ )?CONSTANT ROW)/.test(detail)) return true;
  const name = /^SCAN (\S+)$/.exec(detail)?.[1];
  return plan.includes(`CO-ROUTINE ${name}`) || plan.includes(`MATERIALIZE ${name}`);
}

/** The statements inside trigger bodies and WHEN clauses, in a form that can be explained by itself. */
async function triggerStatements(client: Client): Promise<readonly PlannedStatement[]> {
  const triggers = (await readSchema(client)).filter((object) => object.type === 'trigger');
  return triggers.flatMap(({ name, sql }) => {
    const begin = /\bBEGIN\b/.exec(sql);
    if (begin === null) throw new Error(`${name} has no body`);
    const condition = /\bWHEN\b([\s\S]*)$/.exec(sql.slice(0, begin.index))?.[1];
    const body = sql
      .slice(begin.index + 'BEGIN'.length)
      .replace(/END\s*$/, '')
      .split(';');
    const statements = [...(condition === undefined ? [] : [`SELECT 1 WHERE ${condition}`]), ...body];
    return statements
      .map((text) =>
        text
          .trim()
          .replaceAll(/\b(NEW|OLD)\.\w+/g, '?')
          .replaceAll(/RAISE\(ABORT, '[^']*'\)/g, '1'),
      )
      .filter((text) => text !== '')
      .map((text, index) => ({ name: `${name} ${index + 1}`, sql: text }));
  });
}
