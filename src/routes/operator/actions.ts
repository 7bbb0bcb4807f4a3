import { createRoute, z } from '@hono/zod-openapi';
import { OPERATOR_ACTION_KINDS } from '../../billing/operator/operator.ts';
import { isoTime } from '../../core/clock.ts';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { overloaded } from './orders.ts';
import { listCursor, listPosition, nextCursor, pageOf, pageQuery, pageSize } from '../../http/pagination.ts';
import { ShardQuery } from '../../http/auth/operator-shard.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { OPERATOR_ERRORS } from '../../http/auth/require-operator.ts';

const Query = ShardQuery.extend(pageQuery);

const Actions = z
  .object({
    items: z.array(
      z.object({
        id: z.string(),
        kind: z.enum(OPERATOR_ACTION_KINDS),
        ref: z.string(),
        subject: z.string().openapi({ description: 'The id of the account or key concerned; empty for actions on the whole shard.' }),
        reason: z.string(),
        details: z.record(z.string(), z.unknown()),
        createdAt: z.iso.datetime(),
      }),
    ),
    nextCursor,
  })
  .openapi('OwnerActions', {
    example: {
      items: [
        {
          id: 'req_01JZ0000000000000000000000',
          kind: 'credit',
          ref: 'ticket-4711',
          subject: 'acct_01JZ0000000000000000000000',
          reason: 'Ticket 4711: goodwill after an outage.',
          details: { kind: 'grant', microCredits: 1000000 },
          createdAt: '2026-06-28T00:00:00.000Z',
        },
      ],
      nextCursor: null,
    },
  });

const route = createRoute({
  ...operation(
    'listOwnerActions',
    'Lists what the operator did, newest first, each with its reason. Nothing is ever removed from the list. Scheduled jobs are not in it: see `GET /v1/ops/metrics`.',
  ),
  middleware: [strictQuery(Query.shape)] as const,
  request: { query: Query },
  responses: {
    200: { description: 'A page of actions.', content: { 'application/json': { schema: Actions } } },
    ...errorResponses(...OPERATOR_ERRORS, 'invalid_cursor'),
  },
});

export function registerOpsActions(app: App): void {
  app.openapi(route, async (c) => {
    const query = c.req.valid('query');
    const before = listPosition(query.cursor);
    if (!before.ok) return refuse(c, before.error);
    const size = pageSize(query);
    const listed = await c.get('service').operations.desk.listActions(before.value?.id ?? null, size + 1);
    if (!listed.ok) return refuse(c, overloaded);
    const { items: page, last } = pageOf(listed.value, size);
    const items = page.map((action) => ({ ...action, details: { ...action.details }, createdAt: isoTime(action.createdAt) }));
    return c.json({ items, nextCursor: last === null ? null : listCursor(last.createdAt, last.id) }, 200);
  });
}
