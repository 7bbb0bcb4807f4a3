import { describe, expect, test } from 'vitest';
import { hashApiKey, mintApiKey, parseApiKey } from '../../src/billing/keys/api-key.ts';
import { type Api, OPERATOR_KEY, useApi } from '../support/api.ts';
import { errorOf } from '../support/answers.ts';

const start = useApi();
const json = (body: unknown) => ({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

/** A request whose body comes in pieces, without a length. */
function sending(pieces: readonly string[], how: 'ends' | 'breaks off') {
  const left = pieces.map((piece) => new TextEncoder().encode(piece));
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const piece = left.shift();
      if (piece !== undefined) controller.enqueue(piece);
      else if (how === 'ends') controller.close();
      else controller.error(new TypeError('the caller went away'));
    },
  });
  return { method: 'POST', headers: { 'Content-Type': 'application/json' }, body, duplex: 'half' as const };
}

describe('POST /v1/signup', () => {
  test("answers 201 with exactly the contract's shape and warning", async () => {
    const api = start();
    const { status, body, headers } = await api.request('/v1/signup', json({ accountName: '  Example agent team ', keyName: 'local-dev' }));
    expect(status).toBe(201);
    expect(headers.get('Cache-Control')).toBe('no-store');
    const createdAt = new Date(api.clock()).toISOString();
    expect(body).toEqual({
      account: { id: expect.stringMatching(/^acct_[0-9A-Z]{26}$/), name: 'Example agent team', createdAt },
      key: {
        id: expect.stringMatching(/^key_[0-9A-Z]{26}$/),
        accountId: (body as { account: { id: string } }).account.id,
        name: 'local-dev',
        role: 'customer',
        unbilled: false,
        prefix: 'igsk_',
        createdAt,
      },
      apiKey: expect.stringMatching(/^igsk_[0-9A-Za-z]{36,}$/),
      warning: 'Store this API key now. It will not be shown again.',
    });
  });

  test('keeps the SHA-256 of the key, never the key, and grants once', async () => {
    const api = start({ SIGNUP_GRANT_MICRO_CREDITS: '250000' });
    const { key, accountId } = await api.signUp();
    expect(parseApiKey(key).ok).toBe(true);
    const rows = await api.database.execute({
      sql: 'SELECT *, lower(hex(hash)) AS hash_hex FROM api_key WHERE account_id = ?',
      args: [accountId],
    });
    expect(rows.rows).toHaveLength(1);
    expect(rows.rows[0]?.['hash_hex']).toBe(hashApiKey(key));
    expect(JSON.stringify(rows.rows)).not.toContain(key);
    expect(await api.balance(key)).toEqual({ available: 250_000, held: 0 });
  });

  test('starts an account with nothing where no grant is configured', async () => {
    const api = start({ SIGNUP_GRANT_MICRO_CREDITS: '' });
    const { key } = await api.signUp();
    expect(await api.balance(key)).toEqual({ available: 0, held: 0 });
  });

  for (const [what, body] of [
    ['no account name', { keyName: 'a' }],
    ['no key name', { accountName: 'a' }],
    ['a blank name', { accountName: '   ', keyName: 'a' }],
    ['a name of 101 characters', { accountName: 'x'.repeat(101), keyName: 'a' }],
    ['a name that is no text', { accountName: 7, keyName: 'a' }],
    ['a control character in a name', { accountName: 'a\u0000b', keyName: 'a' }],
    ['a direction override in a name', { accountName: 'a\u202Eb', keyName: 'a' }],
    ['an unknown field', { accountName: 'a', keyName: 'b', role: 'owner' }],
    ['a list', []],
    ['null', null],
  ] as const) {
    test(`refuses ${what} with 400 and creates nothing`, async () => {
      const api = start();
      const answer = await api.request('/v1/signup', json(body));
      expect(answer.status).toBe(400);
      expect(errorOf(answer).code).toBe('invalid_request');
      expect(api.takeSent().database).toBe(0);
    });
  }

  test('takes names of 100 characters in any script', async () => {
    const api = start();
    const answer = await api.request('/v1/signup', json({ accountName: '雲'.repeat(100), keyName: 'مفتاح' }));
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ account: { name: '雲'.repeat(100) }, key: { name: 'مفتاح' } });
  });

  test('refuses a body that is not JSON, has no type, or is too large', async () => {
    const api = start();
    const broken = await api.request('/v1/signup', { ...json({}), body: '{"accountName":' });
    expect([broken.status, errorOf(broken).code]).toEqual([400, 'invalid_request']);
    const untyped = await api.request('/v1/signup', { method: 'POST', body: '{"accountName":"a","keyName":"b"}' });
    expect([untyped.status, errorOf(untyped).code]).toEqual([415, 'unsupported_media_type']);
    const empty = await api.request('/v1/signup', { method: 'POST' });
    expect([empty.status, errorOf(empty).code]).toEqual([400, 'invalid_request']);
    const large = await api.request('/v1/signup', json({ accountName: 'x'.repeat(20_000), keyName: 'a' }));
    expect([large.status, errorOf(large).code]).toEqual([413, 'body_too_large']);
    const streamed = await api.request('/v1/signup', sending(['{"accountName":"', 'x'.repeat(20_000)], 'ends'));
    expect([streamed.status, errorOf(streamed).code]).toEqual([413, 'body_too_large']);
    expect(api.takeSent().database).toBe(0);
  });

  test('takes a body that comes in pieces, and is not troubled by one that breaks off', async () => {
    const api = start();
    const whole = await api.request('/v1/signup', sending(['{"accountName":"a",', '"keyName":"b"}'], 'ends'));
    expect(whole.status).toBe(201);
    for (const path of ['/v1/signup', '/v1/stripe/webhook']) {
      const broken = await api.request(path, sending(['{"accountName":"a",'], 'breaks off'));
      expect([broken.status, errorOf(broken).code, errorOf(broken).message]).toEqual([
        400,
        'invalid_request',
        'The request body ended early.',
      ]);
    }
    expect(api.events.every((event) => event.bug === undefined)).toBe(true);
  });

  describe('under an Idempotency-Key', () => {
    const KEY = '"8e03978e-40d5-43dd-bc93-6894a57f9324"';
    const signUp = (api: Api, body: unknown, key: string) => {
      const request = json(body);
      return api.request('/v1/signup', { ...request, headers: { ...request.headers, 'Idempotency-Key': key } });
    };
    const accounts = async (api: Api, name: string) =>
      (await api.database.execute({ sql: 'SELECT id FROM account WHERE name = ?', args: [name] })).rows.length;

    test('gives the same account and API key again, which works, and creates one account', async () => {
      const api = start();
      const names = { accountName: 'once only', keyName: 'b' };
      const first = await signUp(api, names, KEY);
      expect(first.status).toBe(201);
      const second = await signUp(api, names, KEY);
      expect([second.status, second.headers.get('Idempotency-Replayed')]).toEqual([201, 'true']);
      expect(second.body).toEqual(first.body);
      expect(await accounts(api, 'once only')).toBe(1);
      const { apiKey } = second.body as { apiKey: string };
      expect((await api.request('/v1/me', { key: apiKey })).status).toBe(200);
      const kept = await api.database.execute("SELECT * FROM replay WHERE scope = 'signup'");
      expect(JSON.stringify(kept.rows)).not.toContain('igsk_');
      const other = await signUp(api, { accountName: 'another', keyName: 'b' }, KEY);
      expect([other.status, errorOf(other).code]).toEqual([422, 'idempotency_mismatch']);
      expect(await accounts(api, 'another')).toBe(0);
    });

    test('creates one account for parallel signups, and refuses or replays the others', async () => {
      const api = start();
      const names = { accountName: 'parallel signup', keyName: 'b' };
      const answers = await Promise.all(Array.from({ length: 8 }, () => signUp(api, names, 'parallel-signup-0000000001')));
      expect(answers.filter((answer) => answer.status === 201 && !answer.headers.has('Idempotency-Replayed'))).toHaveLength(1);
      expect(answers.every((answer) => answer.status === 201 || errorOf(answer).code === 'idempotency_in_flight')).toBe(true);
      expect(await accounts(api, 'parallel signup')).toBe(1);
    });

    test('refuses a key that could be guessed, since it opens the answer', async () => {
      const api = start();
      const answer = await signUp(api, { accountName: 'guessable', keyName: 'b' }, 'my-signup');
      expect([answer.status, errorOf(answer).code]).toEqual([400, 'invalid_request']);
      expect(await accounts(api, 'guessable')).toBe(0);
    });
  });

  test('answers 503 with Retry-After when the database is down', async () => {
    const api = start({ LIBSQL_URL: 'http://127.0.0.1:9' });
    const answer = await api.request('/v1/signup', json({ accountName: 'a', keyName: 'b' }));
    expect([answer.status, errorOf(answer).code, answer.headers.has('Retry-After')]).toEqual([503, 'overloaded', true]);
  });
});

