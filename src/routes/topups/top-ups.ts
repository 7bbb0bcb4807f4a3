import { createRoute, z } from '@hono/zod-openapi';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { identifyCustomer } from '../../http/auth/identify.ts';
import { listCursor, listPosition, nextCursor, pageOf, pageQuery, pageSize } from '../../http/pagination.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { topUpExample, TopUpView, topUpView } from './view.ts';

const Query = z.object(pageQuery);

const Page = z
  .object({ items: z.array(TopUpView), nextCursor })
  .openapi('TopUpPage', { example: { items: [topUpExample], nextCursor: null } });

const listRoute = createRoute({
  ...operation(
    'listTopUps',
    'Lists the top-ups of the account, newest first, with what each is worth now: refunds and disputes take credit back. For the effect on the ' +
      'balance use `GET /v1/ledger`. Needs the scope `billing`.',
  ),
  middleware: [strictQuery(Query.shape)] as const,
  request: { query: Query },
  responses: {
    200: { description: 'A page of top-ups.', content: { 'application/json': { schema: Page } } },
    ...errorResponses('invalid_request', 'invalid_cursor', 'unauthorized', 'forbidden', 'internal', 'misconfigured', 'overloaded'),
  },
});

/** Stripe's ids are at most 255 characters (docs.stripe.com/upgrades#what-changes-does-stripe-consider-to-be-backward-compatible). */
const LONGEST_ID = 255;

const oneRoute = createRoute({
  ...operation(
    'getTopUp',
    'Returns one top-up by its id or by that of its checkout session, to see whether it was paid. A top-up of another account is 404. Needs ' +
      'the scope `billing`.',
  ),
  middleware: [strictQuery({})] as const,
  request: {
    params: z.object({
      id: z.string().max(LONGEST_ID).openapi({ description: 'The id of the top-up (`pay_…`) or of its checkout session (`cs_…`).' }),
    }),
  },
  responses: {
    200: { description: 'The top-up.', content: { 'application/json': { schema: TopUpView } } },
    ...errorResponses('invalid_request', 'unauthorized', 'forbidden', 'not_found', 'internal', 'misconfigured', 'overloaded'),
  },
});

export function registerTopUps(app: App): void {
  app.openapi(listRoute, async (c) => {
    c.header('Cache-Control', 'no-store');
    const customer = await identifyCustomer(c, 'billing');
    if (!customer.ok) return refuse(c, customer.error);
    const query = c.req.valid('query');
    const before = listPosition(query.cursor);
    if (!before.ok) return refuse(c, before.error);
    const size = pageSize(query);
    const orders = await c.get('service').payments.topUps.list(customer.value.account.id, before.value?.id ?? null, size + 1);
    if (!orders.ok) return refuse(c, { code: 'overloaded' });
    const { items, last } = pageOf(orders.value, size);
    const now = c.get('deps').clock();
    return c.json(
      { items: items.map((order) => topUpView(order, now)), nextCursor: last === null ? null : listCursor(last.createdAt, last.id) },
      200,
    );
  });
  app.openapi(oneRoute, async (c) => {
    c.header('Cache-Control', 'no-store');
    const customer = await identifyCustomer(c, 'billing');
    if (!customer.ok) return refuse(c, customer.error);
    const { id } = c.req.valid('param');
    const order = await c.get('service').payments.topUps.find(id.startsWith('cs_') ? { sessionId: id } : { id });
    if (!order.ok) return refuse(c, { code: 'overloaded' });
    if (order.value?.accountId !== customer.value.account.id) return refuse(c, { code: 'not_found', message: 'There is no such top-up.' });
    return c.json(topUpView(order.value, c.get('deps').clock()), 200);
  });
}
