import { describe, expect, test } from 'vitest';
import { MintedKey } from '../../src/routes/keys/requests.ts';
import { type Api, OPERATOR_KEY, useApi } from '../support/api.ts';
import { errorOf } from '../support/answers.ts';

const start = useApi();
const READ = '/v1/post?url=DemoImage01';
const reason = 'a test';
const send = (method: string, key: string, body?: unknown) => ({
  method,
  key,
  ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
});

type Answer = Awaited<ReturnType<Api['request']>>;

const codeOf = (answer: Answer) => [answer.status, errorOf(answer).code];
const freeze = (api: Api, accountId: string) => api.request(`/v1/ops/accounts/${accountId}/freeze`, send('POST', OPERATOR_KEY, { reason }));

async function mint(api: Api, key: string, body: Readonly<Record<string, unknown>> = {}) {
  const answer = await api.request('/v1/keys', send('POST', key, { name: 'helper', ...body }));
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return MintedKey.parse(answer.body);
}

test('a frozen account creates, changes and rotates no key; it lists and revokes them', async () => {
  const api = start();
  const { key, accountId } = await api.signUp();
  const child = await mint(api, key);
  await freeze(api, accountId);
  const refused = [
    await api.request('/v1/keys', send('POST', key, { name: 'x' })),
    await api.request(`/v1/keys/${child.key.id}`, send('PATCH', key, { name: 'x' })),
    await api.request(`/v1/keys/${child.key.id}/rotate`, send('POST', key, {})),
    await api.request('/v1/topups/checkout', send('POST', key, { microCredits: 1_000_000 })),
  ];
  expect(refused.map(codeOf)).toEqual(refused.map(() => [403, 'account_frozen']));
  expect((await api.request('/v1/keys', { key })).body).toMatchObject({ items: [{ name: 'helper' }, { name: 'test key' }] });
  expect((await api.request(`/v1/keys/${child.key.id}`, send('DELETE', key))).status).toBe(200);
  await api.request(`/v1/ops/accounts/${accountId}/unfreeze`, send('POST', OPERATOR_KEY, { reason }));
  expect((await api.request('/v1/keys', send('POST', key, { name: 'x' }))).status).toBe(201);
});

describe('a response that was paid for', () => {
  const read = (api: Api, key: string, path = READ) => api.request(path, { key, headers: { 'Idempotency-Key': 'guessable' } });

  test('is repeated to the key that paid, and to none beside, above or below it', async () => {
    const api = start();
    const { key: root } = await api.signUp();
    const parent = await mint(api, root, { scopes: ['read', 'keys'] });
    const payer = await mint(api, parent.apiKey);
    const others = [root, parent.apiKey, (await mint(api, root, { budget: { microCredits: 0 } })).apiKey];
    const paid = await read(api, payer.apiKey);
    expect(paid.status).toBe(200);
    for (const other of others) expect(codeOf(await read(api, other))).toEqual([422, 'idempotency_mismatch']);
    const again = await read(api, payer.apiKey);
    expect([again.status, again.headers.get('Idempotency-Replayed'), again.body]).toEqual([200, 'true', paid.body]);
  });

  test('and one that was free, such as a post that does not exist, are treated alike', async () => {
    const api = start();
    const { key: root } = await api.signUp();
    const missing = '/v1/post?url=Missing0001';
    const [payer, sibling] = [await mint(api, root), await mint(api, root)];
    const first = await read(api, payer.apiKey, missing);
    expect(first.status).toBe(404);
    expect(codeOf(await read(api, sibling.apiKey, missing))).toEqual([422, 'idempotency_mismatch']);
    expect((await read(api, payer.apiKey, missing)).headers.get('Idempotency-Replayed')).toBe('true');
  });
});

describe('affordable', () => {
  const quoteOf = async (api: Api, key: string, path = READ) => {
    const answer = await api.request(`${path}&dryRun=true`, { key });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return (answer.body as { quote: { affordable: boolean; expectedMicroCredits: number } }).quote;
  };

  test('agrees with the read: false where a budget, a ceiling or the status of the account refuses it', async () => {
    const api = start();
    const { key: root, accountId } = await api.signUp();
    const price = (await quoteOf(api, root)).expectedMicroCredits;
    expect(price).toBeGreaterThan(1);
    const under = await mint(api, root, { scopes: ['read', 'keys'], budget: { microCredits: price - 1, period: 'day' } });
    const cases: [string, string, number][] = [
      ['a budget below the price', under.apiKey, 402],
      ['the budget of a parent', (await mint(api, under.apiKey)).apiKey, 402],
      ['a ceiling below the price', (await mint(api, root, { maxCostMicroCredits: price - 1 })).apiKey, 402],
      [
        'a budget and a ceiling of the price',
        (await mint(api, root, { maxCostMicroCredits: price, budget: { microCredits: price } })).apiKey,
        200,
      ],
    ];
    for (const [what, key, status] of cases) {
      expect((await quoteOf(api, key)).affordable, what).toBe(status === 200);
      expect((await api.request(`${READ}&maxAgeSeconds=0`, { key })).status, what).toBe(status);
    }
    const hit = await quoteOf(api, cases[3]?.[1] ?? '');
    expect([hit.affordable, hit.expectedMicroCredits > 0]).toEqual([false, true]);
    await freeze(api, accountId);
    expect((await quoteOf(api, root)).affordable).toBe(false);
    expect(codeOf(await api.request(READ, { key: root }))).toEqual([403, 'account_frozen']);
  });
});

describe('a name', () => {
  const UNSEEN = [
    '\u115f',
    '\u1160',
    '\u3164',
    '\uffa0',
    '\u2800',
    '\u034f',
    '\u17b4',
    '\u180b',
    '\u200b',
    '\u2028',
    '\ufe0f',
    '\u{e0100}',
  ];

  test.each([...UNSEEN, ...UNSEEN.map((text) => `bo${text}b`), '\u0301', '\u00a0\u3000', ' \u0301 '])(
    'that hides something is refused: %j',
    async (name) => {
      const api = start();
      const { key } = await api.signUp();
      const child = await mint(api, key);
      const answers = [
        await api.request('/v1/keys', send('POST', key, { name })),
        await api.request(`/v1/keys/${child.key.id}`, send('PATCH', key, { name })),
        await api.request('/v1/signup', send('POST', '', { accountName: name, keyName: 'k' })),
        await api.request('/v1/signup', send('POST', '', { accountName: 'a', keyName: name })),
      ];
      expect(answers.map(codeOf)).toEqual(answers.map(() => [400, 'invalid_request']));
    },
  );

  test.each(['Zoë', 'Z\u006f\u0308e', '日本語', '한국어', 'मराठी', 'tea ☕\ufe0f time', '❤\ufe0f', '🧪', '#1', '…'])(
    'that people have is taken: %s',
    async (name) => {
      const api = start();
      const { key } = await api.signUp();
      expect((await mint(api, key, { name })).key.name).toBe(name);
    },
  );
});
