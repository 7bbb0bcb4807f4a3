import type { ArchiveFiles } from '../billing/archive/archive.ts';
import { expireAll, forgetAll } from '../billing/ledger/expire.ts';
import { endAllExpiredKeys } from '../billing/keys/expired-keys.ts';
import type { IdempotencyStore } from '../billing/idempotency/idempotency.ts';
import type { Ledger } from '../billing/ledger/ledger.ts';
import type { Unreachable } from '../db/call.ts';
import type { Clock } from '../core/clock.ts';
import type { Database } from '../db/client.ts';
import { ok, type Result } from '../core/result.ts';
import { createJobStore, type Job, type JobName, type JobStore, type JobWork } from './jobs/jobs.ts';
import { auditOn, type AuditState, readAudit } from './jobs/ledger-audit.ts';
import { applyRetention } from './jobs/retention.ts';
import { createMetricsStore, type Window } from './metrics/metrics-store.ts';
import type { Increment } from './metrics/series.ts';
import type { Configured, Facts } from './metrics/report.ts';

/** Audit steps per run. Each is two short reads; the next run continues. */
const AUDIT_STEPS = 10;

const FOLD_PAGES = 10;

/** The operator's own calls are bounded by their steps alone. */
const NEVER_OVER = () => false;

/** What the operator can inspect and trigger. Accounts and credit are changed in src/billing/operator/operator.ts. */
export interface OperatorReports {
  /** Reads the data of a report for a window. Uses stored totals only and scans no receipts, settled holds or entries. */
  facts(window: Window): Promise<Result<Facts, Unreachable>>;
  expireHolds(): Promise<Result<{ readonly expired: number }, Unreachable>>;
  audit(): Promise<Result<AuditState, Unreachable>>;
}

type OperatorReportsDeps = { readonly client: Database; readonly clock: Clock; readonly ledger: Ledger; readonly configured: Configured };

export function createOperatorReports({ client, clock, ledger, configured }: OperatorReportsDeps): OperatorReports {
  const metrics = createMetricsStore({ client, clock });
  const store = createJobStore({ client, clock });
  return {
    async facts(window) {
      const [numbers, jobs, audit] = await Promise.all([metrics.read(window), store.read(), readAudit(store)]);
      if (!numbers.ok) return numbers;
      if (!jobs.ok) return jobs;
      if (!audit.ok) return audit;
      return ok({ now: clock(), window, numbers: numbers.value, jobs: jobs.value, audit: audit.value, configured });
    },
    async expireHolds() {
      const swept = await expireAll(ledger, NEVER_OVER);
      return swept.ok ? ok({ expired: swept.value.expired }) : swept;
    },
    audit: () => auditOn({ client, clock, store }, AUDIT_STEPS, NEVER_OVER),
  };
}

/** Returns the jobs of one cron run. Each is bounded; the next run continues where it stopped. */
export function scheduledJobs(
  deps: Omit<OperatorReportsDeps, 'configured'> & {
    readonly idempotencyStore: IdempotencyStore;
    readonly reconcilePayments: Job;
    readonly archive: { readonly files: ArchiveFiles | null; readonly shard: number };
  },
): Readonly<Record<JobName, Job>> {
  const { client, clock, ledger, idempotencyStore, reconcilePayments, archive } = deps;
  const store = createJobStore({ client, clock });
  return {
    async expire_holds(isOver) {
      const swept = await expireAll(ledger, isOver);
      return swept.ok ? ok({ done: swept.value.expired, putOff: swept.value.failed }) : swept;
    },
    reconcile_payments: reconcilePayments,
    forget_replays: async (isOver) => workOf(await forgetAll(idempotencyStore, isOver), ({ deleted }) => deleted),
    end_expired_keys: async (isOver) => workOf(await endAllExpiredKeys({ client, clock }, isOver), ({ ended }) => ended),
    fold_metrics: async (isOver) => workOf(await createMetricsStore({ client, clock }).fold(FOLD_PAGES, isOver), ({ moved }) => moved),
    apply_retention: async (isOver) => workOf(await applyRetention({ client, clock, store, ...archive }, isOver), ({ moved }) => moved),
    audit_ledger: async (isOver) => workOf(await auditOn({ client, clock, store }, AUDIT_STEPS, isOver), () => 0),
  };
}

/** Records the runs of jobs, and counts the rows that they handled among the metrics of their shard. */
export function jobRecord({ client, clock }: { readonly client: Database; readonly clock: Clock }): Pick<JobStore, 'record'> {
  const store = createJobStore({ client, clock });
  const metrics = createMetricsStore({ client, clock });
  return {
    async record(run) {
      await store.record(run);
      const rows = (outcome: 'done' | 'put_off', value: number): Increment => ({
        name: 'job_rows',
        labels: { job: run.job, outcome },
        value,
      });
      if (run.done + run.putOff > 0) await metrics.add([rows('done', run.done), rows('put_off', run.putOff)]);
    },
  };
}

function workOf<T>(ended: Result<T, Unreachable>, done: (value: T) => number): Result<JobWork, Unreachable> {
  return ended.ok ? ok({ done: done(ended.value), putOff: 0 }) : ended;
}
