import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseApiKey } from '../../src/billing/keys/api-key.ts';
import { AccountKey } from '../../src/routes/keys/view.ts';
import { MintedKey } from '../../src/routes/keys/requests.ts';
import { type Api, OPERATOR_KEY, useApi } from '../support/api.ts';
import { errorOf } from '../support/answers.ts';

const start = useApi();
const send = (method: string, key: string, body?: unknown) => ({
  method,
  key,
  ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
});

/** A key minted below another, over the API. */
async function mint(api: Api, key: string, body: Readonly<Record<string, unknown>> = {}) {
  const answer = await api.request('/v1/keys', send('POST', key, { name: 'helper', ...body }));
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return MintedKey.parse(answer.body);
}

const Keys = z.object({ items: z.array(AccountKey), nextCursor: z.string().nullable() });

const codeOf = (answer: Awaited<ReturnType<Api['request']>>) => [answer.status, errorOf(answer).code, errorOf(answer).details?.['reason']];

describe('POST /v1/keys', () => {
  test('mints a child of the asking key and shows its text once', async () => {
    const api = start();
    const { key, accountId } = await api.signUp();
    const minted = await mint(api, key, { budget: { microCredits: 9_000, period: 'day' }, maxCostMicroCredits: 5_000 });
    expect(parseApiKey(minted.apiKey)).toMatchObject({ ok: true, value: { mode: 'live' } });
    const me = (await api.request('/v1/me', { key })).body as { key: { id: string } };
    expect(minted.key).toMatchObject({
      accountId,
      parentId: me.key.id,
      scopes: ['read'],
      maxCostMicroCredits: 5_000,
      budget: { microCredits: 9_000, period: 'day', spentMicroCredits: 0 },
      last4: minted.apiKey.slice(-4),
    });
    const list = await api.request('/v1/keys', { key });
    expect(JSON.stringify(list.body)).not.toContain(minted.apiKey);
    expect((list.body as { items: { id: string }[] }).items.map((item) => item.id).sort()).toEqual([me.key.id, minted.key.id].sort());
  });

  test('gives nothing that the asking key lacks', async () => {
    const api = start();
    const { key } = await api.signUp();
    const at = (ms: number) => new Date(api.clock() + ms).toISOString();
    const parent = await mint(api, key, {
      scopes: ['read:post', 'keys'],
      maxCostMicroCredits: 100,
      budget: { microCredits: 500, period: 'day' },
      expiresAt: at(10_000),
    });
    for (const wider of [
      { scopes: ['read'] },
      { scopes: ['read:reel'] },
      { scopes: ['billing'] },
      { maxCostMicroCredits: 101 },
      { budget: { microCredits: 501, period: 'day' } },
      { expiresAt: at(10_001) },
    ]) {
      const answer = await api.request('/v1/keys', send('POST', parent.apiKey, { name: 'x', ...wider }));
      expect(codeOf(answer), JSON.stringify(wider)).toEqual([403, 'forbidden', 'wider_than_parent']);
    }
    await mint(api, parent.apiKey, { scopes: ['read:post'], maxCostMicroCredits: 100, expiresAt: at(10_000) });
  });

  test('refuses what makes no sense, a fifth generation, and a key without the scope', async () => {
    const api = start();
    const { key } = await api.signUp();
    for (const body of [
      {},
      { name: '' },
      { name: 'x', scopes: [] },
      { name: 'x', scopes: ['all'] },
      { name: 'x', budget: { microCredits: -1 } },
      { name: 'x', maxCostMicroCredits: 0.5 },
      { name: 'x', parentId: 'key_1' },
      { name: 'x', expiresAt: new Date(api.clock()).toISOString() },
    ]) {
      expect((await api.request('/v1/keys', send('POST', key, body))).status, JSON.stringify(body)).toBe(400);
    }
    let deepest = key;
    for (let generation = 2; generation <= 4; generation += 1) deepest = (await mint(api, deepest, { scopes: ['read', 'keys'] })).apiKey;
    expect(codeOf(await api.request('/v1/keys', send('POST', deepest, { name: 'x' })))).toEqual([403, 'forbidden', 'too_deep']);
    const reader = await mint(api, key);
    expect(codeOf(await api.request('/v1/keys', send('POST', reader.apiKey, { name: 'x' })))).toEqual([403, 'forbidden', 'scope_missing']);
    expect(codeOf(await api.request('/v1/keys', send('POST', OPERATOR_KEY, { name: 'x' })))).toEqual([403, 'forbidden', 'owner_key']);
  });

  test('stops at a hundred living keys, and goes on when one is revoked', async () => {
    const api = start();
    const { key } = await api.signUp();
    let last = '';
    for (let count = 1; count < 100; count += 1) last = (await mint(api, key)).key.id;
    expect(codeOf(await api.request('/v1/keys', send('POST', key, { name: 'x' })))).toEqual([403, 'forbidden', 'too_many_keys']);
    await api.request(`/v1/keys/${last}`, send('DELETE', key));
    await mint(api, key);
  });
});

