import { expect, test } from 'vitest';
import { z } from 'zod';
import { AccountKey } from '../../src/routes/keys/view.ts';
import { MintedKey } from '../../src/routes/keys/requests.ts';
import { type Api, OPERATOR_KEY, useApi } from '../support/api.ts';
import { errorOf } from '../support/answers.ts';

const start = useApi();
const AGENT = { name: 'agent', scopes: ['read', 'keys'] };
const MOST_BELOW = 50;
const Keys = z.object({ items: z.array(AccountKey) });

const send = (method: string, key: string, body?: unknown) => ({
  method,
  key,
  ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
});

const ask = (api: Api, key: string, body: unknown = { name: 'helper' }) => api.request('/v1/keys', send('POST', key, body));

async function mint(api: Api, key: string, body?: unknown) {
  const answer = await ask(api, key, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return MintedKey.parse(answer.body);
}

async function refusalOf(api: Api, key: string) {
  const answer = await ask(api, key);
  return [answer.status, errorOf(answer).details?.['reason']];
}

const listOf = async (api: Api, key: string) => Keys.parse((await api.request('/v1/keys?limit=200', { key })).body).items;

/** Fills an account to its hundred active keys, half of them below an agent's key. */
async function fill(api: Api, root: string, agent: { readonly apiKey: string }): Promise<void> {
  for (let count = 0; count < MOST_BELOW; count += 1) await mint(api, agent.apiKey);
  for (let count = 0; count < 98 - MOST_BELOW; count += 1) await mint(api, root);
  expect(await refusalOf(api, root)).toEqual([403, 'too_many_keys']);
}

test('an agent has at most fifty active keys below it, at any depth; the others of the account may still create some', async () => {
  const api = start();
  const { key: root } = await api.signUp();
  const agent = await mint(api, root, AGENT);
  const below = await mint(api, agent.apiKey, AGENT);
  for (let count = 0; count < 24; count += 1) await mint(api, agent.apiKey);
  for (let count = 0; count < 25; count += 1) await mint(api, below.apiKey);
  for (const full of [agent, below]) expect(await refusalOf(api, full.apiKey)).toEqual([403, 'too_many_keys_below']);
  const other = await mint(api, root, AGENT);
  await mint(api, other.apiKey);
  // What has ended makes room, with all that is below it.
  await api.request(`/v1/keys/${below.key.id}`, send('DELETE', agent.apiKey));
  for (let count = 0; count < 26; count += 1) await mint(api, agent.apiKey);
  expect(await refusalOf(api, agent.apiKey)).toEqual([403, 'too_many_keys_below']);
});

test('revoking a key marks every key below it and takes all of them off the count', async () => {
  const api = start();
  const { key: root } = await api.signUp();
  const agent = await mint(api, root, AGENT);
  await fill(api, root, agent);
  const earlier = (await listOf(api, root)).find(({ parentId }) => parentId === agent.key.id)?.id ?? '';
  const first = AccountKey.parse((await api.request(`/v1/keys/${earlier}`, send('DELETE', root))).body);
  api.clock.advance(5);
  const ended = AccountKey.parse((await api.request(`/v1/keys/${agent.key.id}`, send('DELETE', root))).body);
  const items = await listOf(api, root);
  const below = items.filter(({ parentId }) => parentId === agent.key.id);
  expect(below).toHaveLength(MOST_BELOW);
  for (const key of below) expect(key.revokedAt).toBe(key.id === earlier ? first.revokedAt : ended.revokedAt);
  expect(items.slice(0, items.length - MOST_BELOW - 1).every(({ revokedAt }) => revokedAt === null)).toBe(true);
  for (let count = 0; count <= MOST_BELOW; count += 1) await mint(api, root);
  expect(await refusalOf(api, root)).toEqual([403, 'too_many_keys']);
  const keys = await api.database.execute(`SELECT sum(revoked_at IS NULL) AS live, sum(revoked_at IS NOT NULL) AS revoked FROM api_key`);
  const counted = await api.database.execute(`SELECT labels ->> 'state' AS state, value FROM metric WHERE name = 'keys' ORDER BY state`);
  expect(counted.rows.map((row) => row['value'])).toEqual([keys.rows[0]?.['live'], keys.rows[0]?.['revoked']]);
});

test('keys below an expired one do not count', async () => {
  const api = start();
  const { key: root } = await api.signUp();
  const agent = await mint(api, root, { ...AGENT, expiresAt: new Date(api.clock() + 600_000).toISOString() });
  await fill(api, root, agent);
  api.clock.advance(600_000);
  for (let count = 0; count <= MOST_BELOW; count += 1) await mint(api, root);
  expect(await refusalOf(api, root)).toEqual([403, 'too_many_keys']);
});

test('the operator revokes the keys below a key too, in all four generations and nothing beside them', async () => {
  const api = start();
  const { key: root } = await api.signUp();
  const [agent, beside] = [await mint(api, root, AGENT), await mint(api, root)];
  const child = await mint(api, agent.apiKey, AGENT);
  const grandchild = await mint(api, child.apiKey, { name: 'x', expiresAt: new Date(api.clock() + 1_000).toISOString() });
  api.clock.advance(1_000);
  const answer = await api.request(`/v1/ops/keys/${agent.key.id}/revoke`, send('POST', OPERATOR_KEY, { reason: 'a test' }));
  expect(answer.body).toMatchObject({ changed: true });
  const revoked = (await listOf(api, root)).filter(({ revokedAt }) => revokedAt !== null).map(({ id }) => id);
  // One that had expired has its own end, with which the scheduled job marks it.
  expect(revoked.sort()).toEqual([agent, child].map(({ key }) => key.id).sort());
  expect([beside.key.id, grandchild.key.id].filter((id) => revoked.includes(id))).toEqual([]);
});

test('an agent that revokes itself ends every key below it as well', async () => {
  const api = start();
  const { key: root } = await api.signUp();
  const agent = await mint(api, root, AGENT);
  const child = await mint(api, agent.apiKey, AGENT);
  await mint(api, child.apiKey);
  await mint(api, agent.apiKey);
  expect((await api.request(`/v1/keys/${agent.key.id}`, send('DELETE', agent.apiKey))).status).toBe(200);
  const active = (await listOf(api, root)).filter(({ revokedAt }) => revokedAt === null);
  expect(active.map(({ name }) => name)).toEqual(['test key']);
});
