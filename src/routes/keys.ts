import { createRoute, z } from '@hono/zod-openapi';
import type { KeyDetails } from '../billing/accounts.ts';
import { AccountKey, accountKey, accountKeyExample } from '../http/account-key.ts';
import type { App, AppContext } from '../http/context.ts';
import { errorResponses, refuse } from '../http/error-response.ts';
import { IDEMPOTENCY_ERRORS, idempotent } from '../http/idempotent.ts';
import { identifyCustomer } from '../http/identify.ts';
import { draftOf, KEY_ERRORS, keyRefusal, MintedKey, NewKey } from '../http/key-requests.ts';
import { onlyQuery } from '../http/query.ts';

const Keys = z.object({ items: z.array(AccountKey) }).openapi('Keys', { example: { items: [accountKeyExample] } });

const listRoute = createRoute({
  method: 'get',
  path: '/v1/keys',
  operationId: 'listKeys',
  tags: ['Account'],
  summary: 'List the keys this key manages',
  description:
    'A key that signed up manages every key of its account, any other key itself and the keys below it. Revoked keys come last, at most 200 keys in all. Needs the scope `keys`.',
  security: [{ apiKey: [] }],
  middleware: [onlyQuery([])] as const,
  responses: {
    200: { description: 'The keys, without their text.', content: { 'application/json': { schema: Keys } } },
    ...errorResponses('invalid_request', 'unauthorized', 'forbidden', 'internal', 'misconfigured', 'overloaded'),
  },
});

const createKeyRoute = createRoute({
  method: 'post',
  path: '/v1/keys',
  operationId: 'createKey',
  tags: ['Account'],
  summary: 'Mint a key below this one',
  description:
    'The new key can never do more than the keys above it: their scopes, ceilings, budgets and expiry hold for it as well, and revoking one of them ends it. ' +
    'Keys go four deep. Its text is shown once. Needs the scope `keys`.',
  security: [{ apiKey: [] }],
  middleware: [onlyQuery([])] as const,
  request: { body: { required: true, content: { 'application/json': { schema: NewKey } } } },
  responses: {
    201: { description: 'The key and its text.', content: { 'application/json': { schema: MintedKey } } },
    ...errorResponses('body_too_large', 'unsupported_media_type', ...KEY_ERRORS, ...IDEMPOTENCY_ERRORS),
  },
});

export function registerKeys(app: App): void {
  app.openapi(listRoute, async (c) => {
    const asked = await identifyCustomer(c, 'keys');
    if (!asked.ok) return refuse(c, asked.error);
    const keys = await c.var.service.keyRing.list(asked.value.key);
    if (!keys.ok) return refuse(c, { code: 'overloaded' });
    c.header('Cache-Control', 'no-store');
    return c.json({ items: keys.value.map((key) => accountKey(key, c.var.deps.clock())) }, 200);
  });

  app.openapi(createKeyRoute, async (c) => {
    const asked = await identifyCustomer(c, 'keys');
    if (!asked.ok) return refuse(c, asked.error);
    const { account, key } = asked.value;
    const body = c.req.valid('json');
    // Which key mints is part of the request: another key of the account must not be given the first one's new key.
    return idempotent(c, account.id, { ...body, mintedBy: key.id }, () => mint(c, key, draftOf(body)));
  });
}

async function mint(c: AppContext, by: KeyDetails, draft: ReturnType<typeof draftOf>) {
  if (draft.expiresAt !== null && draft.expiresAt <= c.var.deps.clock()) {
    return refuse(c, { code: 'invalid_request', message: 'expiresAt is in the past.', details: { parameter: 'expiresAt' } });
  }
  const minted = await c.var.service.keyRing.create(by, draft);
  if (!minted.ok) return refuse(c, keyRefusal(minted.error));
  const { key, apiKey } = minted.value;
  c.header('Cache-Control', 'no-store');
  const warning = 'Store this API key now. It will not be shown again.' as const;
  return c.json({ key: accountKey(key, c.var.deps.clock()), apiKey, warning }, 201);
}
