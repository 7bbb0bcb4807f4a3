import { LibsqlError, type ResultSet } from '@libsql/client/web';
import type { Database } from '../../db/client.ts';
import type { LedgerWriter, PlainSet, Refused } from '../ledger/writer.ts';

/**
 * Creates a database whose writes go through the ledger's writer, so that they never compete with it for the database's lock. Reads go
 * directly. `payer` says for which account a write takes a turn of the writer, undefined for the service itself. A write with an unknown
 * outcome throws like a lost connection; a refused one throws with the database's code.
 */
export function createQueuedDatabase(
  connect: () => Database,
  writer: Pick<LedgerWriter, 'run'>,
  payer?: () => string | undefined,
): Database {
  let made: Database | undefined;
  const direct = () => (made ??= connect());
  return {
    execute: (...statement: Parameters<Database['execute']>) => direct().execute(...statement),
    async batch(statements, mode) {
      if (mode !== 'write') return direct().batch(statements, mode);
      const written = await writer.run(statements.map(asObject), payer?.());
      if (written.ok) return written.value.map(resultSet);
      const { error } = written;
      if (error.kind === 'refused') throw refusal(error);
      throw new TypeError(error.kind);
    },
  };
}

/** Callers retry what looks like a network error, which a bug without an SQLite code must not. */
function refusal({ code, message }: Refused): Error {
  return code === 'UNKNOWN' ? new RangeError(message) : new LibsqlError(message, code);
}

type Given = Parameters<Database['batch']>[0][number];

/** Normalizes a statement to the form that can be serialized. */
function asObject(statement: Given) {
  if (typeof statement === 'string') return { sql: statement, args: [] };
  return Array.isArray(statement) ? { sql: statement[0], args: statement[1] ?? [] } : { sql: statement.sql, args: statement.args ?? [] };
}

function resultSet({ columns, rows, rowsAffected }: PlainSet): ResultSet {
  const named = rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])));
  // safe because rows are read here by name, through a schema
  return { columns: [...columns], rows: named, rowsAffected } as unknown as ResultSet;
}
