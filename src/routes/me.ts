import { createRoute, z } from '@hono/zod-openapi';
import { isoTime } from '../clock.ts';
import { authenticate } from '../http/authenticate.ts';
import type { App } from '../http/context.ts';
import { errorResponses, refuse } from '../http/error-response.ts';
import { KeyView, keyView, ownerKeyView } from '../http/key-view.ts';
import { onlyQuery } from '../http/query.ts';
import { identityRefusal } from '../read/refusals.ts';

const Me = z
  .object({
    account: z
      .object({ id: z.string(), name: z.string(), status: z.enum(['active', 'frozen', 'closed']), createdAt: z.iso.datetime() })
      .nullable(),
    key: KeyView,
    balance: z
      .object({
        availableMicroCredits: z.int().openapi({ description: 'What can be spent now.' }),
        heldMicroCredits: z.int().nonnegative().openapi({ description: 'Set aside for requests that are running.' }),
        debtMicroCredits: z.int().nonnegative().openapi({ description: 'Owed after a payment was taken back; blocks spending.' }),
      })
      .nullable(),
  })
  .openapi('Me', {
    example: {
      account: {
        id: 'acct_01JZ0000000000000000000000',
        name: 'Example agent team',
        status: 'active',
        createdAt: '2026-06-28T00:00:00.000Z',
      },
      key: {
        id: 'key_01JZ0000000000000000000000',
        accountId: 'acct_01JZ0000000000000000000000',
        name: 'local-dev',
        role: 'customer',
        unbilled: false,
        prefix: 'igsk_',
        createdAt: '2026-06-28T00:00:00.000Z',
      },
      balance: { availableMicroCredits: 4997000, heldMicroCredits: 0, debtMicroCredits: 0 },
    },
  });

const route = createRoute({
  method: 'get',
  path: '/v1/me',
  operationId: 'getMe',
  tags: ['Account'],
  summary: 'Whose key is this, and what is left to spend?',
  description: 'For the owner key `account` and `balance` are null: it is not billed.',
  security: [{ apiKey: [] }],
  middleware: [onlyQuery([])] as const,
  responses: {
    200: { description: 'The key, its account and the balance.', content: { 'application/json': { schema: Me } } },
    ...errorResponses('invalid_request', 'unauthorized', 'internal', 'misconfigured', 'overloaded'),
  },
});

export function registerMe(app: App): void {
  app.openapi(route, async (c) => {
    const { accounts, ownerKeyHashes } = c.var.service;
    const principal = await authenticate(c.req.header('Authorization'), ownerKeyHashes);
    if (!principal.ok) return refuse(c, principal.error);
    c.var.event.role = principal.value.kind;
    c.header('Cache-Control', 'no-store');
    if (principal.value.kind === 'owner') return c.json({ account: null, key: ownerKeyView, balance: null }, 200);
    const found = await accounts.identify(principal.value.keyHash);
    if (!found.ok) return refuse(c, identityRefusal(found.error));
    const { account, key, balance } = found.value;
    c.var.event.accountId = account.id;
    return c.json(
      {
        account: { id: account.id, name: account.name, status: account.status, createdAt: isoTime(account.createdAt) },
        key: keyView(key),
        balance: { availableMicroCredits: balance.available, heldMicroCredits: balance.held, debtMicroCredits: balance.debt },
      },
      200,
    );
  });
}
