import { describe, expect, test } from 'vitest';
import { Quote } from '../../src/read/response/quote.ts';
import { mintApiKey } from '../../src/billing/keys/api-key.ts';
import { errorOf, usageOf } from './answers.ts';
import { type Answer, type Api, OPERATOR_KEY } from './api.ts';
import type { MeteredRoute } from './metered-route-spec.ts';

const DAY_MS = 86_400_000;
const once = (key: string) => ({ 'Idempotency-Key': key });

/** What the account was charged so far: the usage entries of the ledger. */
export async function charges(api: Api, accountId: string): Promise<number[]> {
  const entries = await api.database.execute({
    sql: "SELECT delta_micros FROM entry WHERE account_id = ? AND kind = 'usage' ORDER BY seq",
    args: [accountId],
  });
  return entries.rows.map((row) => Number(row['delta_micros']));
}

function expectReplay(answer: Answer, of: Answer): void {
  expect(answer.status).toBe(of.status);
  expect(answer.body).toEqual(of.body);
  expect(JSON.stringify(answer.body)).toBe(JSON.stringify(of.body));
  expect(answer.headers.get('Idempotency-Replayed')).toBe('true');
  expect(answer.headers.get('Cache-Status')).toBe(of.headers.get('Cache-Status'));
  expect(answer.headers.get('X-Credits-Used')).toBe('0');
}

/** With dryRun=true a read says its price instead of reading. */
export function quoted(spec: MeteredRoute): void {
  const dry = (shortcode: string) => `${spec.read(shortcode)}&dryRun=true`;

  describe('quotes with dryRun=true and', () => {
    test('says the fresh price, then the cached one, free, with one question to the database and none to a provider', async () => {
      const api = spec.start();
      const { key, accountId } = await api.signUp();
      api.takeSent();
      const before = await api.request(dry(spec.good), { key });
      expect(before.status).toBe(200);
      expect(Quote.parse(before.body).quote).toMatchObject({
        maximumMicroCredits: spec.freshPrice,
        expectedMicroCredits: spec.freshPrice,
        cache: { status: 'miss', ageSeconds: null },
        affordable: true,
        balanceMicroCredits: 5_000_000,
      });
      expect(before.headers.get('X-Credits-Used')).toBe('0');
      expect(before.headers.get('X-Credits-Remaining')).toBe('5000000');
      expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
      expect(await charges(api, accountId)).toEqual([]);
      const read = await api.request(spec.read(spec.good), { key });
      expect(usageOf(read).reservedMicroCredits).toBe(spec.freshPrice);
      api.clock.advance(30_000);
      const after = Quote.parse((await api.request(dry(spec.good), { key })).body).quote;
      expect(after).toMatchObject({
        maximumMicroCredits: spec.freshPrice,
        expectedMicroCredits: spec.cachedPrice,
        cache: { status: 'hit', ageSeconds: 30 },
      });
      expect(after.lines.reduce((sum, line) => sum + line.expectedMicroCredits, 0)).toBe(spec.cachedPrice);
      const hit = await api.request(spec.read(spec.good), { key });
      expect(usageOf(hit).settledMicroCredits).toBe(after.expectedMicroCredits);
    });

    test('says when the balance does not cover it', async () => {
      const api = spec.start({ SIGNUP_GRANT_MICRO_CREDITS: String(spec.freshPrice - 1) });
      const { key } = await api.signUp();
      const { quote } = Quote.parse((await api.request(dry(spec.good), { key })).body);
      expect(quote).toMatchObject({ affordable: false, balanceMicroCredits: spec.freshPrice - 1 });
    });

    test('does not follow a share link', async () => {
      const api = spec.start();
      const { key } = await api.signUp();
      api.takeSent();
      const share = encodeURIComponent(`https://www.instagram.com/share/p/Share${spec.good}`);
      const answer = await api.request(dry(spec.good).replace(/url=[^&]*/, `url=${share}`), { key });
      expect(Quote.parse(answer.body).quote.cache).toEqual({ status: 'unknown', ageSeconds: null });
      expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
    });

    test('asks for a key that exists, and has no balance to show the owner', async () => {
      const api = spec.start();
      expect((await api.request(dry(spec.good), { key: mintApiKey() })).status).toBe(401);
      expect((await api.request(dry(spec.good))).status).toBe(401);
      const { quote } = Quote.parse((await api.request(dry(spec.good), { key: OPERATOR_KEY })).body);
      expect(quote).toMatchObject({ balanceMicroCredits: null, affordable: true });
    });
  });
}

