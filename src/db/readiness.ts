import type { Clock } from '../core/clock.ts';
import { answerInTime } from '../core/timeout.ts';
import type { Database } from './client.ts';

export type DatabaseProblem = 'unreachable' | 'not_migrated' | 'not_writable';

const PROBE_TIMEOUT_MS = 3_000;

/** A write this recent proves enough, so that frequent checks cost no writes. */
const WRITE_INTERVAL_MS = 10_000;

const TABLES = "SELECT count(*) AS found FROM sqlite_master WHERE name IN ('account', 'hold', 'entry', 'reserve', 'undo', 'job')";

const LAST_WRITE = "SELECT last_success_at AS at FROM job WHERE name = 'ready_probe'";

/** { now } */
const WRITE = `INSERT INTO job (name, last_success_at) SELECT 'ready_probe', j.value ->> 'now' FROM json_each(?) j WHERE true
  ON CONFLICT (name) DO UPDATE SET last_success_at = excluded.last_success_at`;

/**
 * Checks that the database answers, that the migrations are applied, and that a row was written within the last ten seconds: if not, one is
 * written now, the way every other write goes. A transaction that is rolled back would prove nothing, because it never reaches the disk. Null
 * when the database can serve. Never throws.
 */
export async function databaseProblem(client: Database, clock: Clock): Promise<DatabaseProblem | null> {
  const tables = await answerInTime(() => client.execute(TABLES), PROBE_TIMEOUT_MS);
  if (tables === null) return 'unreachable';
  if (tables.rows[0]?.['found'] !== 6) return 'not_migrated';
  const now = clock();
  const last = await answerInTime(() => client.execute(LAST_WRITE), PROBE_TIMEOUT_MS);
  if (last === null) return 'unreachable';
  const writtenAt = last.rows[0]?.['at'];
  if (typeof writtenAt === 'number' && Math.abs(now - writtenAt) < WRITE_INTERVAL_MS) return null;
  const write = { sql: WRITE, args: [JSON.stringify([{ now }])] };
  const written = await answerInTime(() => client.batch([write], 'write'), PROBE_TIMEOUT_MS);
  return written === null ? 'not_writable' : null;
}
