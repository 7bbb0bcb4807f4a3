import { createRoute, z } from '@hono/zod-openapi';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { metricsExample, MetricsView } from './metrics-view.ts';
import { overloaded } from './orders.ts';
import { ShardQuery } from '../../http/auth/operator-shard.ts';
import { onlyQuery } from '../../http/middleware/strict-query.ts';
import { OWNER_ERRORS } from '../../http/auth/require-operator.ts';
import { prometheusText } from '../../ops/metrics/prometheus.ts';
import { reportOf } from '../../ops/metrics/report.ts';

const Query = ShardQuery.extend({
  window: z.enum(['1h', '24h', '30d']).optional().openapi({ description: 'How far back the JSON looks; 24h where it is not said.' }),
  format: z.enum(['json', 'prometheus']).optional().openapi({ description: 'Instead of an `Accept` header.' }),
});

const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';

const route = createRoute({
  ...operation(
    'getMetrics',
    'Requests, providers, money, accounts, jobs and the audit of the ledger, from numbers that are kept while things happen. Sums of money are exact; ' +
      'counts of requests may miss a few and are a few seconds late. With `Accept: text/plain`, or `format=prometheus`, as Prometheus text, whose counters count since the beginning.',
  ),
  middleware: [onlyQuery(Object.keys(Query.shape))] as const,
  request: { query: Query },
  responses: {
    200: {
      description: 'The numbers.',
      content: {
        'application/json': { schema: MetricsView, example: metricsExample },
        'text/plain': { schema: z.string(), example: '# TYPE igskill_holds_open gauge\nigskill_holds_open 0\n' },
      },
    },
    ...errorResponses(...OWNER_ERRORS),
  },
});

export function registerOpsMetrics(app: App): void {
  app.openapi(route, async (c) => {
    const { window = '24h', format } = c.req.valid('query');
    const facts = await c.get('service').ownerView.facts(window);
    if (!facts.ok) return refuse(c, overloaded);
    c.header('Vary', 'Accept');
    const isText = format === undefined ? prefersText(c.req.header('Accept') ?? '') : format === 'prometheus';
    if (isText) return c.text(prometheusText(facts.value), 200, { 'Content-Type': PROMETHEUS });
    return c.json(reportOf(facts.value), 200);
  });
}

/** Prometheus names its own formats first and text/plain among them; whoever names JSON gets JSON. */
function prefersText(accept: string): boolean {
  return /text\/plain|application\/openmetrics-text/.test(accept) && !accept.includes('application/json');
}