/** maxCostMicroCredits stops a read before anything is spent. */
export function limitedByCeiling(spec: MeteredRoute): void {
  const upTo = (ceiling: number | string) => `${spec.read(spec.good)}&maxCostMicroCredits=${ceiling}`;

  test('refuses a price above maxCostMicroCredits before anything is spent, and compares the cached price once it is cached', async () => {
    const api = spec.start();
    const { key, accountId } = await api.signUp();
    api.takeSent();
    const refused = await api.request(upTo(spec.freshPrice - 1), { key });
    expect(refused.status).toBe(402);
    expect(errorOf(refused)).toMatchObject({
      code: 'price_above_max',
      details: { reason: 'request_ceiling', requiredMicroCredits: spec.freshPrice, maxCostMicroCredits: spec.freshPrice - 1 },
    });
    expect(refused.headers.get('X-Credits-Remaining')).toBe('5000000');
    expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
    expect((await api.request(upTo(spec.freshPrice), { key })).status).toBe(200);
    expect((await api.request(upTo(spec.cachedPrice), { key })).status).toBe(200);
    expect((await api.request(upTo(spec.cachedPrice - 1), { key })).status).toBe(402);
    expect(await charges(api, accountId)).toEqual([-spec.freshPrice, -spec.cachedPrice]);
    expect((await api.request(upTo('free'), { key })).status).toBe(400);
  });
}

/** The same Idempotency-Key and request is answered and charged once. */
export function onceForEachKey(spec: MeteredRoute): void {
  const read = spec.read(spec.good);

  describe('under an Idempotency-Key', () => {
    test('answers a repeat as before, in one round trip, and charges once; fresh reads keep two and cached ones one', async () => {
      const api = spec.start();
      const { key, accountId } = await api.signUp();
      api.takeSent();
      const first = await api.request(read, { key, headers: once('"fresh-1"') });
      expect(first.status).toBe(200);
      expect(first.headers.has('Idempotency-Replayed')).toBe(false);
      expect(first.headers.get('X-Credits-Used')).toBe(String(spec.freshPrice));
      expect(api.takeSent().database).toBe(2);
      // Quoted or bare, it is the same key.
      const second = await api.request(read, { key, headers: once('fresh-1') });
      expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
      spec.schema.parse(second.body);
      expectReplay(second, first);
      const cached = await api.request(read, { key, headers: once('cached-1') });
      expect(usageOf(cached).settledMicroCredits).toBe(spec.cachedPrice);
      expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
      const again = await api.request(read, { key, headers: once('cached-1') });
      expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
      expectReplay(again, cached);
      expect(again.headers.get('X-Credits-Remaining')).toBe(String(5_000_000 - spec.freshPrice - spec.cachedPrice));
      expect(await charges(api, accountId)).toEqual([-spec.freshPrice, -spec.cachedPrice]);
    });

    test('charges one of many parallel reads with the same key, and refuses or replays the others', async () => {
      const api = spec.start();
      const { key, accountId } = await api.signUp();
      const answers = await Promise.all(Array.from({ length: 20 }, () => api.request(read, { key, headers: once('parallel') })));
      const fresh = answers.filter((answer) => answer.status === 200 && !answer.headers.has('Idempotency-Replayed'));
      expect(fresh).toHaveLength(1);
      for (const answer of answers.filter(({ status }) => status === 200)) expect(answer.body).toEqual(fresh[0]?.body);
      for (const answer of answers.filter(({ status }) => status !== 200)) {
        expect([answer.status, errorOf(answer).code, answer.headers.has('Retry-After')]).toEqual([409, 'idempotency_in_flight', true]);
      }
      expect(await charges(api, accountId)).toEqual([-spec.freshPrice]);
    });

    for (const [what, losing] of [
      ['fresh', 'after_provider'],
      ['cached', 'always'],
    ] as const) {
      test(`gives the answer that was lost between the ${what} charge and the caller, and charges once`, async () => {
        const api = spec.start();
        const { key, accountId } = await api.signUp();
        if (what === 'cached') await api.request(read, { key: OPERATOR_KEY });
        api.losesAnswers = losing;
        const lost = await api.request(read, { key, headers: once('lost') });
        api.losesAnswers = null;
        expect([lost.status, errorOf(lost).code]).toEqual([503, 'overloaded']);
        const again = await api.request(read, { key, headers: once('lost') });
        expect(again.status).toBe(200);
        spec.schema.parse(again.body);
        expect(again.headers.get('Idempotency-Replayed')).toBe('true');
        const price = what === 'fresh' ? spec.freshPrice : spec.cachedPrice;
        expect(usageOf(again)).toMatchObject({ settledMicroCredits: price, balanceMicroCredits: 5_000_000 - price });
        expect(await charges(api, accountId)).toEqual([-price]);
      });
    }

    test('refuses the key for another request, whatever that would have been answered', async () => {
      const api = spec.start();
      const { key } = await api.signUp();
      await api.request(read, { key, headers: once('one') });
      api.takeSent();
      for (const other of [
        spec.read('Demo404____'),
        spec.read('FaultGone__'),
        `${read}&maxAgeSeconds=0`,
        `${read}&maxCostMicroCredits=0`,
      ]) {
        const answer = await api.request(other, { key, headers: once('one') });
        expect([answer.status, errorOf(answer).code], other).toEqual([422, 'idempotency_mismatch']);
      }
      expect(api.takeSent().providers).toBe(0);
    });

    test('belongs to the account, and is over after a day', async () => {
      const api = spec.start();
      const one = await api.signUp();
      const two = await api.signUp();
      const first = await api.request(read, { key: one.key, headers: once('shared') });
      const other = await api.request(read, { key: two.key, headers: once('shared') });
      expect(other.headers.has('Idempotency-Replayed')).toBe(false);
      api.clock.advance(DAY_MS - 1);
      expectReplay(await api.request(read, { key: one.key, headers: once('shared') }), first);
      api.clock.advance(1);
      const later = await api.request(read, { key: one.key, headers: once('shared') });
      expect([later.status, later.headers.has('Idempotency-Replayed')]).toEqual([200, false]);
      expect(await charges(api, one.accountId)).toHaveLength(2);
    });

    test('remembers that there is no such post, and tries anew what failed on the way', async () => {
      const api = spec.start();
      const { key, accountId } = await api.signUp();
      const gone = await api.request(spec.read('FaultGone__'), { key, headers: once('gone') });
      expect(gone.status).toBe(404);
      api.kv.values.clear();
      api.takeSent();
      const again = await api.request(spec.read('FaultGone__'), { key, headers: once('gone') });
      expect([again.status, again.headers.get('Idempotency-Replayed')]).toEqual([404, 'true']);
      expect(again.body).toEqual(gone.body);
      expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
      for (const attempt of [1, 2]) {
        const failed = await api.request(spec.read('Fault500___'), { key, headers: once('failing') });
        expect([failed.status, failed.headers.has('Idempotency-Replayed')], `attempt ${attempt}`).toEqual([502, false]);
        expect(api.takeSent().providers).toBeGreaterThan(0);
      }
      expect(await charges(api, accountId)).toEqual([]);
    });

    test('keeps no word of an answer in readable form, nor the key', async () => {
      const api = spec.start();
      const { key, accountId } = await api.signUp();
      await api.request(read, { key, headers: once('a-secret-of-the-caller') });
      const rows = await api.database.execute({ sql: 'SELECT * FROM replay WHERE scope = ?', args: [accountId] });
      expect(rows.rows).toHaveLength(1);
      expect(JSON.stringify(rows.rows)).not.toMatch(/a-secret-of-the-caller|shortcode|DemoImage|owner/i);
    });

    test('refuses a key that is none', async () => {
      const api = spec.start();
      const { key } = await api.signUp();
      api.takeSent();
      for (const bad of ['', 'two words', '"open', 'x'.repeat(256), '""', 'schlüssel']) {
        const answer = await api.request(read, { key, headers: once(bad) });
        expect([answer.status, errorOf(answer).code], bad).toEqual([400, 'invalid_request']);
      }
      expect(api.takeSent()).toEqual({ database: 0, providers: 0 });
    });
  });
}

