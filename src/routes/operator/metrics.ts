import { createRoute, z } from '@hono/zod-openapi';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { metricsExample, MetricsView } from './metrics-view.ts';
import { overloaded } from './orders.ts';
import { ShardQuery } from '../../http/auth/operator-shard.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { OPERATOR_ERRORS } from '../../http/auth/require-operator.ts';
import { prometheusText } from '../../ops/metrics/prometheus.ts';
import { reportOf } from '../../ops/metrics/report.ts';

const Query = ShardQuery.extend({
  window: z.enum(['1h', '24h', '30d']).optional().openapi({ description: 'The period that the JSON covers; 24h by default.' }),
  format: z.enum(['json', 'prometheus']).optional().openapi({ description: 'The format, instead of an `Accept` header.' }),
});

const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';

const route = createRoute({
  ...operation(
    'getMetrics',
    'Returns requests, providers, money, accounts, keys, holds, jobs and the ledger audit. Amounts of money are exact; counts of requests may ' +
      'miss a few and lag by some seconds. Send `Accept: text/plain` or `format=prometheus` for Prometheus, whose counters cover all time. ' +
      'For one request use `GET /v1/ops/receipts/{requestId}`.',
  ),
  middleware: [strictQuery(Query.shape)] as const,
  request: { query: Query },
  responses: {
    200: {
      description: 'The metrics.',
      content: {
        'application/json': { schema: MetricsView, example: metricsExample },
        'text/plain': { schema: z.string(), example: '# TYPE igskill_holds_open gauge\nigskill_holds_open 0\n' },
      },
    },
    ...errorResponses(...OPERATOR_ERRORS),
  },
});

export function registerOpsMetrics(app: App): void {
  app.openapi(route, async (c) => {
    const { window = '24h', format } = c.req.valid('query');
    const facts = await c.get('service').operations.reports.facts(window);
    if (!facts.ok) return refuse(c, overloaded);
    c.header('Vary', 'Accept');
    const isText = format === undefined ? prefersText(c.req.header('Accept') ?? '') : format === 'prometheus';
    if (isText) return c.text(prometheusText(facts.value), 200, { 'Content-Type': PROMETHEUS });
    return c.json(reportOf(facts.value), 200);
  });
}

/** Prometheus accepts text/plain among its own formats; a caller that accepts JSON gets JSON. */
function prefersText(accept: string): boolean {
  return /text\/plain|application\/openmetrics-text/.test(accept) && !accept.includes('application/json');
}
