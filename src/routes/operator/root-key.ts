import { createRoute, z } from '@hono/zod-openapi';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { API_KEY_WARNING, newSecret } from '../keys/basic-view.ts';
import { deskRefusal, idInPath, ReasonBody } from './orders.ts';
import { ShardQuery } from '../../http/auth/operator-shard.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { BODY_ERRORS, OPERATOR_ERRORS } from '../../http/auth/require-operator.ts';

const Reissued = z
  .object({
    accountId: z.string(),
    keyId: z.string(),
    isNewKey: z
      .boolean()
      .openapi({ description: 'True if no root key was left that works and may manage keys, so that another was made.' }),
    ...newSecret,
  })
  .openapi('OwnerRootKey', {
    example: {
      accountId: 'acct_01JZ0000000000000000000000',
      keyId: 'key_01JZ0000000000000000000000',
      isNewKey: false,
      apiKey: 'igsk_…',
      warning: API_KEY_WARNING,
    },
  });

const route = createRoute({
  ...operation(
    'reissueRootKey',
    'Gives an account a new secret for its root key, after its customer lost the only key or somebody else took it over. Every older secret of ' +
      'a root key ends at once; keys below it keep working, so revoke those that the customer does not know. First make sure who is asking. ' +
      'Each call issues another secret.',
  ),
  middleware: [strictQuery(ShardQuery.shape)] as const,
  request: {
    query: ShardQuery,
    params: z.object({ id: idInPath.openapi({ description: 'The id of the account.', example: 'acct_01JZ0000000000000000000000' }) }),
    body: { required: true, content: { 'application/json': { schema: ReasonBody } } },
  },
  responses: {
    201: { description: 'The new secret of the root key.', content: { 'application/json': { schema: Reissued } } },
    ...errorResponses(...OPERATOR_ERRORS, ...BODY_ERRORS, 'not_found'),
  },
});

export function registerOpsRootKey(app: App): void {
  app.openapi(route, async (c) => {
    const accountId = c.req.valid('param').id;
    const done = await c.get('service').operations.desk.reissueRootKey({ id: c.get('requestId'), ...c.req.valid('json'), accountId });
    if (!done.ok) return refuse(c, deskRefusal(done.error, 'account'));
    return c.json({ accountId, ...done.value, warning: API_KEY_WARNING }, 201);
  });
}
