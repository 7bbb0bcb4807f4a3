import { expireAll, forgetAll } from '../billing/ledger/expire.ts';
import type { Replays } from '../billing/idempotency/idempotency.ts';
import type { Ledger } from '../billing/ledger/ledger.ts';
import type { Unreachable } from '../db/call.ts';
import type { Clock } from '../core/clock.ts';
import type { Database } from '../db/client.ts';
import { ok, type Result } from '../core/result.ts';
import { createJobStore, type JobName } from './jobs/jobs.ts';
import { auditOn, type AuditState, readAudit } from './jobs/ledger-audit.ts';
import { createMetricsStore, type Window } from './metrics/metrics-store.ts';
import type { Configured, Facts } from './metrics/report.ts';

/** Steps of the audit in one run: each is two short reads, and the next run goes on. */
const AUDIT_STEPS = 10;

/** Pages of old counters that one run moves. */
const FOLD_PAGES = 10;

/** What the owner looks at and sets off; the desk (src/billing/operator/operator.ts) is where accounts and credit are changed. */
export interface OwnerView {
  /** What a report of this window is made of. Reads kept numbers only: no receipt, settled hold or entry is looked through. */
  facts(window: Window): Promise<Result<Facts, Unreachable>>;
  /** Gives back holds whose time is over, as the cron does. */
  expireHolds(): Promise<Result<{ readonly expired: number }, Unreachable>>;
  /** Goes on with the audit, as the cron does. */
  audit(): Promise<Result<AuditState, Unreachable>>;
}

type OwnerViewDeps = { readonly client: Database; readonly clock: Clock; readonly ledger: Ledger; readonly configured: Configured };

/** The owner's view of the kept numbers and the jobs. */
export function createOwnerView({ client, clock, ledger, configured }: OwnerViewDeps): OwnerView {
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
    expireHolds: () => expireAll(ledger),
    audit: () => auditOn({ client, clock, store }, AUDIT_STEPS),
  };
}

/** What one run of the cron does. Each job is bounded, and goes on in the next run where it stopped. */
export function scheduledJobs(
  deps: Omit<OwnerViewDeps, 'configured'> & {
    readonly replays: Replays;
    readonly reconcilePayments: () => Promise<Result<unknown, Unreachable>>;
  },
): Readonly<Record<JobName, () => Promise<Result<unknown, Unreachable>>>> {
  const { client, clock, ledger, replays, reconcilePayments } = deps;
  const store = createJobStore({ client, clock });
  return {
    expire_holds: () => expireAll(ledger),
    reconcile_payments: reconcilePayments,
    forget_replays: () => forgetAll(replays),
    fold_metrics: () => createMetricsStore({ client, clock }).fold(FOLD_PAGES),
    audit_ledger: () => auditOn({ client, clock, store }, AUDIT_STEPS),
  };
}
