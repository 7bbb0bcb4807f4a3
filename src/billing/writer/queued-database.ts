import { LibsqlError, type ResultSet } from '@libsql/client/web';
import type { Database } from '../../db/client.ts';
import type { LedgerWriter, PlainSet, Refused } from '../ledger/writer.ts';

/**
 * A database whose writes wait their turn at the writer, so that they never meet the ledger's own at the database's one lock. Reads go
 * straight. A write without an outcome fails as a lost connection would, and one that the database refused with the database's own code.
 */
export function createQueuedDatabase(connect: () => Database, writer: Pick<LedgerWriter, 'run'>): Database {
  let made: Database | undefined;
  const direct = () => (made ??= connect());
  return {
    execute: (...statement: Parameters<Database['execute']>) => direct().execute(...statement),
    async batch(statements, mode) {
      if (mode !== 'write') return direct().batch(statements, mode);
      const written = await writer.run(statements.map(asObject));
      if (written.ok) return written.value.map(resultSet);
      const { error } = written;
      if (error.kind === 'refused') throw refusal(error);
      throw new TypeError(error.kind);
    },
  };
}

/** A bug must stay one to whoever decides what to try again: SQLite's codes tell, and what has none looks like the network. */
function refusal({ code, message }: Refused): Error {
  return code === 'UNKNOWN' ? new RangeError(message) : new LibsqlError(message, code);
}

type Given = Parameters<Database['batch']>[0][number];

/** A statement in the one form that travels. */
function asObject(statement: Given) {
  if (typeof statement === 'string') return { sql: statement, args: [] };
  return Array.isArray(statement) ? { sql: statement[0], args: statement[1] ?? [] } : { sql: statement.sql, args: statement.args ?? [] };
}

function resultSet({ columns, rows, rowsAffected }: PlainSet): ResultSet {
  const named = rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])));
  // safe because whoever reads rows here reads them by name, through a schema
  return { columns: [...columns], rows: named, rowsAffected } as unknown as ResultSet;
}