describe('GET /v1/me', () => {
  test('shows the key, its account and the balance, and no hash or secret', async () => {
    const api = start();
    const { key, accountId } = await api.signUp();
    api.takeSent();
    const answer = await api.request('/v1/me', { key });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      account: { id: accountId, name: 'Test team', status: 'active' },
      key: { accountId, name: 'test key', role: 'customer', unbilled: false, prefix: 'igsk_' },
      balance: { availableMicroCredits: 5_000_000, heldMicroCredits: 0, debtMicroCredits: 0 },
    });
    expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
    const text = JSON.stringify(answer.body);
    expect(text).not.toContain(key);
    expect(text).not.toContain(hashApiKey(key));
    expect(text).not.toMatch(/hash|secret/i);
  });

  test('answers the owner with role owner, unbilled, and neither account nor balance', async () => {
    const api = start();
    const answer = await api.request('/v1/me', { key: OPERATOR_KEY });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ account: null, key: { role: 'owner', unbilled: true }, balance: null });
    expect(api.takeSent()).toEqual({ database: 0, providers: 0 });
  });

  test('knows several owner keys, and none where none is configured', async () => {
    const api = start();
    const second = 'igsk_another-owner';
    const { sha256 } = await import('../support/database.ts');
    const both = start({ OWNER_ADMIN_KEY_SHA256: ` ${sha256(OPERATOR_KEY).toUpperCase()} , ${sha256(second)}` });
    expect((await both.request('/v1/me', { key: second })).body).toMatchObject({ key: { role: 'owner' } });
    expect((await both.request('/v1/me', { key: OPERATOR_KEY })).body).toMatchObject({ key: { role: 'owner' } });
    expect((await api.request('/v1/me', { key: second })).status).toBe(401);
    expect((await start({ OWNER_ADMIN_KEY_SHA256: '' }).request('/v1/me', { key: OPERATOR_KEY })).status).toBe(401);
  });

  test('refuses unknown and malformed keys with 401, the malformed without asking the database', async () => {
    const api = start();
    expect((await api.request('/v1/me', { key: mintApiKey() })).status).toBe(401);
    expect(api.takeSent().database).toBe(1);
    expect((await api.request('/v1/me', { key: 'igsk_x' })).status).toBe(401);
    expect((await api.request('/v1/me')).status).toBe(401);
    expect(api.takeSent().database).toBe(0);
  });

  test('lets a frozen account look at itself, but not spend', async () => {
    const api = start();
    const { key, accountId } = await api.signUp();
    await api.database.execute({ sql: "UPDATE account SET status = 'frozen' WHERE id = ?", args: [accountId] });
    expect((await api.request('/v1/me', { key })).body).toMatchObject({ account: { status: 'frozen' } });
    const read = await api.request('/v1/post?url=DemoImage01', { key });
    expect([read.status, errorOf(read).code]).toEqual([403, 'account_frozen']);
    expect(api.takeSent().providers).toBe(0);
  });
});
