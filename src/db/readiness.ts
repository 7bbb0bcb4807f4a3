import { inTime, LATE } from '../core/timeout.ts';
import type { Database } from './client.ts';

/** What keeps the database from serving, or null when it serves. Never throws. */
export type DatabaseProblem = 'unreachable' | 'not_migrated';

/** A probe that takes longer than this counts as no answer. Milliseconds. */
const PROBE_TIMEOUT_MS = 3_000;

/** Asks the database for its tables: proves that it answers and that the migrations were applied. */
export async function databaseProblem(client: Database): Promise<DatabaseProblem | null> {
  try {
    const probe = client.execute(
      "SELECT count(*) AS found FROM sqlite_master WHERE name IN ('account', 'hold', 'entry', 'reserve', 'undo')",
    );
    const answer = await inTime(probe, PROBE_TIMEOUT_MS);
    if (answer === LATE) return 'unreachable';
    return answer.rows[0]?.['found'] === 5 ? null : 'not_migrated';
  } catch {
    return 'unreachable';
  }
}