describe('a key of another account, or above or beside the asking one,', () => {
  test('is answered as if it did not exist, whatever is asked of it', async () => {
    const api = start();
    const [mine, other] = [await api.signUp(), await api.signUp()];
    const theirs = await mint(api, other.key);
    const [agent, sibling] = [await mint(api, mine.key, { scopes: ['read', 'keys'] }), await mint(api, mine.key)];
    const root = AccountKey.parse(((await api.request('/v1/me', { key: mine.key })).body as { key: unknown }).key);
    const asks = [
      [mine.key, theirs.key.id],
      [agent.apiKey, theirs.key.id],
      [agent.apiKey, sibling.key.id],
      [agent.apiKey, root.id],
      [mine.key, 'key_nothing'],
    ] as const;
    for (const [key, id] of asks) {
      for (const request of [send('PATCH', key, { name: 'taken' }), send('DELETE', key)]) {
        const answer = await api.request(`/v1/keys/${id}`, request);
        expect([answer.status, errorOf(answer).message]).toEqual([404, 'There is no such key.']);
      }
      expect((await api.request(`/v1/keys/${id}/rotate`, send('POST', key, {}))).status).toBe(404);
    }
    const seen = (await api.request('/v1/keys', { key: agent.apiKey })).body as { items: { id: string }[] };
    expect(seen.items.map((item) => item.id)).toEqual([agent.key.id]);
    expect((await api.request('/v1/me', { key: theirs.apiKey })).status).toBe(200);
  });
});

describe('GET /v1/keys', () => {
  /** The names of all keys that a key manages, page by page. */
  async function names(api: Api, key: string, limit: number): Promise<string[]> {
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await api.request(`/v1/keys?limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`, { key });
      const { items, nextCursor } = Keys.parse(page.body);
      expect(items.length === limit || nextCursor === null).toBe(true);
      seen.push(...items.map(({ name }) => name));
      cursor = nextCursor;
    }
    return seen;
  }

  test('pages through the keys without gap or duplicate: those not revoked first, then the newest', async () => {
    const api = start();
    const { key } = await api.signUp();
    const minted: string[] = [];
    for (const name of ['one', 'two', 'three', 'four', 'five']) {
      api.clock.advance(1);
      minted.push((await mint(api, key, { name })).key.id);
    }
    // Made in the same millisecond: their ids decide.
    for (const name of ['twin', 'twin']) await mint(api, key, { name });
    for (const index of [1, 3]) await api.request(`/v1/keys/${minted[index]}`, send('DELETE', key));
    const all = ['twin', 'twin', 'five', 'three', 'one', 'test key', 'four', 'two'];
    for (const limit of [1, 2, 3, 7, 8, 200]) expect(await names(api, key, limit), `pages of ${limit}`).toEqual(all);
    api.takeSent();
    await api.request('/v1/keys?limit=2', { key });
    expect(api.takeSent()).toEqual({ database: 2, providers: 0 });
  });

  test('shows an agent itself and what is below it, in full pages', async () => {
    const api = start();
    const { key } = await api.signUp();
    const agent = await mint(api, key, { name: 'agent', scopes: ['read', 'keys'] });
    for (const name of ['a', 'b', 'c']) {
      api.clock.advance(1);
      await mint(api, key, { name: `beside ${name}` });
      await mint(api, agent.apiKey, { name: `below ${name}` });
    }
    for (const limit of [1, 3, 4]) expect(await names(api, agent.apiKey, limit)).toEqual(['below c', 'below b', 'below a', 'agent']);
  });

  test('refuses a cursor that is none, and a limit that is none', async () => {
    const api = start();
    const { key } = await api.signUp();
    expect(errorOf(await api.request('/v1/keys?cursor=AAAA', { key })).code).toBe('invalid_cursor');
    for (const limit of ['0', '201', 'all']) expect((await api.request(`/v1/keys?limit=${limit}`, { key })).status).toBe(400);
  });
});

