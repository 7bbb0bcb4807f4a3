import { createRoute, z } from '@hono/zod-openapi';
import { readOwnAccount } from '../../http/auth/account-access.ts';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { noReceipt, Receipt, receiptView } from './usage-view.ts';

const route = createRoute({
  ...operation(
    'getReceipt',
    'Returns what one request reserved, charged and refunded, line by line, with the price card and the source of the data. Take the id from ' +
      '`requestId` of an error, `usage.receiptId` of a read, or the `X-Request-Id` header. Failed reads have a receipt too. A request that ' +
      'reserved nothing, or belongs to another account, is 404. Needs the scope `account`.',
  ),
  middleware: [strictQuery({})] as const,
  request: { params: z.object({ requestId: z.string().min(1).max(100).openapi({ description: 'The id of the request.' }) }) },
  responses: {
    200: { description: 'The receipt.', content: { 'application/json': { schema: Receipt } } },
    ...errorResponses('invalid_request', 'unauthorized', 'forbidden', 'not_found', 'internal', 'misconfigured', 'overloaded'),
  },
});

export function registerReceipt(app: App): void {
  app.openapi(route, async (c) => {
    const found = await readOwnAccount(c, (keyHash) => c.get('service').accounts.usage.receipt(keyHash, c.req.valid('param').requestId));
    if (!found.ok) return refuse(c, found.error);
    const receipt = found.value?.receipt ?? null;
    if (receipt === null) return refuse(c, noReceipt(found.value?.archivedBefore ?? null));
    return c.json(receiptView(receipt), 200);
  });
}
