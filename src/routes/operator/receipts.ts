import { createRoute, z } from '@hono/zod-openapi';
import { isoTime } from '../../core/clock.ts';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { deskRefusal, idInPath } from './orders.ts';
import { ShardQuery } from '../../http/auth/operator-shard.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { OPERATOR_ERRORS } from '../../http/auth/require-operator.ts';

const Receipt = z
  .object({
    requestId: z.string(),
    accountId: z.string(),
    keyId: z.string(),
    state: z.enum(['open', 'settled', 'released', 'expired']),
    reason: z.string().nullable().openapi({ description: 'Why nothing was charged; null for a settled request.' }),
    reservedMicroCredits: z.int(),
    settledMicroCredits: z.int().nullable(),
    reversedMicroCredits: z.int().openapi({ description: 'What of the charge was given back because the response was never delivered.' }),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
    resolvedAt: z.iso.datetime().nullable(),
    lines: z.array(
      z.object({
        item: z.string(),
        reservedMicroCredits: z.int(),
        settledMicroCredits: z.int().nullable(),
        reason: z.string().nullable(),
      }),
    ),
    receipt: z
      .record(z.string(), z.unknown())
      .nullable()
      .openapi({ description: 'What was read, from which provider and by which price card, with the cost to the operator.' }),
  })
  .openapi('OwnerReceipt', {
    example: {
      requestId: 'req_01JZ0000000000000000000000',
      accountId: 'acct_01JZ0000000000000000000000',
      keyId: 'key_01JZ0000000000000000000000',
      state: 'settled',
      reason: null,
      reservedMicroCredits: 3000,
      settledMicroCredits: 3000,
      reversedMicroCredits: 0,
      createdAt: '2026-06-28T00:00:00.000Z',
      expiresAt: '2026-06-28T00:00:40.000Z',
      resolvedAt: '2026-06-28T00:00:01.000Z',
      lines: [{ item: 'media', reservedMicroCredits: 3000, settledMicroCredits: 3000, reason: null }],
      receipt: { endpoint: '/v1/post', shortcode: 'DemoImage01', priceCardVersion: '2026-11-28' },
    },
  });

const route = createRoute({
  ...operation(
    'findReceipt',
    'Returns the billing record of any request by the `requestId` that every answer carries, to answer a question about a charge. A request that ' +
      'reserved nothing is 404. Customers see their own with `GET /v1/usage/{requestId}`.',
  ),
  middleware: [strictQuery(ShardQuery.shape)] as const,
  request: {
    query: ShardQuery,
    params: z.object({ requestId: idInPath.openapi({ description: 'The id of the request.', example: 'req_01JZ0000000000000000000000' }) }),
  },
  responses: {
    200: { description: 'The billing record of the request.', content: { 'application/json': { schema: Receipt } } },
    ...errorResponses(...OPERATOR_ERRORS, 'not_found'),
  },
});

export function registerOpsReceipts(app: App): void {
  app.openapi(route, async (c) => {
    const found = await c.get('service').operations.desk.findRequest(c.req.valid('param').requestId);
    if (!found.ok) return refuse(c, deskRefusal(found.error, 'paid request'));
    const { id: requestId, reserved, settled, reversed, createdAt, expiresAt, resolvedAt, lines, receipt, ...same } = found.value;
    return c.json(
      {
        requestId,
        ...same,
        reservedMicroCredits: reserved,
        settledMicroCredits: settled,
        reversedMicroCredits: reversed,
        createdAt: isoTime(createdAt),
        expiresAt: isoTime(expiresAt),
        resolvedAt: resolvedAt === null ? null : isoTime(resolvedAt),
        lines: lines.map((line) => ({
          item: line.item,
          reservedMicroCredits: line.reserved,
          settledMicroCredits: line.settled,
          reason: line.reason,
        })),
        receipt: receipt === null ? null : { ...receipt },
      },
      200,
    );
  });
}