/** A key that fails on a target again and again is answered from memory for a while. */
export function leavesAloneWhatKeepsFailing(spec: MeteredRoute): void {
  test('stops asking for a target that failed three times with the same key, and tries again after two minutes', async () => {
    const api = spec.start();
    const { key, accountId } = await api.signUp();
    const failing = spec.read('Fault500___');
    for (let attempt = 1; attempt <= 3; attempt++) expect((await api.request(failing, { key })).status).toBe(502);
    api.takeSent();
    const stopped = await api.request(failing, { key });
    expect([stopped.status, errorOf(stopped).code, stopped.headers.get('Retry-After')]).toEqual([429, 'repeated_failure', '120']);
    expect(errorOf(stopped).details).toMatchObject({ failures: 3, lastCode: 'provider_unavailable' });
    expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
    // Another target, and another key, are not meant.
    expect((await api.request(spec.read(spec.good), { key })).status).toBe(200);
    expect((await api.request(failing, { key: (await api.signUp()).key })).status).toBe(502);
    api.clock.advance(120_000);
    expect((await api.request(failing, { key })).status).toBe(502);
    expect((await api.request(failing, { key })).status).toBe(429);
    // Ten minutes without a failure and it counts from one.
    api.clock.advance(600_000);
    for (let attempt = 1; attempt <= 3; attempt++) expect((await api.request(failing, { key })).status).toBe(502);
    expect(await charges(api, accountId)).toEqual([-spec.freshPrice]);
  });
}
