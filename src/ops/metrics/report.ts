import { isoTime } from '../../core/clock.ts';
import { type Buckets, countOf, quantileOf } from './histogram.ts';
import type { JobStatus } from '../jobs/jobs.ts';
import { type AuditState, brokenRows } from '../jobs/ledger-audit.ts';
import type { Numbers, Window } from './metrics-store.ts';
import { PROVIDER_FAULTS } from './request-counters.ts';
import { type SeriesName, type Sum, total, totalsBy } from './series.ts';

/** What is configured, by name; never how. */
export type Configured = {
  readonly providers: Readonly<Record<string, boolean>>;
  readonly boundaries: Readonly<Record<string, boolean>>;
};

export type Facts = {
  readonly now: number;
  readonly window: Window;
  readonly numbers: Numbers;
  readonly jobs: readonly JobStatus[];
  readonly audit: AuditState;
  readonly configured: Configured;
};

/**
 * A provider's state by its calls of the last ten minutes: `failing` when half or more of at least five failed, `degraded` from a fifth.
 * Only informs: which provider is deprioritized is decided by each isolate (src/providers/circuit-breaker.ts).
 */
export type ProviderState = 'unconfigured' | 'idle' | 'healthy' | 'degraded' | 'failing';

const LEAST_CALLS = 5;
const DEGRADED_FROM = 0.2;
const FAILING_FROM = 0.5;

export function providerState(isConfigured: boolean, outcomes: Readonly<Record<string, number>>): ProviderState {
  if (!isConfigured) return 'unconfigured';
  const calls = countOf(outcomes);
  if (calls === 0) return 'idle';
  const share = faultsIn(outcomes) / calls;
  if (calls >= LEAST_CALLS && share >= FAILING_FROM) return 'failing';
  return share >= DEGRADED_FROM ? 'degraded' : 'healthy';
}

/** Returns `open` when some read of the last ten minutes deprioritized this provider after failures. */
export function circuitState(numbers: Numbers, provider: string): 'open' | 'closed' {
  return total(numbers.recent, 'provider_passed_over', { provider }) > 0 ? 'open' : 'closed';
}

export function faultsIn(outcomes: Readonly<Record<string, number>>): number {
  return PROVIDER_FAULTS.reduce((sum, outcome) => sum + (outcomes[outcome] ?? 0), 0);
}

/** Builds the report of GET /v1/ops/metrics. Amounts in micro-credits or millionths of a US dollar, times in ISO 8601. */
export function reportOf(facts: Facts) {
  const { now, window, numbers, configured } = facts;
  const within = numbers.window;
  const one = (name: SeriesName, labels = {}) => total(within, name, labels);
  return {
    generatedAt: isoTime(now),
    window,
    requests: requestsOf(within),
    cache: cacheOf(within),
    providers: Object.fromEntries(Object.keys(configured.providers).map((id) => [id, providerOf(facts, id)])),
    boundaries: Object.fromEntries(
      Object.entries(configured.boundaries).map(([name, isConfigured]) => [name, { configured: isConfigured }]),
    ),
    transcripts: totalsBy(within, 'transcripts', 'outcome'),
    parses: totalsBy(within, 'parses', 'outcome'),
    rateLimits: { refused: totalsBy(within, 'rate_limit_refusals', 'policy'), storeDown: one('rate_limit_store_down') },
    credits: {
      grantedMicroCredits: one('entry_micros', { kind: 'grant' }),
      adjustedMicroCredits: one('entry_micros', { kind: 'adjust' }),
      reservedMicroCredits: one('reserved_micros'),
      settledMicroCredits: one('settled_micros') - one('reversed_micros'),
      refundedMicroCredits: one('refunded_micros') + one('reversed_micros'),
      openMicroCredits: numbers.open.micros,
      outstandingMicroCredits: total(numbers.allTime, 'entry_micros'),
    },
    money: moneyOf(within),
    topUps: {
      count: one('entries', { kind: 'topup' }),
      microCredits: one('entry_micros', { kind: 'topup' }),
      clawedBackMicroCredits: -one('entry_micros', { kind: 'clawback' }),
      reinstatedMicroCredits: one('entry_micros', { kind: 'reinstate' }),
    },
    accounts: { ...gauges(numbers, 'accounts', 'status', ['active', 'frozen', 'closed']), created: one('accounts_created') },
    keys: { ...gauges(numbers, 'keys', 'state', ['live', 'revoked']), created: one('keys_created') },
    holds: {
      open: numbers.open.holds,
      overdue: numbers.open.overdue,
      opened: one('holds', { state: 'opened' }),
      settled: one('holds', { state: 'settled' }),
      released: one('holds', { state: 'released' }),
      expired: one('holds', { state: 'expired' }),
    },
    audit: auditReport(facts.audit),
    jobs: facts.jobs.map((job) => ({
      name: job.name,
      lastSuccessAt: isoOrNull(job.lastSuccessAt),
      lastFailureAt: isoOrNull(job.lastFailureAt),
      lastDurationMs: job.lastDurationMs,
      overdue: job.isOverdue,
      rowsDone: one('job_rows', { job: job.name, outcome: 'done' }),
      rowsPutOff: one('job_rows', { job: job.name, outcome: 'put_off' }),
    })),
  };
}

