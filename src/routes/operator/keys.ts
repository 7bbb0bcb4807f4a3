import { createRoute, z } from '@hono/zod-openapi';
import { isoTime } from '../../core/clock.ts';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { deskRefusal, idInPath, ReasonBody } from './orders.ts';
import { ShardQuery } from '../../http/auth/operator-shard.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { BODY_ERRORS, OPERATOR_ERRORS } from '../../http/auth/require-operator.ts';

const Revoked = z
  .object({
    keyId: z.string(),
    revokedAt: z.iso.datetime(),
    changed: z.boolean().openapi({ description: 'False if the key was revoked before.' }),
  })
  .openapi('OwnerKeyRevoked', {
    example: { keyId: 'key_01JZ0000000000000000000000', revokedAt: '2026-06-28T00:00:00.000Z', changed: true },
  });

const route = createRoute({
  ...operation(
    'revokeAnyKey',
    'Revokes a key of any account and every key below it, at once and for good, for example when it was published. To stop a whole account, freeze it.',
  ),
  middleware: [strictQuery(ShardQuery.shape)] as const,
  request: {
    query: ShardQuery,
    params: z.object({ id: idInPath.openapi({ description: 'The id of the key.', example: 'key_01JZ0000000000000000000000' }) }),
    body: { required: true, content: { 'application/json': { schema: ReasonBody } } },
  },
  responses: {
    200: { description: 'The key is revoked.', content: { 'application/json': { schema: Revoked } } },
    ...errorResponses(...OPERATOR_ERRORS, ...BODY_ERRORS, 'not_found'),
  },
});

export function registerOpsKeys(app: App): void {
  app.openapi(route, async (c) => {
    const keyId = c.req.valid('param').id;
    const done = await c.get('service').operations.desk.revokeKey({ id: c.get('requestId'), ...c.req.valid('json'), keyId });
    if (!done.ok) return refuse(c, deskRefusal(done.error, 'key'));
    return c.json({ keyId, revokedAt: isoTime(done.value.revokedAt), changed: done.value.changed }, 200);
  });
}
