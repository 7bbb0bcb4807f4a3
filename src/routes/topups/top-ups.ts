import { createRoute, z } from '@hono/zod-openapi';
import type { App } from '../../http/context.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { identifyCustomer } from '../../http/auth/identify.ts';
import { onlyQuery } from '../../http/middleware/strict-query.ts';
import { topUpExample, TopUpView, topUpView } from './view.ts';

/** A page is small enough for a context window. */
const LARGEST_PAGE = 100;
const USUAL_PAGE = 20;

const Query = z.object({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(LARGEST_PAGE)
    .optional()
    .openapi({ description: `How many at most; ${USUAL_PAGE} where left out.` }),
  cursor: z
    .string()
    .regex(/^pay_\w{1,64}$/, 'is not a cursor of this list')
    .optional()
    .openapi({ description: "The `nextCursor` of the page before: the id of its last order. It opens nothing of another account's." }),
});

const Page = z
  .object({
    items: z.array(TopUpView),
    nextCursor: z.string().nullable().openapi({ description: 'Null on the last page.' }),
  })
  .openapi('TopUpPage', { example: { items: [topUpExample], nextCursor: null } });

const listRoute = createRoute({
  method: 'get',
  path: '/v1/topups',
  operationId: 'listTopUps',
  tags: ['Top-ups'],
  summary: 'List the top-ups of the account',
  description: 'Newest first, with what the balance holds for each now. Needs the scope `billing`.',
  security: [{ apiKey: [] }],
  middleware: [onlyQuery(Object.keys(Query.shape))] as const,
  request: { query: Query },
  responses: {
    200: { description: 'A page of top-ups.', content: { 'application/json': { schema: Page } } },
    ...errorResponses('invalid_request', 'unauthorized', 'forbidden', 'internal', 'misconfigured', 'overloaded'),
  },
});

const oneRoute = createRoute({
  method: 'get',
  path: '/v1/topups/{id}',
  operationId: 'getTopUp',
  tags: ['Top-ups'],
  summary: 'Look at one top-up',
  description: "Another account's top-up is answered as if there were none. Needs the scope `billing`.",
  security: [{ apiKey: [] }],
  middleware: [onlyQuery([])] as const,
  request: { params: z.object({ id: z.string().max(100) }) },
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
    const { cursor = null, limit = USUAL_PAGE } = c.req.valid('query');
    // One more than asked for says whether there is a next page.
    const orders = await c.get('service').topUps.list(customer.value.account.id, cursor, limit + 1);
    if (!orders.ok) return refuse(c, { code: 'overloaded' });
    const items = orders.value.slice(0, limit).map((order) => topUpView(order, c.get('deps').clock()));
    return c.json({ items, nextCursor: orders.value.length > limit ? (items.at(-1)?.id ?? null) : null }, 200);
  });
  app.openapi(oneRoute, async (c) => {
    c.header('Cache-Control', 'no-store');
    const customer = await identifyCustomer(c, 'billing');
    if (!customer.ok) return refuse(c, customer.error);
    const order = await c.get('service').topUps.find({ id: c.req.valid('param').id });
    if (!order.ok) return refuse(c, { code: 'overloaded' });
    if (order.value?.accountId !== customer.value.account.id) return refuse(c, { code: 'not_found', message: 'There is no such top-up.' });
    return c.json(topUpView(order.value, c.get('deps').clock()), 200);
  });
}