describe('PATCH /v1/keys/{id}', () => {
  test('changes what is named and nothing else, within the limits above', async () => {
    const api = start();
    const { key } = await api.signUp();
    const parent = await mint(api, key, { scopes: ['read', 'keys'], budget: { microCredits: 500 } });
    const child = await mint(api, parent.apiKey);
    const path = `/v1/keys/${child.key.id}`;
    const narrowed = await api.request(
      path,
      send('PATCH', parent.apiKey, { name: 'reader', scopes: ['read:post'], budget: { microCredits: 500 } }),
    );
    expect(AccountKey.parse(narrowed.body)).toMatchObject({
      name: 'reader',
      scopes: ['read:post'],
      budget: { microCredits: 500, period: null, resetsAt: null },
    });
    expect(codeOf(await api.request(path, send('PATCH', parent.apiKey, { budget: { microCredits: 501 } })))).toEqual([
      403,
      'forbidden',
      'wider_than_parent',
    ]);
    const lifted = await api.request(path, send('PATCH', parent.apiKey, { budget: null }));
    expect(AccountKey.parse(lifted.body)).toMatchObject({ name: 'reader', budget: null });
    expect((await api.request(path, send('PATCH', parent.apiKey, {}))).status).toBe(400);
  });

  test('keeps both of two changes at once to different properties', async () => {
    const api = start();
    const { key } = await api.signUp();
    const keys = [];
    for (let count = 0; count < 40; count += 1) keys.push((await mint(api, key, { budget: { microCredits: 5_000, period: 'day' } })).key);
    const patch = (id: string, changes: unknown) => api.request(`/v1/keys/${id}`, send('PATCH', key, changes));
    for (let from = 0; from < keys.length; from += 4) {
      const answers = await Promise.all(
        keys
          .slice(from, from + 4)
          .flatMap(({ id }) => [patch(id, { scopes: ['read:post'], budget: { microCredits: 0 } }), patch(id, { name: `named ${id}` })]),
      );
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    }
    const { items } = Keys.parse((await api.request('/v1/keys?limit=200', { key })).body);
    const stands = (id: string) => items.find((item) => item.id === id);
    const undone = keys.filter(({ id }) => stands(id)?.budget?.microCredits !== 0 || stands(id)?.scopes.join() !== 'read:post');
    const unnamed = keys.filter(({ id }) => stands(id)?.name !== `named ${id}`);
    expect({ undone: undone.length, unnamed: unnamed.length }).toEqual({ undone: 0, unnamed: 0 });
  });

  test('brings the end of a key closer, and never moves it away', async () => {
    const api = start();
    const { key } = await api.signUp();
    const at = (ms: number) => new Date(api.clock() + ms).toISOString();
    const parent = await mint(api, key, { scopes: ['read', 'keys'], expiresAt: at(50_000) });
    const child = await mint(api, parent.apiKey);
    const patch = (id: string, expiresAt: unknown) => api.request(`/v1/keys/${id}`, send('PATCH', key, { expiresAt }));
    expect(codeOf(await patch(child.key.id, at(50_001)))).toEqual([403, 'forbidden', 'wider_than_parent']);
    const ending = at(40_000);
    expect(AccountKey.parse((await patch(child.key.id, ending)).body)).toMatchObject({ name: 'helper', expiresAt: ending });
    const later = await patch(child.key.id, at(40_001));
    expect(codeOf(later)).toEqual([403, 'forbidden', 'expires_earlier']);
    expect(errorOf(later).details).toMatchObject({ parameter: 'expiresAt', expiresAt: ending });
    for (const senseless of [at(0), at(-1), null, 'tomorrow']) expect((await patch(child.key.id, senseless)).status).toBe(400);
    // Another change leaves the end alone.
    const renamed = await api.request(`/v1/keys/${child.key.id}`, send('PATCH', key, { name: 'renamed' }));
    expect(AccountKey.parse(renamed.body)).toMatchObject({ name: 'renamed', expiresAt: ending });
    const both = await Promise.all([patch(parent.key.id, at(30_000)), patch(parent.key.id, at(20_000)), patch(parent.key.id, at(25_000))]);
    for (const answer of both) expect([200, 403]).toContain(answer.status);
    const listed = Keys.parse((await api.request('/v1/keys', { key })).body).items.find(({ id }) => id === parent.key.id);
    expect(listed?.expiresAt).toBe(at(20_000));
    api.clock.advance(20_000);
    expect((await api.request('/v1/me', { key: child.apiKey })).status).toBe(401);
  });

  test('lets no agent change its own limits', async () => {
    const api = start();
    const { key } = await api.signUp();
    const agent = await mint(api, key, { scopes: ['read', 'keys'], budget: { microCredits: 5 } });
    expect(codeOf(await api.request(`/v1/keys/${agent.key.id}`, send('PATCH', agent.apiKey, { budget: null })))).toEqual([
      403,
      'forbidden',
      'own_limits',
    ]);
  });
});

