import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ok } from '../../../../src/core/result.ts';
import { type Job, type JobName, JOBS, type JobRun, runJobs } from '../../../../src/ops/jobs/jobs.ts';

const minutes = 60_000;

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

const quick: Job = async () => ok({ done: 1, putOff: 0 });
const jobsWith = (job: JobName, run: Job) =>
  // safe because the names are those of the table
  ({ ...Object.fromEntries(Object.keys(JOBS).map((name) => [name, quick])), [job]: run }) as Record<JobName, Job>;

/** Starts a run; `ended` grows as jobs end. */
function start(jobs: Readonly<Record<JobName, Job>>) {
  const ended: JobRun[] = [];
  const all = runJobs(jobs, { record: async () => undefined }, Date.now, (run) => ended.push(run));
  return { ended, all, names: () => ended.map(({ job }) => job) };
}

test.each(Object.keys(JOBS) as JobName[])('no job waits for %s, which never ends and fails in the end', async (silent) => {
  const { ended, all, names } = start(jobsWith(silent, () => new Promise(() => undefined)));
  await vi.advanceTimersByTimeAsync(0);
  expect(names().sort()).toEqual(
    Object.keys(JOBS)
      .filter((name) => name !== silent)
      .sort(),
  );
  await vi.advanceTimersByTimeAsync(5 * minutes);
  await all;
  expect(ended.at(-1)).toMatchObject({ job: silent, ok: false });
});

test('every job is told when its time is over, and all of it ends before the next run of the cron', async () => {
  for (const [name, { budgetMs }] of Object.entries(JOBS)) {
    const seen: boolean[] = [];
    // safe because the names are those of the table
    const { all } = start(
      jobsWith(name as JobName, async (isOver) => {
        for (const step of [budgetMs - 1, 1]) {
          seen.push(isOver());
          await new Promise((resolve) => setTimeout(resolve, step));
        }
        seen.push(isOver());
        return ok({ done: 2, putOff: 0 });
      }),
    );
    await vi.advanceTimersByTimeAsync(budgetMs);
    await all;
    expect(seen).toEqual([false, false, true]);
    expect(budgetMs).toBeLessThanOrEqual(3 * minutes);
  }
});
