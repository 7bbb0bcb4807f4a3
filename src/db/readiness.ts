import { withTimeout, TIMED_OUT } from '../core/timeout.ts';
import type { Database } from './client.ts';

export type DatabaseProblem = 'unreachable' | 'not_migrated';

const PROBE_TIMEOUT_MS = 3_000;

/** Checks that the database answers and that the migrations are applied. Null when it can serve. Never throws. */
export async function databaseProblem(client: Database): Promise<DatabaseProblem | null> {
  try {
    const probe = client.execute(
      "SELECT count(*) AS found FROM sqlite_master WHERE name IN ('account', 'hold', 'entry', 'reserve', 'undo')",
    );
    const answer = await withTimeout(probe, PROBE_TIMEOUT_MS);
    if (answer === TIMED_OUT) return 'unreachable';
    return answer.rows[0]?.['found'] === 5 ? null : 'not_migrated';
  } catch {
    return 'unreachable';
  }
}
