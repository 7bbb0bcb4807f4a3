import { createRoute, z } from '@hono/zod-openapi';
import type { KeyPosition, Manager } from '../../billing/keys/key-manager.ts';
import { API_KEY_WARNING } from './basic-view.ts';
import { AccountKey, accountKey, accountKeyExample } from './view.ts';
import type { App, AppContext } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { IDEMPOTENCY_ERRORS, idempotent } from '../../http/idempotency/idempotent.ts';
import { identifyCustomer } from '../../http/auth/identify.ts';
import { draftOf, KEY_ERRORS, KeyHeaders, keyRefusal, MintedKey, NewKey, pastEnd } from './requests.ts';
import { listCursor, type ListPosition, listPosition, nextCursor, pageQuery, pageSize } from '../../http/pagination.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';

const Keys = z
  .object({ items: z.array(AccountKey), nextCursor })
  .openapi('Keys', { example: { items: [accountKeyExample], nextCursor: null } });
const Query = z.object(pageQuery);

/** Marks a cursor that stands behind a revoked key: those come last. */
const REVOKED = 'revoked-';

const listRoute = createRoute({
  ...operation(
    'listKeys',
    'Lists the keys that the sending key manages, those not revoked first, then the newest. The root key manages every key of the account; ' +
      'any other key manages itself and the keys below it. Secrets are never shown. Needs the scope `keys`.',
  ),
  middleware: [strictQuery(Query.shape)] as const,
  request: { query: Query },
  responses: {
    200: { description: 'A page of keys, without their secrets.', content: { 'application/json': { schema: Keys } } },
    ...errorResponses('invalid_request', 'invalid_cursor', 'unauthorized', 'forbidden', 'internal', 'misconfigured', 'overloaded'),
  },
});

const createKeyRoute = createRoute({
  ...operation(
    'createKey',
    'Creates a key below the sending key, for an agent or a part of a system that should have less access. The new key never has more than ' +
      'the keys above it: their scopes, ceilings, budgets and expiry apply to it too, and revoking one of them ends it. Keys nest four deep; an account has at most 100 active keys, and a key other than the root key at most 50 below it. ' +
      'The secret is shown once. To replace a leaked secret and keep the key, use `POST /v1/keys/{id}/rotate`. Needs the scope `keys`.',
  ),
  middleware: [strictQuery({})] as const,
  request: { headers: KeyHeaders, body: { required: true, content: { 'application/json': { schema: NewKey } } } },
  responses: {
    201: { description: 'The key and its secret.', content: { 'application/json': { schema: MintedKey } } },
    ...errorResponses('body_too_large', 'unsupported_media_type', ...KEY_ERRORS, ...IDEMPOTENCY_ERRORS),
  },
});

export function registerKeys(app: App): void {
  app.openapi(listRoute, async (c) => {
    const asked = await identifyCustomer(c, 'keys');
    if (!asked.ok) return refuse(c, asked.error);
    const query = c.req.valid('query');
    const after = listPosition(query.cursor);
    if (!after.ok) return refuse(c, after.error);
    const page = await c
      .get('service')
      .accounts.keys.list(asked.value.key, after.value === null ? null : positionOf(after.value), pageSize(query));
    if (!page.ok) return refuse(c, { code: 'overloaded' });
    c.header('Cache-Control', 'no-store');
    const { items, next } = page.value;
    return c.json(
      { items: items.map((key) => accountKey(key, c.get('deps').clock())), nextCursor: next === null ? null : cursorOf(next) },
      200,
    );
  });

  app.openapi(createKeyRoute, async (c) => {
    const asked = await identifyCustomer(c, 'keys');
    if (!asked.ok) return refuse(c, asked.error);
    const { account, key } = asked.value;
    const body = c.req.valid('json');
    // The creating key is part of the fingerprint: another key of the account must not receive the first one's new secret.
    return idempotent(c, { scope: account.id, body: { ...body, mintedBy: key.id } }, () => mint(c, asked.value, draftOf(body)));
  });
}

function cursorOf({ isRevoked, createdAt, id }: KeyPosition): string {
  return listCursor(createdAt, isRevoked ? `${REVOKED}${id}` : id);
}

function positionOf({ at, id }: ListPosition): KeyPosition {
  const isRevoked = id.startsWith(REVOKED);
  return { isRevoked, createdAt: at, id: isRevoked ? id.slice(REVOKED.length) : id };
}

async function mint(c: AppContext, by: Manager, draft: ReturnType<typeof draftOf>) {
  const past = pastEnd(draft.expiresAt, c.get('deps').clock());
  if (past !== null) return refuse(c, past);
  const minted = await c.get('service').accounts.keys.create(by, draft);
  if (!minted.ok) return refuse(c, keyRefusal(minted.error));
  const { key, apiKey } = minted.value;
  c.get('service').accounts.owners.remember(apiKey, { keyId: key.id, accountId: key.accountId });
  c.header('Cache-Control', 'no-store');
  return c.json({ key: accountKey(key, c.get('deps').clock()), apiKey, warning: API_KEY_WARNING }, 201);
}
