import { describe, expect, test } from 'vitest';
import { MintedKey } from '../../src/routes/keys/requests.ts';
import { type Api, OPERATOR_KEY, useApi } from '../support/api.ts';
import { errorOf } from '../support/answers.ts';

const start = useApi();
const READ = '/v1/post?url=DemoImage01';
const send = (method: string, key: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) => ({
  method,
  key,
  ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) }),
});

type Answer = Awaited<ReturnType<Api['request']>>;

const codeOf = (answer: Answer) => [answer.status, errorOf(answer).code, errorOf(answer).details?.['reason']];
const statusWith = async (api: Api, key: string) => (await api.request('/v1/me', { key })).status;
const idOf = async (api: Api, key: string) => ((await api.request('/v1/me', { key })).body as { key: { id: string } }).key.id;

async function rotate(api: Api, key: string, id: string, body: unknown): Promise<string> {
  const answer = await api.request(`/v1/keys/${id}/rotate`, send('POST', key, body));
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return MintedKey.parse(answer.body).apiKey;
}

describe('an emergency rotation', () => {
  test('ends every older secret at once, also one that an earlier rotation let live for a day', async () => {
    const api = start();
    const { key: first } = await api.signUp();
    const id = await idOf(api, first);
    const second = await rotate(api, first, id, {});
    const third = await rotate(api, second, id, { graceSeconds: 0 });
    expect(await Promise.all([first, second, third].map((key) => statusWith(api, key)))).toEqual([401, 401, 200]);
    expect((await api.request(READ, { key: first })).status).toBe(401);
    for (const request of [send('DELETE', first), send('PATCH', first, { name: 'taken' })])
      expect((await api.request(`/v1/keys/${id}`, request)).status).toBe(401);
    expect((await api.request(`/v1/keys/${id}/rotate`, send('POST', first, { graceSeconds: 0 }))).status).toBe(401);
    expect((await api.request(READ, { key: third })).status).toBe(200);
  });

  test('never lets an older secret live longer than it would have', async () => {
    const api = start();
    const { key: first } = await api.signUp();
    const id = await idOf(api, first);
    const second = await rotate(api, first, id, { graceSeconds: 60 });
    api.clock.advance(1_000);
    await rotate(api, second, id, { graceSeconds: 3_600 });
    api.clock.advance(58_999);
    expect([await statusWith(api, first), await statusWith(api, second)]).toEqual([200, 200]);
    api.clock.advance(1);
    expect([await statusWith(api, first), await statusWith(api, second)]).toEqual([401, 200]);
  });

  test('works where twenty replaced secrets still do, when no other rotation does', async () => {
    const api = start();
    let { key } = await api.signUp();
    const id = await idOf(api, key);
    for (let count = 0; count < 19; count += 1) {
      key = await rotate(api, key, id, { graceSeconds: 600_000 });
      api.clock.advance(10_000);
    }
    expect(codeOf(await api.request(`/v1/keys/${id}/rotate`, send('POST', key, { graceSeconds: 60 })))).toEqual([
      403,
      'forbidden',
      'too_many_secrets',
    ]);
    expect(await statusWith(api, key)).toBe(200);
    const last = await rotate(api, key, id, { graceSeconds: 0 });
    expect([await statusWith(api, key), await statusWith(api, last)]).toEqual([401, 200]);
  });

  test('wins against a rotation of the older secret at the same time: one secret is left', async () => {
    const api = start();
    const { key: first } = await api.signUp();
    const id = await idOf(api, first);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => api.request(`/v1/keys/${id}/rotate`, send('POST', first, { graceSeconds: 0 }))),
    );
    const made = answers.filter(({ status }) => status === 201).map(({ body }) => MintedKey.parse(body).apiKey);
    expect(made).toHaveLength(1);
    for (const { status } of answers) expect([201, 401, 403]).toContain(status);
    expect(await statusWith(api, made[0] ?? '')).toBe(200);
  });
});

describe('a retiring secret', () => {
  test('reads, and changes nothing', async () => {
    const api = start();
    const { key: old } = await api.signUp();
    const id = await idOf(api, old);
    const child = MintedKey.parse((await api.request('/v1/keys', send('POST', old, { name: 'helper' }))).body);
    const fresh = await rotate(api, old, id, {});
    for (const path of ['/v1/me', '/v1/keys', '/v1/usage', '/v1/ledger', '/v1/topups', READ])
      expect((await api.request(path, { key: old })).status, path).toBe(200);
    const changes = (key: string): [string, Parameters<Api['request']>[1]][] => [
      ['/v1/keys', send('POST', key, { name: 'x' })],
      [`/v1/keys/${id}`, send('PATCH', key, { name: 'x' })],
      [`/v1/keys/${child.key.id}`, send('PATCH', key, { name: 'x' })],
      [`/v1/keys/${child.key.id}/rotate`, send('POST', key, {})],
      [`/v1/keys/${id}/rotate`, send('POST', key, { graceSeconds: 0 })],
      ['/v1/topups/checkout', send('POST', key, { microCredits: 1_000_000 })],
      [`/v1/keys/${child.key.id}`, send('DELETE', key)],
      [`/v1/keys/${id}`, send('DELETE', key)],
    ];
    for (const [path, request] of changes(old))
      expect(codeOf(await api.request(path, request)), `${request?.method} ${path}`).toEqual([403, 'forbidden', 'secret_retiring']);
    const seen = (await api.request('/v1/keys', { key: fresh })).body as { items: { name: string; revokedAt: string | null }[] };
    expect(Object.fromEntries(seen.items.map(({ name, revokedAt }) => [name, revokedAt]))).toEqual({ helper: null, 'test key': null });
    for (const [path, request] of changes(fresh).slice(0, 4)) expect((await api.request(path, request)).status, path).toBeLessThan(300);
  });

  test('still gets the answer of the rotation that replaced it, which was lost on the way', async () => {
    const api = start();
    const { key } = await api.signUp();
    const id = await idOf(api, key);
    const once = () => api.request(`/v1/keys/${id}/rotate`, send('POST', key, {}, { 'Idempotency-Key': 'rotate-once' }));
    const first = await once();
    const again = await once();
    expect([first.status, again.status, again.headers.get('Idempotency-Replayed')]).toEqual([201, 201, 'true']);
    expect(again.body).toEqual(first.body);
  });
});

