import { JOBS } from '../../src/ops/jobs/jobs.ts';
import { PROMETHEUS_METRICS } from '../../src/ops/metrics/prometheus.ts';
import { SERIES } from '../../src/ops/metrics/series.ts';

/** Renders one row for each stored series. */
export function seriesTable(): string {
  const rows = Object.entries(SERIES).map(
    ([name, { kept, meaning }]) => `| \`${name}\` | ${kept === 'ledger' ? 'exact' : 'counted'} | ${meaning} |`,
  );
  return ['| Series | Accuracy | Meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

/** Renders one row for each metric of the Prometheus text. */
export function prometheusTable(): string {
  const rows = Object.entries(PROMETHEUS_METRICS).map(([name, { type, help }]) => `| \`${name}\` | ${type} | ${help} |`);
  return ['| Metric | Type | Meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

/** Renders one row for each scheduled job. */
export function jobTable(): string {
  const rows = Object.entries(JOBS).map(([name, { budgetMs, purpose }]) => `| \`${name}\` | ${budgetMs / 1_000} s | ${purpose} |`);
  return ['| Job | Budget | Purpose |', '| --- | --- | --- |', ...rows].join('\n');
}
