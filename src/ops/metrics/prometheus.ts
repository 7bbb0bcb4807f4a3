import { LATENCY_BOUNDS_MS, OVERFLOW } from './histogram.ts';
import { brokenRows } from '../jobs/ledger-audit.ts';
import { circuitState, type Facts, providerState } from './report.ts';
import { type Labels, type SeriesName, total, totalsBy } from './series.ts';

type Sample = { readonly labels: Labels; readonly value: number; readonly suffix?: '_bucket' | '_sum' | '_count' };
type Metric = {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: (facts: Facts) => readonly Sample[];
};

const JOB_ROW_OUTCOMES = ['done', 'put_off'] as const;
const OPERATOR_REFUSALS = ['no_key', 'wrong_key', 'customer_key'] as const;

const PROVIDER_STATES = ['unconfigured', 'idle', 'healthy', 'degraded', 'failing'] as const;

/** Every exported metric. Counters cover all time, whatever the window. */
export const PROMETHEUS_METRICS = {
  igskill_requests_total: counter('Answered requests by endpoint and outcome.', 'requests'),
  igskill_request_duration_seconds: { type: 'histogram', help: 'Time to answer by endpoint.', samples: durations },
  igskill_reads_total: counter('Paid reads by the cache result of their main part.', 'reads'),
  igskill_provider_calls_total: counter('Calls to data providers by outcome.', 'provider_calls'),
  igskill_provider_cost_dollars_total: counter('Estimated cost of all calls to data providers.', 'provider_cost_micros', 1e-6),
  igskill_provider_state: { type: 'gauge', help: '1 for the current state of a data provider, else 0.', samples: providerStates },
  igskill_provider_circuit_open: {
    type: 'gauge',
    help: '1 if a read of the last ten minutes deprioritized this data provider after failures, else 0.',
    samples: ({ numbers, configured }) =>
      Object.keys(configured.providers).map((provider) => ({
        labels: { provider },
        value: circuitState(numbers, provider) === 'open' ? 1 : 0,
      })),
  },
  igskill_provider_passed_over_total: counter(
    'Requests that asked other providers first because this one was unhealthy.',
    'provider_passed_over',
  ),
  igskill_boundary_configured: {
    type: 'gauge',
    help: '1 for a configured service other than the data providers, else 0.',
    samples: ({ configured }) => flags('boundary', configured.boundaries),
  },
  igskill_transcripts_total: counter('Requested transcripts by source or by the reason for none.', 'transcripts'),
  igskill_parses_total: counter('Interpretations requested from the gateway by outcome.', 'parses'),
  igskill_rate_limit_refusals_total: counter('Requests refused because a quota was used up, by policy.', 'rate_limit_refusals'),
  // Exports zero too: an increase from an absent series would go unnoticed.
  igskill_rate_limit_store_down_total: {
    type: 'counter',
    help: 'Requests that passed uncounted because the rate-limit store failed.',
    samples: ({ numbers }) => [{ labels: {}, value: total(numbers.allTime, 'rate_limit_store_down') }],
  },
  // Exports zero too, for the same reason.
  igskill_operator_refusals_total: {
    type: 'counter',
    help: 'Requests to the operator endpoints refused for their key, by reason.',
    samples: ({ numbers }) =>
      OPERATOR_REFUSALS.map((reason) => ({ labels: { reason }, value: total(numbers.allTime, 'operator_refusals', { reason }) })),
  },
  igskill_alarms_total: counter('Requests and scheduled runs that raised an alarm, by alarm.', 'alarms'),
  igskill_ledger_entries_total: counter('Entries of the journal by kind.', 'entries'),
  igskill_ledger_booked_credits: {
    ...counter('Credit of all entries in US dollars by kind, negative where taken.', 'entry_micros', 1e-6),
    type: 'gauge',
  },
  igskill_credits_reserved_total: counter('Credit reserved by holds, in US dollars.', 'reserved_micros', 1e-6),
  igskill_credits_settled_total: counter('Credit charged for deliveries, in US dollars.', 'settled_micros', 1e-6),
  igskill_credits_reversed_total: counter(
    'Credit charged and then given back because the response was never delivered, in US dollars.',
    'reversed_micros',
    1e-6,
  ),
  igskill_credits_refunded_total: counter('Credit reserved and then returned, in US dollars.', 'refunded_micros', 1e-6),
  igskill_credits_open: gauge('Credit reserved by open holds, in US dollars.', ({ numbers }) => numbers.open.micros / 1e6),
  igskill_settled_reads_cost_dollars_total: counter('Estimated provider cost of settled reads.', 'settled_cost_micros', 1e-6),
  igskill_holds_total: counter('Holds by state.', 'holds'),
  igskill_holds_open: gauge('Open holds.', ({ numbers }) => numbers.open.holds),
  igskill_holds_overdue: gauge('Open holds that are past their expiry.', ({ numbers }) => numbers.open.overdue),
  igskill_accounts: { ...counter('Accounts by status.', 'accounts'), type: 'gauge' },
  igskill_accounts_created_total: counter('Accounts signed up.', 'accounts_created'),
  igskill_keys: { ...counter('API keys by state.', 'keys'), type: 'gauge' },
  igskill_keys_created_total: counter('API keys created.', 'keys_created'),
  igskill_audit_broken_rows: gauge('Rows that break an invariant of the ledger.', ({ audit }) => brokenRows(audit)),
  igskill_audit_last_pass_timestamp_seconds: gauge('End of the last audit pass over all accounts.', ({ audit }) =>
    audit.last === null ? 0 : audit.last.finishedAt / 1_000,
  ),
  igskill_job_last_success_timestamp_seconds: {
    type: 'gauge',
    help: 'Last success of a scheduled job.',
    samples: ({ jobs }) => jobs.map((job) => ({ labels: { job: job.name }, value: (job.lastSuccessAt ?? 0) / 1_000 })),
  },
  igskill_job_last_failure_timestamp_seconds: {
    type: 'gauge',
    help: 'Last failure of a scheduled job.',
    samples: ({ jobs }) => jobs.map((job) => ({ labels: { job: job.name }, value: (job.lastFailureAt ?? 0) / 1_000 })),
  },
  // Exports zero too: an increase from an absent series would go unnoticed.
  igskill_job_rows_total: {
    type: 'counter',
    help: 'Rows that scheduled jobs handled by outcome: done, or put_off because they could not be handled.',
    samples: ({ jobs, numbers }) =>
      jobs.flatMap(({ name }) =>
        JOB_ROW_OUTCOMES.map((outcome) => {
          const labels = { job: name, outcome };
          return { labels, value: total(numbers.allTime, 'job_rows', labels) };
        }),
      ),
  },
  igskill_job_last_duration_seconds: {
    type: 'gauge',
    help: 'Duration of the last run of a scheduled job.',
    samples: ({ jobs }) => jobs.map((job) => ({ labels: { job: job.name }, value: (job.lastDurationMs ?? 0) / 1_000 })),
  },
} as const satisfies Record<string, Metric>;

