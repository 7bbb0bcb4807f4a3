import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../db/client.ts';
import { CALL_POLICY, callDatabase, type Unreachable } from '../../db/call.ts';
import { ok, type Result } from '../../core/result.ts';
import { answerInTime } from '../../core/timeout.ts';

const seconds = 1_000;
const minutes = 60 * seconds;

/** The scheduled jobs, and after how many milliseconds each begins nothing more and leaves the rest to the next run. */
export const JOBS = {
  expire_holds: {
    budgetMs: minutes,
    purpose: 'Releases expired holds. Balances do not depend on it: the next reservation of an account releases them too.',
  },
  reconcile_payments: {
    // Stripe's library waits up to 17 seconds for each of its answers.
    budgetMs: 2 * minutes,
    purpose:
      'Books payments and refunds whose webhook was lost: checks orders that Stripe lists as paid, 40 a run, and those that are due, 50 paid and 100 unpaid ones. Once an hour it looks for paid sessions without an order, 20 a run.',
  },
  forget_replays: {
    budgetMs: minutes,
    purpose:
      'Deletes responses stored under an Idempotency-Key after a day, and failure streaks that have ended; a bounded number per run.',
  },
  end_expired_keys: {
    budgetMs: minutes,
    purpose: 'Marks API keys that expired a day ago, and the keys below them, as ended; 20,000 a run.',
  },
  fold_metrics: {
    budgetMs: minutes,
    purpose: 'Folds old minutes of the counters into hours and hours into days, and deletes days after 35.',
  },
  apply_retention: {
    budgetMs: minutes,
    purpose:
      'Moves requests that are over age into files in the bucket ARCHIVE, 10,000 looked at per run, and deletes old webhook events and checkout keys.',
  },
  audit_ledger: {
    budgetMs: minutes,
    purpose: 'Counts rows that break an invariant of the ledger, some accounts per run; a pass over all accounts takes several runs.',
  },
} as const satisfies Record<string, { readonly budgetMs: number; readonly purpose: string }>;
export type JobName = keyof typeof JOBS;

/**
 * What a job has begun may end this much after its budget, and then counts as failed. With the longest budget it ends before the next run of
 * the cron, five minutes later.
 */
const GRACE_MS = minutes;

/** Without success for this long, three cron runs, a job is overdue. */
const OVERDUE_AFTER_MS = 15 * 60_000;

/**
 * What a run did: rows that are done, and rows that could not be handled and are left for later. `isDown`: it gave up, for want of answers.
 */
export type JobWork = { readonly done: number; readonly putOff: number; readonly isDown?: boolean };

/** One run of a job. It asks `isOver` before each step, and returns once it is true. */
export type Job = (isOver: () => boolean) => Promise<Result<JobWork, unknown>>;

export type JobRun = { readonly job: JobName; readonly ok: boolean; readonly milliseconds: number } & Pick<JobWork, 'done' | 'putOff'>;

export type JobStatus = {
  readonly name: JobName;
  readonly lastSuccessAt: number | null;
  readonly lastFailureAt: number | null;
  readonly lastDurationMs: number | null;
  readonly isOverdue: boolean;
};

export interface JobStore {
  record(run: JobRun): Promise<void>;
  read(): Promise<Result<readonly JobStatus[], Unreachable>>;
  /** The state from which an incremental job resumes; null when it starts. */
  readState(name: JobName): Promise<Result<unknown, Unreachable>>;
  writeState(name: JobName, state: unknown): Promise<Result<void, Unreachable>>;
}

/** Runs each job once, side by side, and records each outcome as it comes. No job waits for another, however long or badly that one ends. */
export async function runJobs(
  jobs: Readonly<Record<JobName, Job>>,
  store: Pick<JobStore, 'record'>,
  clock: Clock,
  report: (run: JobRun) => void,
): Promise<void> {
  const runOne = async (job: JobName) => {
    const startedAt = clock();
    const { budgetMs } = JOBS[job];
    // Null if it threw (a bug) or is not over in time. The alarm for an overdue job reaches a person.
    const ended = await answerInTime(() => jobs[job](() => clock() - startedAt >= budgetMs), budgetMs + GRACE_MS);
    const { done, putOff, isDown = false } = ended?.ok === true ? ended.value : NOTHING;
    const run = { job, ok: ended?.ok === true && !isDown, milliseconds: clock() - startedAt, done, putOff };
    report(run);
    // Thrown further it would end the wait for the other jobs. A job that is not recorded becomes overdue.
    await store.record(run).catch(() => undefined);
  };
  await Promise.all(JOB_NAMES.map(runOne));
}

// safe because the table has only these keys
const JOB_NAMES = Object.keys(JOBS) as JobName[];

const NOTHING: JobWork = { done: 0, putOff: 0 };

const JobRows = z.array(
  z.object({
    name: z.string(),
    last_success_at: z.int().nullable(),
    last_failure_at: z.int().nullable(),
    last_duration_ms: z.int().nullable(),
  }),
);

const StateRows = z.array(z.object({ state: z.string().nullable() })).max(1);

export function createJobStore({ client, clock }: { readonly client: Database; readonly clock: Clock }): JobStore {
  const write = (fields: Readonly<Record<string, unknown>>, columns: readonly (readonly [string, string])[]) => ({
    sql: `INSERT INTO job (name, ${columns.map(([column]) => column).join(', ')})
          SELECT j.value ->> 'name', ${columns.map(([, field]) => `j.value ->> '${field}'`).join(', ')} FROM json_each(?) j WHERE true
          ON CONFLICT (name) DO UPDATE SET ${columns.map(([column]) => `${column} = excluded.${column}`).join(', ')}`,
    args: [JSON.stringify([fields])],
  });
  return {
    async record({ job, ok: isDone, milliseconds }) {
      const now = clock();
      const columns = [
        ['last_run_at', 'now'],
        [isDone ? 'last_success_at' : 'last_failure_at', 'now'],
        ['last_duration_ms', 'milliseconds'],
      ] as const;
      await callDatabase(() => client.batch([write({ name: job, now, milliseconds }, columns)], 'write'), CALL_POLICY);
    },
    async read() {
      const answer = await callDatabase(
        () => client.execute('SELECT name, last_success_at, last_failure_at, last_duration_ms FROM job'),
        CALL_POLICY,
      );
      if (!answer.ok) return answer;
      const rows = JobRows.parse(answer.value.rows);
      return ok(
        JOB_NAMES.map((name) =>
          statusOf(
            name,
            rows.find((row) => row.name === name),
            clock(),
          ),
        ),
      );
    },
    async readState(name) {
      const answer = await callDatabase(() => client.execute({ sql: 'SELECT state FROM job WHERE name = ?', args: [name] }), CALL_POLICY);
      if (!answer.ok) return answer;
      const text = StateRows.parse(answer.value.rows)[0]?.state ?? null;
      return ok(text === null ? null : JSON.parse(text));
    },
    async writeState(name, state) {
      const row = write({ name, state: JSON.stringify(state) }, [['state', 'state']]);
      const answer = await callDatabase(() => client.batch([row], 'write'), CALL_POLICY);
      return answer.ok ? ok(undefined) : answer;
    },
  };
}

function statusOf(name: JobName, row: z.infer<typeof JobRows>[number] | undefined, now: number): JobStatus {
  const lastSuccessAt = row?.last_success_at ?? null;
  return {
    name,
    lastSuccessAt,
    lastFailureAt: row?.last_failure_at ?? null,
    lastDurationMs: row?.last_duration_ms ?? null,
    isOverdue: lastSuccessAt === null || now - lastSuccessAt > OVERDUE_AFTER_MS,
  };
}
