import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mintApiKey } from '../../src/billing/keys/api-key.ts';
import { MintedKey } from '../../src/routes/keys/requests.ts';
import { MetricsView } from '../../src/routes/operator/metrics-view.ts';
import { RATE_LIMITS } from '../../src/limits/policies.ts';
import { type Api, OPERATOR_KEY, useApi } from '../support/api.ts';
import { errorOf } from '../support/answers.ts';
import { startTurnstile, TURNSTILE_PAGE, type TurnstileFake } from '../support/turnstile.ts';

const start = useApi();
const published = { RATE_LIMIT_SCALE: '1' } as const;
/** What a new account gets in these tests. */
const GRANT = 5_000_000;

const READ = '/v1/post?url=DemoImage01';
const PRICE = `${READ}&dryRun=true`;

const signup = (body: object = {}, address?: string) => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json', ...(address === undefined ? {} : { 'CF-Connecting-IP': address }) },
  body: JSON.stringify({ accountName: 'a', keyName: 'b', ...body }),
});

/** Asks for a dry run with a key, so often. */
async function priceOften(api: Api, key: string, times: number): Promise<void> {
  for (let sent = 0; sent < times; sent += 1) expect((await api.request(PRICE, { key })).status).toBe(200);
}

/** The key of a new customer, which has used up its quota. */
async function spentKey(api: Api): Promise<string> {
  const { key } = await api.signUp();
  await priceOften(api, key, RATE_LIMITS.burst.limit);
  return key;
}

/** Sends what an agent does with its keys, and returns the secret of the answer. */
async function secretOf(api: Api, path: string, key: string, body: object): Promise<{ key: { id: string }; apiKey: string }> {
  const headers = { 'Content-Type': 'application/json' };
  return MintedKey.parse((await api.request(path, { key, method: 'POST', headers, body: JSON.stringify(body) })).body);
}

describe('a limit for each key', () => {
  test('is told on every answer, also on errors, and counts down', async () => {
    const api = start(published);
    const { key } = await api.signUp();
    const first = await api.request(READ, { key });
    expect(first.status).toBe(200);
    expect(first.headers.get('RateLimit-Policy')).toBe('"burst";q=60;w=60');
    expect(first.headers.get('RateLimit')).toBe('"burst";r=59;t=60');
    api.clock.advance(12_500);
    const second = await api.request('/v1/post?url=https%3A%2F%2Fexample.com', { key });
    expect(second.status).toBe(422);
    expect(second.headers.get('RateLimit')).toBe('"burst";r=58;t=48');
    const other = await api.request('/v1/me', { key });
    expect(other.headers.get('RateLimit')).toBe('"account";r=119;t=48');
  });

  test('refuses with 429 before the database is asked, says when to come back, and lets the key through then', async () => {
    const api = start(published);
    const key = await spentKey(api);
    api.takeSent();
    api.clock.advance(30_400);
    const answer = await api.request(READ, { key });
    const error = errorOf(answer);
    expect([answer.status, error.code, error.retryable]).toEqual([429, 'rate_limited', true]);
    expect(error.details).toEqual({ policy: 'burst', limit: 60, windowSeconds: 60, retryAfterSeconds: 30 });
    expect(answer.headers.get('Retry-After')).toBe('30');
    expect(answer.headers.get('RateLimit')).toBe('"burst";r=0;t=30');
    expect(api.takeSent()).toEqual({ database: 0, providers: 0 });
    expect(api.events.at(-1)).toMatchObject({ rateLimit: 'burst', errorCode: 'rate_limited' });
    api.clock.advance(29_500);
    expect((await api.request(READ, { key })).status).toBe(429);
    api.clock.advance(500);
    expect((await api.request(READ, { key })).status).toBe(200);
  });

  test('is told on the answer to a bug as well', async () => {
    const api = start(published);
    const { key } = await api.signUp();
    api.backgroundBug = new Error('a bug');
    const answer = await api.request(READ, { key });
    expect([answer.status, answer.headers.get('RateLimit')]).toEqual([500, '"burst";r=59;t=60']);
  });

  test('is not shared by keys', async () => {
    const api = start(published);
    const spent = await spentKey(api);
    expect((await api.request(READ, { key: spent })).status).toBe(429);
    expect((await api.request(READ, { key: (await api.signUp()).key })).status).toBe(200);
  });

  test('asks nothing for a malformed or missing key, nor for the owner, who has no limit', async () => {
    const api = start(published);
    for (const key of ['igsk_malformed', `${mintApiKey().slice(0, -1)}!`]) expect((await api.request(READ, { key })).status).toBe(401);
    expect((await api.request(READ)).status).toBe(401);
    expect(api.takeSent()).toEqual({ database: 0, providers: 0 });
    const owner = await api.request(READ, { key: OPERATOR_KEY });
    expect([owner.status, owner.headers.has('RateLimit')]).toEqual([200, false]);
    expect(api.rateLimits.asked).toEqual([]);
  });

  test('is counted under the ids of the key and its account, and neither log nor store holds a key or an address', async () => {
    const api = start(published);
    const { key, accountId } = await api.signUp();
    await api.request(READ, { key, headers: { 'CF-Connecting-IP': '203.0.113.7' } });
    await api.request('/health', { headers: { 'CF-Connecting-IP': '203.0.113.7' } });
    expect(api.rateLimits.asked).toContain(`burst-all-keys:${accountId}`);
    const written = JSON.stringify([api.events, api.rateLimits.asked]);
    expect(written).not.toContain(key);
    expect(written).not.toContain('203.0.113.7');
  });
});

