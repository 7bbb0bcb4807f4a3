import { JOBS } from '../../src/ops/jobs/jobs.ts';
import { PROMETHEUS_METRICS } from '../../src/ops/metrics/prometheus.ts';
import { SERIES } from '../../src/ops/metrics/series.ts';
import { secretsOf } from './configuration.ts';

/** One row a secret: what it is. */
export function secretTable(devVarsExample: string): string {
  const rows = secretsOf(devVarsExample).map(({ name, meaning }) => `| \`${name}\` | ${meaning} |`);
  return ['| Secret | What it is |', '| --- | --- |', ...rows].join('\n');
}

/** One row a kept series: who keeps it, and what it says. */
export function seriesTable(): string {
  const rows = Object.entries(SERIES).map(
    ([name, { kept, meaning }]) => `| \`${name}\` | ${kept === 'ledger' ? 'exact' : 'counted'} | ${meaning} |`,
  );
  return ['| Series | How | What it says |', '| --- | --- | --- |', ...rows].join('\n');
}

/** One row a metric of the Prometheus text. */
export function prometheusTable(): string {
  const rows = Object.entries(PROMETHEUS_METRICS).map(([name, { type, help }]) => `| \`${name}\` | ${type} | ${help} |`);
  return ['| Metric | Type | What it says |', '| --- | --- | --- |', ...rows].join('\n');
}

/** One row a scheduled job. */
export function jobTable(): string {
  const rows = Object.entries(JOBS).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`);
  return ['| Job | What it does |', '| --- | --- |', ...rows].join('\n');
}
