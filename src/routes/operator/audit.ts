import { createRoute } from '@hono/zod-openapi';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { metricsExample, MetricsView } from './metrics-view.ts';
import { overloaded, ReasonBody } from './orders.ts';
import { ShardQuery } from '../../http/auth/operator-shard.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { BODY_ERRORS, OPERATOR_ERRORS } from '../../http/auth/require-operator.ts';
import { auditReport } from '../../ops/metrics/report.ts';

const AuditView = MetricsView.shape.audit.openapi('OwnerAudit', { example: metricsExample.audit });

const route = createRoute({
  ...operation(
    'runAudit',
    'Runs the next part of the ledger audit now: counts rows that break an invariant of the ledger, for at most 5,000 accounts a call. The cron ' +
      'does the same every five minutes, so call it only to get a result sooner. While a pass is unfinished it is in `runningPass`; call again ' +
      'until `lastPass` changes.',
  ),
  middleware: [strictQuery(ShardQuery.shape)] as const,
  request: { query: ShardQuery, body: { required: true, content: { 'application/json': { schema: ReasonBody } } } },
  responses: {
    200: { description: 'The progress and the findings of the audit.', content: { 'application/json': { schema: AuditView } } },
    ...errorResponses(...OPERATOR_ERRORS, ...BODY_ERRORS),
  },
});

export function registerOpsAudit(app: App): void {
  app.openapi(route, async (c) => {
    const { reports, desk } = c.get('service').operations;
    const state = await reports.audit();
    if (!state.ok) return refuse(c, overloaded);
    const report = auditReport(state.value);
    const details = { brokenRows: report.brokenRows };
    const noted = await desk.note({ id: c.get('requestId'), ...c.req.valid('json'), kind: 'audit', details });
    return noted.ok ? c.json(report, 200) : refuse(c, overloaded);
  });
}