function requestsOf(within: readonly Sum[]) {
  const endpoints = Object.keys(totalsBy(within, 'requests', 'endpoint'));
  const only = (endpoint: string) => within.filter((sum) => sum.labels['endpoint'] === endpoint);
  return {
    total: total(within, 'requests'),
    latencyMs: latencyOf(totalsBy(within, 'request_ms', 'le')),
    byEndpoint: endpoints.map((endpoint) => ({
      endpoint,
      outcomes: totalsBy(only(endpoint), 'requests', 'outcome'),
      latencyMs: latencyOf(totalsBy(only(endpoint), 'request_ms', 'le')),
    })),
  };
}

function latencyOf(buckets: Buckets) {
  return { p50: quantileOf(buckets, 0.5), p90: quantileOf(buckets, 0.9), p99: quantileOf(buckets, 0.99) };
}

function cacheOf(within: readonly Sum[]) {
  const { hit = 0, miss = 0, stale = 0 } = totalsBy(within, 'reads', 'cache');
  const reads = hit + miss + stale;
  return { hits: hit, misses: miss, stale, hitRatio: reads === 0 ? null : hit / reads };
}

function providerOf({ numbers, configured }: Facts, id: string) {
  const of = (sums: readonly Sum[]) => sums.filter((sum) => sum.labels['provider'] === id);
  const outcomes = totalsBy(of(numbers.window), 'provider_calls', 'outcome');
  const isConfigured = configured.providers[id] === true;
  return {
    configured: isConfigured,
    state: providerState(isConfigured, totalsBy(of(numbers.recent), 'provider_calls', 'outcome')),
    circuit: circuitState(numbers, id),
    passedOver: total(numbers.window, 'provider_passed_over', { provider: id }),
    calls: countOf(outcomes),
    failures: faultsIn(outcomes),
    outcomes,
    costMicroUsd: total(numbers.window, 'provider_cost_micros', { provider: id }),
  };
}

/** One micro-credit is a millionth of a US dollar, so costs can be subtracted from revenue. */
function moneyOf(within: readonly Sum[]) {
  const revenue = total(within, 'settled_micros') - total(within, 'reversed_micros');
  const settled = total(within, 'settled_cost_micros');
  const counted = total(within, 'provider_cost_micros');
  // Calls of refused reads and of the operator cost too, but their count may miss some: the larger value never overstates the margin.
  const cost = Math.max(settled, counted);
  return {
    revenueMicroCredits: revenue,
    providerCostMicroUsd: cost,
    settledReadsProviderCostMicroUsd: settled,
    freeReadsProviderCostMicroUsd: cost - settled,
    marginMicroUsd: revenue - cost,
  };
}

function gauges<const K extends string>(numbers: Numbers, name: SeriesName, label: string, values: readonly K[]) {
  const read = values.map((value) => [value, total(numbers.allTime, name, { [label]: value })]);
  // safe because the entries were made from these names
  return Object.fromEntries(read) as Record<K, number>;
}

export function auditReport(state: AuditState) {
  const { last, running } = state;
  const broken = (counts: Readonly<Record<string, number>>) => Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
  return {
    brokenRows: brokenRows(state),
    lastPass:
      last === null
        ? null
        : {
            startedAt: isoTime(last.startedAt),
            finishedAt: isoTime(last.finishedAt),
            accounts: last.accounts,
            broken: broken(last.broken),
          },
    runningPass:
      running === null ? null : { startedAt: isoTime(running.startedAt), accounts: running.accounts, broken: broken(running.broken) },
  };
}

function isoOrNull(time: number | null): string | null {
  return time === null ? null : isoTime(time);
}
