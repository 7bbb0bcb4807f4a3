import { createRoute, z } from '@hono/zod-openapi';
import { isoTime } from '../../core/clock.ts';
import { AccountKey, accountKey, accountKeyExample, operatorAccountKey } from '../keys/view.ts';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { identify, IDENTITY_ERRORS } from '../../http/auth/identify.ts';
import { BalanceView, balanceView } from './balance-view.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';

const Me = z
  .object({
    account: z
      .object({ id: z.string(), name: z.string(), status: z.enum(['active', 'frozen', 'closed']), createdAt: z.iso.datetime() })
      .nullable(),
    key: AccountKey,
    balance: BalanceView.nullable(),
  })
  .openapi('Me', {
    example: {
      account: {
        id: 'acct_01JZ0000000000000000000000',
        name: 'Example agent team',
        status: 'active',
        createdAt: '2026-06-28T00:00:00.000Z',
      },
      key: accountKeyExample,
      balance: { availableMicroCredits: 4997000, heldMicroCredits: 0, debtMicroCredits: 0 },
    },
  });

const route = createRoute({
  ...operation(
    'getMe',
    "Returns the account and the key that sent the request, with the key's limits, and the balance. Use it to check a key or, before a " +
      'large batch, what can be spent. Reads also answer with `X-Credits-Remaining`, so there is no need to poll. ' +
      'With the operator key, `account` and `balance` are null.',
  ),
  middleware: [strictQuery({})] as const,
  responses: {
    200: { description: 'The account, the key and the balance.', content: { 'application/json': { schema: Me } } },
    ...errorResponses('invalid_request', 'internal', 'misconfigured', ...IDENTITY_ERRORS),
  },
});

export function registerMe(app: App): void {
  app.openapi(route, async (c) => {
    const asked = await identify(c, null);
    if (!asked.ok) return refuse(c, asked.error);
    c.header('Cache-Control', 'no-store');
    if (asked.value === 'operator') return c.json({ account: null, key: operatorAccountKey, balance: null }, 200);
    const { account, key, balance } = asked.value;
    return c.json(
      {
        account: { id: account.id, name: account.name, status: account.status, createdAt: isoTime(account.createdAt) },
        key: accountKey(key, c.get('deps').clock()),
        balance: balanceView(balance),
      },
      200,
    );
  });
}
