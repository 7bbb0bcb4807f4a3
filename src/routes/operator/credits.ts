import { createRoute, z } from '@hono/zod-openapi';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { BalanceView, balanceView } from '../account/balance-view.ts';
import { creditRefusal, idInPath, reason } from './orders.ts';
import { ShardQuery } from '../../http/auth/operator-shard.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { BODY_ERRORS, OPERATOR_ERRORS } from '../../http/auth/require-operator.ts';
import { MAX_AMOUNT_MICRO_CREDITS, microCredits } from '../../core/money.ts';
import { jsonObject } from '../../http/json-body.ts';

const Credit = jsonObject({
  accountId: idInPath,
  kind: z
    .enum(['grant', 'adjust'])
    .openapi({ description: 'A `grant` only adds credit; an `adjust` may also take credit, even into debt.' }),
  microCredits: z
    .int()
    .min(-MAX_AMOUNT_MICRO_CREDITS)
    .max(MAX_AMOUNT_MICRO_CREDITS)
    .refine((value) => value !== 0, 'must not be 0')
    .openapi({ description: 'The credit to add; negative to take credit.' }),
  ref: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,79}$/)
    .openapi({ description: 'Your own name for this credit, such as a ticket number. Each is booked once.' }),
  reason,
})
  .refine((credit) => credit.kind === 'adjust' || credit.microCredits > 0, { path: ['microCredits'], message: 'a grant must be above 0' })
  .openapi('OwnerCredit', {
    example: {
      accountId: 'acct_01JZ0000000000000000000000',
      kind: 'grant',
      microCredits: 1000000,
      ref: 'ticket-4711',
      reason: 'Ticket 4711: goodwill after an outage.',
    },
  });

const Credited = z
  .object({
    accountId: z.string(),
    booked: z.boolean().openapi({ description: 'False if this `ref` was booked before; nothing was booked again.' }),
    balance: BalanceView,
  })
  .openapi('OwnerCredited', {
    example: {
      accountId: 'acct_01JZ0000000000000000000000',
      booked: true,
      balance: { availableMicroCredits: 1000000, heldMicroCredits: 0, debtMicroCredits: 0 },
    },
  });

const route = createRoute({
  ...operation(
    'bookCredit',
    'Adds credit to an account or corrects its balance. Each `ref` is booked once, so the request is safe to repeat; the same `ref` with another ' +
      "account or amount is 422. The entry stays in the account's ledger for good. Do not use it for payments: top-ups book those.",
  ),
  middleware: [strictQuery(ShardQuery.shape)] as const,
  request: { query: ShardQuery, body: { required: true, content: { 'application/json': { schema: Credit } } } },
  responses: {
    200: { description: 'The balance after the credit.', content: { 'application/json': { schema: Credited } } },
    ...errorResponses(...OPERATOR_ERRORS, ...BODY_ERRORS, 'not_found', 'idempotency_mismatch'),
  },
});

export function registerOpsCredits(app: App): void {
  app.openapi(route, async (c) => {
    const { microCredits: delta, ...order } = c.req.valid('json');
    const credited = await c.get('service').operations.desk.credit({ ...order, id: c.get('requestId'), delta: microCredits(delta) });
    if (!credited.ok) return refuse(c, creditRefusal(credited.error));
    const { booked, balance } = credited.value;
    return c.json(
      {
        accountId: order.accountId,
        booked,
        balance: balanceView(balance),
      },
      200,
    );
  });
}