describe('POST /v1/keys/{id}/rotate', () => {
  test('gives a new text, and lets the old one live for the grace period', async () => {
    const api = start();
    const { key } = await api.signUp();
    const helper = await mint(api, key);
    const answer = await api.request(`/v1/keys/${helper.key.id}/rotate`, send('POST', key, { graceSeconds: 60 }));
    const rotated = MintedKey.parse(answer.body);
    expect(rotated.key.id).toBe(helper.key.id);
    for (const text of [helper.apiKey, rotated.apiKey]) expect((await api.request('/v1/me', { key: text })).status).toBe(200);
    api.clock.advance(60_000);
    expect((await api.request('/v1/me', { key: helper.apiKey })).status).toBe(401);
    expect((await api.request('/v1/me', { key: rotated.apiKey })).status).toBe(200);
    expect((await api.request(`/v1/keys/${helper.key.id}/rotate`, send('POST', key, { graceSeconds: 604_801 }))).status).toBe(400);
  });

  test('without grace ends the old text at once, of the asking key too', async () => {
    const api = start();
    const { key } = await api.signUp();
    const me = AccountKey.parse(((await api.request('/v1/me', { key })).body as { key: unknown }).key);
    const rotated = MintedKey.parse((await api.request(`/v1/keys/${me.id}/rotate`, send('POST', key, { graceSeconds: 0 }))).body);
    expect((await api.request('/v1/me', { key })).status).toBe(401);
    expect((await api.request('/v1/me', { key: rotated.apiKey })).status).toBe(200);
  });
});

describe('DELETE /v1/keys/{id}', () => {
  test('ends the key and everything below it at once, and may be repeated', async () => {
    const api = start();
    const { key } = await api.signUp();
    const parent = await mint(api, key, { scopes: ['read', 'keys'] });
    const child = await mint(api, parent.apiKey);
    const first = AccountKey.parse((await api.request(`/v1/keys/${parent.key.id}`, send('DELETE', key))).body);
    expect(first.revokedAt).toBe(new Date(api.clock()).toISOString());
    for (const text of [parent.apiKey, child.apiKey]) {
      expect((await api.request('/v1/me', { key: text })).status).toBe(401);
      expect((await api.request('/v1/post?url=DemoImage01', { key: text })).status).toBe(401);
    }
    api.clock.advance(5);
    expect((await api.request(`/v1/keys/${parent.key.id}`, send('DELETE', key))).body).toEqual(first);
    expect(codeOf(await api.request(`/v1/keys/${parent.key.id}`, send('PATCH', key, { name: 'x' })))).toEqual([
      403,
      'forbidden',
      'key_ended',
    ]);
  });
});

describe('the scopes', () => {
  const READS = {
    'read:post': '/v1/post?url=DemoImage01',
    'read:reel': '/v1/reel?url=DemoReel_01',
    'read:comments': '/v1/comments?url=DemoImage01&limit=20',
  };

  test('open the reads they name and no other, also where the answer is free, with one question and no provider', async () => {
    const api = start();
    const { key } = await api.signUp();
    for (const path of Object.values(READS)) expect((await api.request(path, { key })).status).toBe(200);
    for (const scope of Object.keys(READS)) {
      const helper = await mint(api, key, { scopes: [scope] });
      for (const [needed, path] of Object.entries(READS)) {
        api.takeSent();
        const answer = await api.request(path, { key: helper.apiKey });
        expect(answer.status, `${scope} on ${path}`).toBe(scope === needed ? 200 : 403);
        expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
      }
      expect((await api.request('/v1/me', { key: helper.apiKey })).status).toBe(200);
      expect((await api.request('/v1/keys', { key: helper.apiKey })).status).toBe(403);
    }
  });
});

describe('a budget and a ceiling', () => {
  test('refuse a read with 402 before a provider is asked, and say what is left and when it starts anew', async () => {
    const api = start();
    const { key } = await api.signUp();
    const helper = await mint(api, key, { budget: { microCredits: 4_000, period: 'day' } });
    expect((await api.request('/v1/post?url=DemoImage01', { key: helper.apiKey })).status).toBe(200);
    api.takeSent();
    const answer = await api.request('/v1/reel?url=DemoReel_01', { key: helper.apiKey });
    expect([answer.status, errorOf(answer).code]).toEqual([402, 'key_budget_exceeded']);
    const tomorrow = new Date(Math.floor(api.clock() / 86_400_000 + 1) * 86_400_000).toISOString();
    expect(errorOf(answer).details).toEqual({
      requiredMicroCredits: 3_000,
      budgetMicroCredits: 4_000,
      spentMicroCredits: 3_000,
      resetsAt: tomorrow,
    });
    expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
    const shown = (await api.request('/v1/me', { key: helper.apiKey })).body;
    expect(shown).toMatchObject({
      key: { budget: { spentMicroCredits: 3_000, resetsAt: tomorrow }, lastUsedAt: new Date(api.clock()).toISOString() },
    });
    const capped = await mint(api, key, { maxCostMicroCredits: 2_999 });
    const refused = await api.request('/v1/reel?url=DemoReel_01', { key: capped.apiKey });
    expect(codeOf(refused)).toEqual([402, 'price_above_max', 'key_ceiling']);
    expect(api.takeSent().providers).toBe(0);
  });
});