describe('a limit for the key and the account, not for the text of the key', () => {
  test('is the same after six rotations', async () => {
    const api = start(published);
    const root = await api.signUp();
    const helper = await secretOf(api, '/v1/keys', root.key, { name: 'helper' });
    let passed = 0;
    let { apiKey } = helper;
    for (let rotation = 0; rotation <= 6; rotation += 1) {
      for (let sent = 0; sent < 20; sent += 1) if ((await api.request(PRICE, { key: apiKey })).status === 200) passed += 1;
      ({ apiKey } = await secretOf(api, `/v1/keys/${helper.key.id}/rotate`, root.key, {}));
    }
    expect(passed).toBe(RATE_LIMITS.burst.limit);
  });

  test('is not multiplied by the keys of an account, and says which limit refuses', async () => {
    const api = start(published);
    const root = await api.signUp();
    const keys = [root.key];
    while (keys.length < 6) keys.push((await secretOf(api, '/v1/keys', root.key, { name: 'helper' })).apiKey);
    const { limit } = RATE_LIMITS['burst-all-keys'];
    for (const key of keys.slice(0, 4)) await priceOften(api, key, limit / 4);
    api.takeSent();
    for (const key of keys.slice(4)) {
      const refused = await api.request(PRICE, { key });
      expect([refused.status, errorOf(refused).details]).toEqual([
        429,
        { policy: 'burst-all-keys', limit, windowSeconds: 60, retryAfterSeconds: 60 },
      ]);
      expect(refused.headers.get('RateLimit')).toBe('"burst";r=60;t=60, "burst-all-keys";r=0;t=60');
    }
    expect(api.takeSent()).toEqual({ database: 0, providers: 0 });
    expect((await api.request(PRICE, { key: (await api.signUp()).key })).status).toBe(200);
  });

  test('lets a key that refuses itself take nothing from the others of its account', async () => {
    const api = start(published);
    const root = await api.signUp();
    const helper = (await secretOf(api, '/v1/keys', root.key, { name: 'helper' })).apiKey;
    await priceOften(api, helper, RATE_LIMITS.burst.limit);
    for (let sent = 0; sent < 300; sent += 1) expect((await api.request(PRICE, { key: helper })).status).toBe(429);
    await priceOften(api, root.key, RATE_LIMITS.burst.limit);
  });

  test('looks a secret up once that another isolate has made', async () => {
    const [one, other] = [start(published), start(published)];
    const { key } = await one.signUp();
    other.takeSent();
    expect((await other.request('/v1/me', { key })).status).toBe(200);
    expect((await other.request('/v1/me', { key })).status).toBe(200);
    expect(other.takeSent().database).toBe(3);
  });
});