describe('POST /v1/ops/accounts/{id}/root-key', () => {
  const reason = 'Ticket 4711: the customer lost the key.';
  const reissue = (api: Api, accountId: string) =>
    api.request(`/v1/ops/accounts/${accountId}/root-key`, send('POST', OPERATOR_KEY, { reason }));
  const secretOf = (answer: Answer) => {
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    // safe because every response of the API is checked against its description
    return answer.body as { keyId: string; isNewKey: boolean; apiKey: string };
  };

  test('gives the root key another secret and ends those before it, with a reason in the list of actions', async () => {
    const api = start();
    const { key: lost, accountId } = await api.signUp();
    const id = await idOf(api, lost);
    const child = MintedKey.parse((await api.request('/v1/keys', send('POST', lost, { name: 'helper' }))).body);
    const stolen = await rotate(api, lost, id, {});
    const { keyId, isNewKey, apiKey } = secretOf(await reissue(api, accountId));
    expect([keyId, isNewKey]).toEqual([id, false]);
    expect(await Promise.all([lost, stolen, apiKey, child.apiKey].map((key) => statusWith(api, key)))).toEqual([401, 401, 200, 200]);
    expect((await api.request(`/v1/keys/${child.key.id}`, send('DELETE', apiKey))).status).toBe(200);
    const actions = (await api.request('/v1/ops/actions', { key: OPERATOR_KEY })).body as { items: unknown[] };
    expect(actions.items[0]).toMatchObject({ kind: 'reissue_root_key', subject: accountId, reason, details: { last4: apiKey.slice(-4) } });
    expect(JSON.stringify(actions)).not.toContain(apiKey);
    const again = secretOf(await reissue(api, accountId));
    expect([await statusWith(api, apiKey), await statusWith(api, again.apiKey)]).toEqual([401, 200]);
  });

  test.each([
    ['revoked', (api: Api, key: string, id: string) => api.request(`/v1/keys/${id}`, send('DELETE', key))],
    [
      'expired',
      async (api: Api, key: string, id: string) => {
        const expiresAt = new Date(api.clock() + 1_000).toISOString();
        await api.request(`/v1/keys/${id}`, send('PATCH', key, { expiresAt }));
        api.clock.advance(1_000);
      },
    ],
    [
      'unable to manage keys',
      (api: Api, key: string, id: string) => api.request(`/v1/keys/${id}`, send('PATCH', key, { scopes: ['read'] })),
    ],
  ])('makes another root key where the only one is %s', async (_why, end) => {
    const api = start();
    const { key, accountId } = await api.signUp();
    const id = await idOf(api, key);
    await end(api, key, id);
    const { keyId, isNewKey, apiKey } = secretOf(await reissue(api, accountId));
    expect(isNewKey).toBe(true);
    expect(keyId).not.toBe(id);
    expect([await statusWith(api, key), await statusWith(api, apiKey)]).toEqual([401, 200]);
    expect((await api.request('/v1/keys', send('POST', apiKey, { name: 'helper' }))).status).toBe(201);
    expect((await api.request(READ, { key: apiKey })).status).toBe(200);
    const second = secretOf(await reissue(api, accountId));
    expect([second.keyId, second.isNewKey]).toEqual([keyId, false]);
  });

  test('leaves a frozen account frozen, and tells an account that does not exist', async () => {
    const api = start();
    const { accountId } = await api.signUp();
    await api.request(`/v1/ops/accounts/${accountId}/freeze`, send('POST', OPERATOR_KEY, { reason }));
    const { apiKey } = secretOf(await reissue(api, accountId));
    expect(codeOf(await api.request(READ, { key: apiKey }))).toEqual([403, 'account_frozen', undefined]);
    expect(codeOf(await reissue(api, 'acct_nobody'))).toEqual([404, 'not_found', undefined]);
    const actions = (await api.request('/v1/ops/actions', { key: OPERATOR_KEY })).body as { items: { subject: string }[] };
    expect(actions.items.map(({ subject }) => subject)).not.toContain('acct_nobody');
  });
});
