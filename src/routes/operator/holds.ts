import { createRoute, z } from '@hono/zod-openapi';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { overloaded, ReasonBody } from './orders.ts';
import { ShardQuery } from '../../http/auth/operator-shard.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { BODY_ERRORS, OPERATOR_ERRORS } from '../../http/auth/require-operator.ts';

const Expired = z
  .object({ expired: z.int().nonnegative().openapi({ description: 'How many holds were released.' }) })
  .openapi('OwnerHoldsExpired', { example: { expired: 3 } });

const route = createRoute({
  ...operation(
    'expireHolds',
    'Releases the holds of requests that never finished, at most 20,000 a call. The cron does the same every five minutes, so call it only to ' +
      'return the credit sooner. Holds that are not overdue stay.',
  ),
  middleware: [strictQuery(ShardQuery.shape)] as const,
  request: { query: ShardQuery, body: { required: true, content: { 'application/json': { schema: ReasonBody } } } },
  responses: {
    200: { description: 'The number of released holds.', content: { 'application/json': { schema: Expired } } },
    ...errorResponses(...OPERATOR_ERRORS, ...BODY_ERRORS),
  },
});

export function registerOpsHolds(app: App): void {
  app.openapi(route, async (c) => {
    const { reports, desk } = c.get('service').operations;
    const swept = await reports.expireHolds();
    if (!swept.ok) return refuse(c, overloaded);
    const noted = await desk.note({ id: c.get('requestId'), ...c.req.valid('json'), kind: 'expire_holds', details: swept.value });
    return noted.ok ? c.json(swept.value, 200) : refuse(c, overloaded);
  });
}