describe('making up keys', () => {
  const FROM = { headers: { 'CF-Connecting-IP': '198.51.100.4' } };

  test('ends for an address after so many, before the database is asked, and for nobody else', async () => {
    const api = start(published);
    const { key } = await api.signUp();
    for (let index = 0; index < 200; index += 1) expect((await api.request('/v1/me', { ...FROM, key: mintApiKey() })).status).toBe(401);
    api.takeSent();
    const refused = await api.request('/v1/me', { ...FROM, key: mintApiKey() });
    expect([refused.status, errorOf(refused).details]).toEqual([
      429,
      { policy: 'unknown-keys', limit: 200, windowSeconds: 60, retryAfterSeconds: 60 },
    ]);
    expect(refused.headers.get('RateLimit')).toBe('"unknown-keys";r=0;t=60');
    expect(api.takeSent()).toEqual({ database: 0, providers: 0 });
    expect((await api.request('/v1/me', { key })).status).toBe(200);
    expect((await api.request('/v1/me', { ...FROM, key: OPERATOR_KEY })).status).toBe(200);
    expect((await api.request('/health', FROM)).status).toBe(200);
    api.clock.advance(60_000);
    expect((await api.request('/v1/me', { ...FROM, key: mintApiKey() })).status).toBe(401);
  });

  test('leaves no count of its own behind for a key, and lets keys that exist pass from the same address', async () => {
    const api = start(published);
    const { key } = await api.signUp();
    const helper = (await secretOf(api, '/v1/keys', key, { name: 'helper' })).apiKey;
    for (let index = 0; index < 300; index += 1) await api.request('/v1/me', { ...FROM, key: mintApiKey() });
    const objects = new Set(api.rateLimits.asked.filter((name) => !name.startsWith('public:')).map((name) => name.split(':')[0]));
    expect([...objects].sort()).toEqual(['changes-all-keys', 'signup', 'signup-daily', 'signup-everyone', 'unknown-keys']);
    expect(new Set(api.rateLimits.asked.filter((name) => name.startsWith('unknown-keys:'))).size).toBe(1);
    expect((await api.request('/v1/me', { ...FROM, key: mintApiKey() })).status).toBe(429);
    expect((await api.request('/v1/me', { ...FROM, key })).status).toBe(200);
    expect((await api.request(READ, { ...FROM, key: helper })).status).toBe(200);
  });

  test('lets a key pass that exists but that the isolate has not met, one in a second', async () => {
    const [one, api] = [start(published), start(published)];
    const [{ key }, other] = [await one.signUp(), await one.signUp()];
    for (let index = 0; index < 200; index += 1) await api.request('/v1/me', { ...FROM, key: mintApiKey() });
    expect((await api.request('/v1/me', { ...FROM, key })).status).toBe(429);
    api.clock.advance(1_000);
    expect((await api.request('/v1/me', { ...FROM, key })).status).toBe(200);
    expect((await api.request('/v1/me', { ...FROM, key: other.key })).status).toBe(429);
    expect((await api.request('/v1/me', { ...FROM, key })).status).toBe(200);
    api.clock.advance(1_000);
    expect((await api.request('/v1/me', { ...FROM, key: mintApiKey() })).status).toBe(401);
    expect((await api.request('/v1/me', { ...FROM, key: other.key })).status).toBe(429);
  });

  test('is what a key does that was revoked, from its first 401 on', async () => {
    const api = start(published);
    const { key } = await api.signUp();
    const helper = await secretOf(api, '/v1/keys', key, { name: 'helper' });
    expect((await api.request('/v1/me', { ...FROM, key: helper.apiKey })).status).toBe(200);
    await api.request(`/v1/keys/${helper.key.id}`, { key, method: 'DELETE' });
    const told = async () => (await api.request('/v1/me', { ...FROM, key: helper.apiKey })).headers.get('RateLimit');
    // Nothing tells that it existed.
    expect(await told()).toBe('"unknown-keys";r=199;t=60');
    expect(await told()).toBe('"unknown-keys";r=198;t=60');
  });

  test('does not block an address for a day because the clock of an isolate was a day ahead meanwhile', async () => {
    const api = start(published);
    const day = 86_400_000;
    api.clock.advance(day);
    for (let index = 0; index < 200; index += 1) await api.request('/v1/me', { ...FROM, key: mintApiKey() });
    expect((await api.request('/v1/me', { ...FROM, key: mintApiKey() })).status).toBe(429);
    api.clock.advance(-day);
    expect((await api.request('/v1/me', { ...FROM, key: mintApiKey() })).status).toBe(401);
  });

  test('is told on the 401 itself, and malformed keys are no guesses', async () => {
    const api = start(published);
    const guess = await api.request('/v1/me', { ...FROM, key: mintApiKey() });
    expect(guess.headers.get('RateLimit')).toBe('"unknown-keys";r=199;t=60');
    const malformed = await api.request('/v1/me', { ...FROM, key: 'igsk_malformed' });
    expect([malformed.status, malformed.headers.has('RateLimit')]).toEqual([401, false]);
  });
});

