import { createRoute } from '@hono/zod-openapi';
import type { Manager } from '../../billing/keys/key-manager.ts';
import { API_KEY_WARNING } from './basic-view.ts';
import { AccountKey, accountKey, accountKeyExample } from './view.ts';
import type { App, AppContext } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses, refuse } from '../../http/error-response.ts';
import { IDEMPOTENCY_ERRORS, idempotent } from '../../http/idempotency/idempotent.ts';
import { identifyCustomer } from '../../http/auth/identify.ts';
import { changesOf, KEY_ERRORS, KeyHeaders, KeyId, keyIdOf, KeyPatch, keyRefusal, MintedKey, pastEnd, Rotation } from './requests.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';

const shared = { middleware: strictQuery({}) };
const aKey = { 'application/json': { schema: AccountKey, example: accountKeyExample } };

const updateRoute = createRoute({
  ...operation(
    'updateKey',
    'Changes the name or limits of a key; omitted fields stay as they are. A limit can be widened up to the limits of the keys above. Only the ' +
      'root key may change itself. A changed budget still counts what was spent in the current period. `expiresAt` can only move earlier: ' +
      'to extend a key, create another. Needs the scope `keys`.',
  ),
  ...shared,
  request: { params: KeyId, body: { required: true, content: { 'application/json': { schema: KeyPatch } } } },
  responses: {
    200: { description: 'The changed key.', content: aKey },
    ...errorResponses('body_too_large', 'unsupported_media_type', ...KEY_ERRORS),
  },
});

const rotateRoute = createRoute({
  ...operation(
    'rotateKey',
    'Gives a key a new secret, on a schedule or after a leak. The key keeps its id, limits, usage and the keys below it. Older secrets can ' +
      'still read until the grace period ends, a day by default, but neither manage keys nor top up; set `graceSeconds` to 0 to end all of them at ' +
      'once. To end the key itself, revoke it. Needs the scope `keys`.',
  ),
  ...shared,
  request: { params: KeyId, headers: KeyHeaders, body: { required: true, content: { 'application/json': { schema: Rotation } } } },
  responses: {
    201: { description: 'The key and its new secret.', content: { 'application/json': { schema: MintedKey } } },
    ...errorResponses('body_too_large', 'unsupported_media_type', ...KEY_ERRORS, ...IDEMPOTENCY_ERRORS),
  },
});

const revokeRoute = createRoute({
  ...operation(
    'revokeKey',
    'Revokes a key and every key below it, at once and for good. Revoking it again changes nothing. To replace only the secret, rotate the key. ' +
      'Needs the scope `keys`.',
  ),
  ...shared,
  request: { params: KeyId },
  responses: { 200: { description: 'The revoked key.', content: aKey }, ...errorResponses('body_too_large', ...KEY_ERRORS) },
});

export function registerKey(app: App): void {
  app.openapi(updateRoute, async (c) => {
    const asked = await identifyCustomer(c, 'keys');
    if (!asked.ok) return refuse(c, asked.error);
    const changes = changesOf(c.req.valid('json'));
    const past = pastEnd(changes.expiresAt, c.get('deps').clock());
    if (past !== null) return refuse(c, past);
    const updated = await c.get('service').accounts.keys.update(asked.value, keyIdOf(c.req.valid('param')), changes);
    if (!updated.ok) return refuse(c, keyRefusal(updated.error));
    c.header('Cache-Control', 'no-store');
    return c.json(accountKey(updated.value, c.get('deps').clock()), 200);
  });

  app.openapi(rotateRoute, async (c) => {
    const asked = await identifyCustomer(c, 'keys');
    if (!asked.ok) return refuse(c, asked.error);
    const { account, key } = asked.value;
    const body = c.req.valid('json');
    const id = keyIdOf(c.req.valid('param'));
    return idempotent(c, { scope: account.id, body: { ...body, rotatedBy: key.id } }, () =>
      rotate(c, asked.value, id, body.graceSeconds * 1_000),
    );
  });

  app.openapi(revokeRoute, async (c) => {
    const asked = await identifyCustomer(c, 'keys');
    if (!asked.ok) return refuse(c, asked.error);
    const revoked = await c.get('service').accounts.keys.revoke(asked.value, keyIdOf(c.req.valid('param')));
    if (!revoked.ok) return refuse(c, keyRefusal(revoked.error));
    c.header('Cache-Control', 'no-store');
    return c.json(accountKey(revoked.value, c.get('deps').clock()), 200);
  });
}

async function rotate(c: AppContext, by: Manager, id: ReturnType<typeof keyIdOf>, graceMs: number) {
  const rotated = await c.get('service').accounts.keys.rotate(by, id, graceMs);
  if (!rotated.ok) return refuse(c, keyRefusal(rotated.error));
  const { key, apiKey } = rotated.value;
  c.get('service').accounts.owners.remember(apiKey, { keyId: key.id, accountId: key.accountId });
  c.header('Cache-Control', 'no-store');
  return c.json({ key: accountKey(key, c.get('deps').clock()), apiKey, warning: API_KEY_WARNING }, 201);
}
