import { createRoute, z } from '@hono/zod-openapi';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { deskRefusal, idInPath, ReasonBody } from './orders.ts';
import { ShardQuery } from '../../http/auth/operator-shard.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { BODY_ERRORS, OPERATOR_ERRORS } from '../../http/auth/require-operator.ts';

const Params = z.object({ id: idInPath.openapi({ description: 'The id of the account.', example: 'acct_01JZ0000000000000000000000' }) });

const Status = z
  .object({
    accountId: z.string(),
    status: z.enum(['active', 'frozen', 'closed']),
    changed: z.boolean().openapi({ description: 'False if the account already had this status.' }),
  })
  .openapi('OwnerAccountStatus', { example: { accountId: 'acct_01JZ0000000000000000000000', status: 'frozen', changed: true } });

const shared = {
  request: {
    params: Params,
    query: ShardQuery,
    body: { required: true as const, content: { 'application/json': { schema: ReasonBody } } },
  },
  responses: {
    200: { description: 'The status of the account.', content: { 'application/json': { schema: Status } } },
    ...errorResponses(...OPERATOR_ERRORS, ...BODY_ERRORS, 'not_found'),
  },
};

const freeze = createRoute({
  ...operation(
    'freezeAccount',
    'Stops the account from spending, for example while fraud is investigated: reads, top-ups and changes of keys return `account_frozen`. Its keys still ' +
      'work for looking at the account, and can be revoked. Reads that are running finish and are charged. To stop a single key, revoke it instead.',
  ),
  ...shared,
  middleware: [strictQuery(ShardQuery.shape)] as const,
});

const unfreeze = createRoute({
  ...operation('unfreezeAccount', 'Lets a frozen account spend again. A closed account stays closed.'),
  ...shared,
  middleware: [strictQuery(ShardQuery.shape)] as const,
});

export function registerOpsAccounts(app: App): void {
  app.openapi(freeze, async (c) => {
    const accountId = c.req.valid('param').id;
    const done = await c
      .get('service')
      .operations.desk.setFrozen({ id: c.get('requestId'), ...c.req.valid('json'), accountId, frozen: true });
    return done.ok ? c.json({ accountId, ...done.value }, 200) : refuse(c, deskRefusal(done.error, 'account'));
  });
  app.openapi(unfreeze, async (c) => {
    const accountId = c.req.valid('param').id;
    const done = await c
      .get('service')
      .operations.desk.setFrozen({ id: c.get('requestId'), ...c.req.valid('json'), accountId, frozen: false });
    return done.ok ? c.json({ accountId, ...done.value }, 200) : refuse(c, deskRefusal(done.error, 'account'));
  });
}
