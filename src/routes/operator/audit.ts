import { createRoute } from '@hono/zod-openapi';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { metricsExample, MetricsView } from './metrics-view.ts';
import { overloaded, ReasonBody } from './orders.ts';
import { ShardQuery } from '../../http/auth/operator-shard.ts';
import { onlyQuery } from '../../http/middleware/strict-query.ts';
import { BODY_ERRORS, OWNER_ERRORS } from '../../http/auth/require-operator.ts';
import { auditReport } from '../../ops/metrics/report.ts';

const AuditView = MetricsView.shape.audit.openapi('OwnerAudit', { example: metricsExample.audit });

const route = createRoute({
  ...operation(
    'runAudit',
    'What the cron does every five minutes: counts the rows that break a law of the ledger, for at most 5,000 accounts a call. A pass that is not finished ' +
      'is in `runningPass`; call again until `lastPass` has moved.',
  ),
  middleware: [onlyQuery(['shard'])] as const,
  request: { query: ShardQuery, body: { required: true, content: { 'application/json': { schema: ReasonBody } } } },
  responses: {
    200: { description: 'How far the audit has come, and what it found.', content: { 'application/json': { schema: AuditView } } },
    ...errorResponses(...OWNER_ERRORS, ...BODY_ERRORS),
  },
});

export function registerOpsAudit(app: App): void {
  app.openapi(route, async (c) => {
    const { ownerView, ownerDesk } = c.get('service');
    const state = await ownerView.audit();
    if (!state.ok) return refuse(c, overloaded);
    const report = auditReport(state.value);
    const details = { brokenRows: report.brokenRows };
    const noted = await ownerDesk.note({ id: c.get('requestId'), ...c.req.valid('json'), kind: 'audit', details });
    return noted.ok ? c.json(report, 200) : refuse(c, overloaded);
  });
}