describe('a limit for each address', () => {
  test('holds where no key is needed, for each address by itself', async () => {
    const api = start(published);
    const from = (address: string) => api.request('/health', { headers: { 'CF-Connecting-IP': address } });
    for (let index = 0; index < 300; index += 1) await from('203.0.113.7');
    const refused = await from('203.0.113.7');
    expect([refused.status, errorOf(refused).details]).toEqual([
      429,
      { policy: 'public', limit: 300, windowSeconds: 60, retryAfterSeconds: 60 },
    ]);
    const other = await from('203.0.113.8');
    expect([other.status, other.headers.get('RateLimit')]).toEqual([200, '"public";r=299;t=60']);
  });

  test('asks nothing for addresses where nothing is', async () => {
    const api = start(published);
    const answer = await api.request('/nothing');
    expect([answer.status, answer.headers.has('RateLimit')]).toEqual([404, false]);
    await api.request('/v1/post', { method: 'OPTIONS' });
    expect(api.rateLimits.asked).toEqual([]);
  });
});

describe('a store that is down', () => {
  test.each([
    ['fails', () => Promise.reject(new Error('down'))],
    ['is silent', () => new Promise<never>(() => undefined)],
  ])('lets requests pass when it %s, and the log line says so', async (_what, trouble) => {
    const api = start({ ...published, RATE_LIMIT_TIMEOUT_MS: '50' });
    const { key } = await api.signUp();
    api.rateLimits.trouble = trouble;
    const answer = await api.request(READ, { key });
    expect([answer.status, answer.headers.has('RateLimit')]).toEqual([200, false]);
    expect(api.events.at(-1)).toMatchObject({ rateLimit: 'store_down', status: 200 });
    expect((await api.request('/v1/signup', signup())).status).toBe(201);
  });

  test('is counted for the owner, and so is whom a limit refuses', async () => {
    const api = start(published);
    // Other tests of this file count in the same database.
    api.clock.advance(400 * 86_400_000);
    const { key } = await api.signUp();
    const owned = { key: OPERATOR_KEY };
    const seen = async () => {
      await api.flushCounters();
      return MetricsView.parse((await api.request('/v1/ops/metrics?window=1h', owned)).body).rateLimits;
    };
    const total = async () =>
      /^igskill_rate_limit_store_down_total (\d+)$/m.exec(String((await api.request('/v1/ops/metrics?format=prometheus', owned)).body));
    expect(await seen()).toEqual({ refused: {}, storeDown: 0 });
    const before = Number((await total())?.[1]);
    api.rateLimits.trouble = () => Promise.reject(new Error('down'));
    for (let count = 0; count < 3; count += 1) expect((await api.request(READ, { key })).status).toBe(200);
    api.rateLimits.trouble = null;
    const spent = await spentKey(api);
    expect((await api.request(READ, { key: spent })).status).toBe(429);
    expect(await seen()).toEqual({ refused: { burst: 1 }, storeDown: 3 });
    expect(Number((await total())?.[1])).toBe(before + 3);
  });

  test('of Upstash lets requests pass as well, and half of its settings make /ready say so', async () => {
    const api = start({ ...published, UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:9', UPSTASH_REDIS_REST_TOKEN: 'token' });
    const { key } = await api.signUp();
    expect((await api.request(READ, { key })).status).toBe(200);
    expect(api.events.at(-1)).toMatchObject({ rateLimit: 'store_down' });
    // The allowance of misses is counted here in any case.
    expect(api.rateLimits.asked.filter((name) => !name.startsWith('misses:'))).toEqual([]);
    const half = await start({ UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:9' }).request('/ready');
    expect(half.status).toBe(503);
    expect(half.body).toMatchObject({
      checks: expect.arrayContaining([{ name: 'setting UPSTASH_REDIS_REST_TOKEN', ok: false, problem: 'missing' }]),
    });
  });
});

describe('making accounts in bulk', () => {
  test('ends after a few from one address, whose mistakes do not count', async () => {
    const api = start(published);
    for (let index = 0; index < 6; index += 1) {
      expect((await api.request('/v1/signup', signup({ keyName: '' }, '203.0.113.7'))).status).toBe(400);
    }
    for (let index = 0; index < 5; index += 1) {
      expect((await api.request('/v1/signup', signup({}, '203.0.113.7'))).status).toBe(201);
    }
    api.takeSent();
    const refused = await api.request('/v1/signup', signup({}, '203.0.113.7'));
    expect([refused.status, errorOf(refused).details]).toEqual([
      429,
      { policy: 'signup', limit: 5, windowSeconds: 3_600, retryAfterSeconds: 3_600 },
    ]);
    expect(refused.headers.get('Retry-After')).toBe('3600');
    expect(refused.headers.get('RateLimit')).toMatch(/^"public";r=\d+;t=60, "signup";r=0;t=3600$/);
    expect(api.takeSent().database).toBe(0);
    expect((await api.request('/v1/signup', signup({}, '203.0.113.8'))).status).toBe(201);
  });

  test('ends for the day for one address', async () => {
    const api = start(published);
    const hour = 3_600_000;
    for (let index = 0; index < 10; index += 1) {
      if (index === 5) api.clock.advance(hour);
      expect((await api.request('/v1/signup', signup({}, '203.0.113.7'))).status).toBe(201);
    }
    api.clock.advance(hour);
    const daily = await api.request('/v1/signup', signup({}, '203.0.113.7'));
    expect(errorOf(daily).details).toMatchObject({ policy: 'signup-daily', limit: 10 });
    expect(daily.status).toBe(429);
    api.clock.advance(24 * hour);
    expect((await api.request('/v1/signup', signup({}, '203.0.113.7'))).status).toBe(201);
  });

  test('ends for an IPv6 site that changes its networks, and for no other', async () => {
    const api = start(published);
    const { limit } = RATE_LIMITS['signup-network-daily'];
    for (let index = 0; index < limit; index += 1) {
      expect((await api.request('/v1/signup', signup({}, `2001:db8:1:${index}::1`))).status).toBe(201);
    }
    const refused = await api.request('/v1/signup', signup({}, `2001:db8:1:ffff::1`));
    expect([refused.status, errorOf(refused).details]).toEqual([
      429,
      { policy: 'signup-network-daily', limit, windowSeconds: 86_400, retryAfterSeconds: 86_400 },
    ]);
    expect((await api.request('/v1/signup', signup({}, '2001:db8:2:ffff::1'))).status).toBe(201);
  });

  test('goes on without a grant once the grants of a day are given, and locks nobody out', async () => {
    const api = start(published);
    const { limit } = RATE_LIMITS['signup-everyone'];
    const grants = api.env.RATE_LIMITS.getByName('signup-everyone:everyone');
    const quota = { name: 'signup-everyone', limit, windowSeconds: 86_400 };
    for (let taken = 1; taken < limit; taken += 1) expect((await grants.take(quota, api.clock())).allowed).toBe(true);
    const signUpFrom = async (address: string) => {
      const { status, body } = await api.request('/v1/signup', signup({}, address));
      // safe because the signup tests check this shape
      const { apiKey } = body as { apiKey: string };
      return [status, (await api.balance(apiKey)).available];
    };
    expect(await signUpFrom('203.0.113.1')).toEqual([201, GRANT]);
    expect(await signUpFrom('203.0.113.2')).toEqual([201, 0]);
    expect(await signUpFrom('203.0.113.3')).toEqual([201, 0]);
    api.clock.advance(86_400_000);
    expect(await signUpFrom('203.0.113.4')).toEqual([201, GRANT]);
  });

  test('counts no grants where there are none', async () => {
    const api = start({ ...published, SIGNUP_GRANT_MICRO_CREDITS: '0' });
    expect((await api.request('/v1/signup', signup())).status).toBe(201);
    expect(api.rateLimits.asked.filter((name) => name.startsWith('signup-everyone'))).toEqual([]);
  });

  test('writes nothing when it is refused, under a fresh Idempotency-Key too, and answers a repeat all the same', async () => {
    const api = start(published);
    const keyed = (key: string) => {
      const { headers, ...init } = signup({}, '203.0.113.7');
      return { ...init, headers: { ...headers, 'Idempotency-Key': `${key}-${'x'.repeat(22)}` } };
    };
    for (let index = 0; index < 5; index += 1) expect((await api.request('/v1/signup', keyed(`made-${index}`))).status).toBe(201);
    await api.database.batch(
      ['CREATE TABLE seen (n INTEGER)', 'CREATE TRIGGER see_claims AFTER INSERT ON replay BEGIN INSERT INTO seen VALUES (1); END'],
      'write',
    );
    api.takeSent();
    const refused = await api.request('/v1/signup', keyed('refused'));
    expect([refused.status, api.takeSent()]).toEqual([429, { database: 1, providers: 0 }]);
    expect((await api.database.execute('SELECT count(*) AS claims FROM seen')).rows[0]?.['claims']).toBe(0);
    await api.database.batch(['DROP TRIGGER see_claims', 'DROP TABLE seen'], 'write');
    const again = await api.request('/v1/signup', keyed('made-0'));
    expect([again.status, again.headers.get('Idempotency-Replayed')]).toEqual([201, 'true']);
  });
});

describe('a signup with Turnstile', () => {
  let turnstile: TurnstileFake | undefined;
  beforeAll(async () => {
    turnstile = await startTurnstile();
  });
  afterAll(async () => {
    await turnstile?.stop();
  });
  const guarded = (url = turnstile?.url ?? '', pages = `www.igskill.example, ${TURNSTILE_PAGE}`) =>
    start({ ...published, TURNSTILE_SECRET_KEY: 'the-secret', TURNSTILE_VERIFY_URL: url, TURNSTILE_HOSTNAMES: pages });

  test('makes an account for a token that holds, which is checked with the secret on our side', async () => {
    const answer = await guarded().request('/v1/signup', signup({ turnstileToken: 'a-person' }));
    expect(answer.status).toBe(201);
    expect(turnstile?.asked.at(-1)).toEqual({ secret: 'the-secret', response: 'a-person' });
  });

  test('refuses a missing token with 400 and asks nobody', async () => {
    const api = guarded();
    const answer = await api.request('/v1/signup', signup());
    expect([answer.status, errorOf(answer).details]).toEqual([
      400,
      { issues: [{ path: 'turnstileToken', problem: 'is required: solve the Turnstile challenge' }] },
    ]);
    expect(api.takeSent()).toEqual({ database: 0, providers: 0 });
  });

  test.each(['used-before', 'made-up', 'other-page', 'page-below', 'other-action', 'no-action', 'no-page'])(
    'refuses the token %s with 403, creates nothing and takes from no limit of accounts',
    async (token) => {
      const api = guarded();
      const answer = await api.request('/v1/signup', signup({ turnstileToken: token }));
      expect([answer.status, errorOf(answer).code]).toEqual([403, 'challenge_failed']);
      expect(api.takeSent().database).toBe(0);
      expect(api.rateLimits.asked.every((name) => name.startsWith('public:'))).toBe(true);
    },
  );

  test('takes the name of the page in any case, and no page where none is set, which /ready says', async () => {
    expect((await guarded().request('/v1/signup', signup({ turnstileToken: 'shouting-page' }))).status).toBe(201);
    const unset = guarded(undefined, '');
    expect((await unset.request('/v1/signup', signup({ turnstileToken: 'a-person' }))).status).toBe(403);
    expect((await unset.request('/ready')).body).toMatchObject({
      status: 'not_ready',
      checks: expect.arrayContaining([{ name: 'setting TURNSTILE_HOSTNAMES', ok: false, problem: 'missing' }]),
    });
  });

  test('waits with 503 when nobody can say whether the token holds', async () => {
    const broken = await guarded().request('/v1/signup', signup({ turnstileToken: 'our-trouble' }));
    expect([broken.status, errorOf(broken).code]).toEqual([503, 'overloaded']);
    const unreachable = await guarded('http://127.0.0.1:9').request('/v1/signup', signup({ turnstileToken: 'a-person' }));
    expect([unreachable.status, unreachable.headers.has('Retry-After')]).toEqual([503, true]);
  });

  test('is not offered where it is not set up: the field is refused like any unknown one', async () => {
    const api = start();
    const answer = await api.request('/v1/signup', signup({ turnstileToken: 'a-person' }));
    const unknown = await api.request('/v1/signup', signup({ anything: 1 }));
    expect([answer.status, errorOf(answer).message, errorOf(answer).details]).toEqual([
      400,
      errorOf(unknown).message,
      errorOf(unknown).details,
    ]);
    expect(api.takeSent()).toEqual({ database: 0, providers: 0 });
  });
});