/** Formats a report in Prometheus' text format, version 0.0.4. */
export function prometheusText(facts: Facts): string {
  const lines: string[] = [];
  for (const [name, metric] of Object.entries<Metric>(PROMETHEUS_METRICS)) {
    lines.push(`# HELP ${name} ${metric.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${name} ${metric.type}`);
    for (const { labels, value, suffix = '' } of metric.samples(facts)) lines.push(`${name}${suffix}${labelled(labels)} ${number(value)}`);
  }
  return `${lines.join('\n')}\n`;
}

export function labelled(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** Rounds away the tail of dividing whole millionths. */
function number(value: number): string {
  return String(Number(value.toFixed(6)));
}

function counter(help: string, name: SeriesName, unit = 1): Metric & { readonly type: 'counter' } {
  return {
    type: 'counter',
    help,
    samples: ({ numbers }) =>
      numbers.allTime.filter((sum) => sum.name === name).map(({ labels, value }) => ({ labels, value: value * unit })),
  };
}

function gauge(help: string, read: (facts: Facts) => number): Metric {
  return { type: 'gauge', help, samples: (facts) => [{ labels: {}, value: read(facts) }] };
}

function flags(label: string, values: Readonly<Record<string, boolean>>): readonly Sample[] {
  return Object.entries(values).map(([name, isSet]) => ({ labels: { [label]: name }, value: isSet ? 1 : 0 }));
}

function durations({ numbers }: Facts): readonly Sample[] {
  return Object.keys(totalsBy(numbers.allTime, 'requests', 'endpoint')).flatMap((endpoint) => {
    const own = numbers.allTime.filter((sum) => sum.labels['endpoint'] === endpoint);
    const buckets = totalsBy(own, 'request_ms', 'le');
    let below = 0;
    const samples = [...LATENCY_BOUNDS_MS.map((bound) => [bound / 1_000, String(bound)] as const), [OVERFLOW, OVERFLOW] as const].map(
      ([le, bucket]): Sample => {
        below += buckets[bucket] ?? 0;
        return { suffix: '_bucket', labels: { endpoint, le: String(le) }, value: below };
      },
    );
    return [
      ...samples,
      { suffix: '_sum', labels: { endpoint }, value: total(own, 'request_ms_sum') / 1_000 },
      { suffix: '_count', labels: { endpoint }, value: below },
    ];
  });
}

function providerStates({ numbers, configured }: Facts): readonly Sample[] {
  return Object.entries(configured.providers).flatMap(([provider, isConfigured]) => {
    const recent = numbers.recent.filter((sum) => sum.labels['provider'] === provider);
    const state = providerState(isConfigured, totalsBy(recent, 'provider_calls', 'outcome'));
    return PROVIDER_STATES.map((name) => ({ labels: { provider, state: name }, value: name === state ? 1 : 0 }));
  });
}
