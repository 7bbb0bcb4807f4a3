import { describe, expect, test } from 'vitest';
import { hashApiKey, mintApiKey } from '../../src/billing/keys/api-key.ts';
import { errorOf, usageOf } from './answers.ts';
import { OPERATOR_KEY } from './api.ts';
import type { MeteredRoute } from './metered-route-spec.ts';
import { limitedByKey, limitedByRate } from './metered-limits.ts';
import { leavesAloneWhatKeepsFailing, limitedByCeiling, onceForEachKey, quoted } from './metered-promises.ts';

/** What each failure of a provider must look like from outside, by the shortcode that asks the fakes for it. */
const FAILURES = [
  { fault: 'Fault500___', status: 502, code: 'provider_unavailable' },
  { fault: 'Fault503___', status: 502, code: 'provider_unavailable' },
  { fault: 'FaultBroken', status: 502, code: 'provider_unavailable' },
  { fault: 'FaultShape_', status: 502, code: 'provider_unavailable' },
  { fault: 'FaultHuge__', status: 502, code: 'provider_unavailable' },
  { fault: 'FaultMoved_', status: 502, code: 'provider_unavailable' },
  { fault: 'FaultHangUp', status: 502, code: 'provider_unavailable' },
  { fault: 'FaultBlock_', status: 502, code: 'provider_unavailable' },
  { fault: 'Fault401___', status: 502, code: 'provider_unavailable' },
  { fault: 'Fault429___', status: 503, code: 'provider_busy' },
  { fault: 'FaultCredit', status: 503, code: 'provider_busy' },
  { fault: 'FaultGone__', status: 404, code: 'post_not_found' },
  { fault: 'FaultPriv__', status: 403, code: 'private_post' },
  { fault: 'FaultLogin_', status: 403, code: 'private_post' },
  { fault: 'FaultAge18_', status: 403, code: 'private_post' },
] as const;

/** The guarantees of every paid endpoint. */
export function meteredRoute(spec: MeteredRoute): void {
  describe(`${spec.name}, as every paid endpoint,`, () => {
    describe('asks for a key and', () => {
      for (const [what, authorization] of [
        ['no key', undefined],
        ['another scheme', 'Basic aWdzazpwYXNz'],
        ['a malformed key', 'Bearer igsk_short'],
        ['a key with a wrong checksum', `Bearer igsk_${'A'.repeat(38)}`],
        ['an endless key', `Bearer igsk_${'A'.repeat(5_000)}`],
      ] as const) {
        test(`refuses ${what} with 401 and without any I/O`, async () => {
          const api = spec.start();
          const answer = await api.request(spec.read(spec.good), authorization === undefined ? {} : { headers: { authorization } });
          expect(answer.status).toBe(401);
          expect(errorOf(answer).code).toBe('unauthorized');
          expect(answer.headers.get('WWW-Authenticate')).toMatch(/^Bearer /);
          expect(api.takeSent()).toEqual({ database: 0, providers: 0 });
        });
      }

      test('refuses an unknown key with the same body, one question to the database and none to a provider', async () => {
        const api = spec.start();
        const malformed = errorOf(await api.request(spec.read(spec.good), { key: 'igsk_short' }));
        api.takeSent();
        const answer = await api.request(spec.read(spec.good), { key: mintApiKey() });
        expect(answer.status).toBe(401);
        expect({ ...errorOf(answer), requestId: '' }).toEqual({ ...malformed, requestId: '' });
        expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
      });

      test('refuses a revoked key', async () => {
        const api = spec.start();
        const { key } = await api.signUp();
        await api.database.execute({
          sql: 'UPDATE api_key SET revoked_at = ? WHERE hash = unhex(?)',
          args: [api.clock(), hashApiKey(key)],
        });
        expect((await api.request(spec.read(spec.good), { key })).status).toBe(401);
        expect(api.takeSent().providers).toBe(0);
      });
    });

    test('refuses a short balance with 402, the way to pay, one question to the database and none to a provider', async () => {
      const api = spec.start({ SIGNUP_GRANT_MICRO_CREDITS: String(spec.freshPrice - 1) });
      const { key } = await api.signUp();
      api.takeSent();
      const answer = await api.request(spec.read(spec.good), { key });
      expect(answer.status).toBe(402);
      const error = errorOf(answer);
      expect(error).toMatchObject({ code: 'insufficient_credits', billed: false, retryable: false });
      expect(error.details).toMatchObject({
        requiredMicroCredits: spec.freshPrice,
        availableMicroCredits: spec.freshPrice - 1,
        shortfallMicroCredits: 1,
        topUp: { method: 'POST', path: '/v1/topups/checkout', body: { microCredits: 500_000 } },
      });
      expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
      expect(await api.balance(key)).toEqual({ available: spec.freshPrice - 1, held: 0 });
    });

    test('settles a delivered read once, at the fresh price, in two round trips; the next is a hit at the cached price, in one', async () => {
      const api = spec.start();
      const { key, accountId } = await api.signUp();
      api.takeSent();
      const first = await api.request(spec.read(spec.good), { key });
      expect(first.status).toBe(200);
      spec.schema.parse(first.body);
      expect(api.takeSent().database).toBe(2);
      const second = await api.request(spec.read(spec.good), { key });
      expect(second.status).toBe(200);
      spec.schema.parse(second.body);
      expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
      const [fresh, cached] = [usageOf(first), usageOf(second)];
      expect(fresh).toMatchObject({ reservedMicroCredits: spec.freshPrice, settledMicroCredits: spec.freshPrice, refundedMicroCredits: 0 });
      expect(cached).toMatchObject({
        reservedMicroCredits: spec.cachedPrice,
        settledMicroCredits: spec.cachedPrice,
        refundedMicroCredits: 0,
      });
      for (const usage of [fresh, cached]) {
        const line = usage.lines.reduce((sum, next) => sum + next.settledMicroCredits, 0);
        expect(line).toBe(usage.settledMicroCredits);
        expect(usage.reservedMicroCredits).toBe(usage.settledMicroCredits + usage.refundedMicroCredits);
      }
      const left = 5_000_000 - spec.freshPrice - spec.cachedPrice;
      expect(cached.balanceMicroCredits).toBe(left);
      expect(await api.balance(key)).toEqual({ available: left, held: 0 });
      const entries = await api.database.execute({
        sql: "SELECT ref, delta_micros FROM entry WHERE account_id = ? AND kind = 'usage' ORDER BY seq",
        args: [accountId],
      });
      expect(entries.rows.map((row) => [row['ref'], row['delta_micros']])).toEqual([
        [fresh.receiptId, -spec.freshPrice],
        [cached.receiptId, -spec.cachedPrice],
      ]);
      const receipts = await api.database.execute({ sql: 'SELECT id FROM receipt WHERE account_id = ?', args: [accountId] });
      expect(receipts.rows).toHaveLength(2);
      expect(new Set(receipts.rows.map((row) => row['id']))).toEqual(new Set([fresh.receiptId, cached.receiptId]));
    });

    describe('gives the whole hold back and', () => {
      for (const { fault, status, code } of FAILURES) {
        test(`answers ${status} ${code} for ${fault}`, async () => {
          const api = spec.start();
          const { key } = await api.signUp();
          const answer = await api.request(spec.read(fault), { key });
          expect(answer.status).toBe(status);
          const error = errorOf(answer);
          expect(error).toMatchObject({ code, billed: false });
          expect(answer.headers.get('Retry-After')).toBe(error.retryable ? String(error.retryAfterSeconds) : null);
          expect(JSON.stringify(answer.body)).not.toMatch(/scrapecreators|hikerapi|apify|token|stack/i);
          expect(api.takeSent().providers).toBeGreaterThan(0);
          expect(await api.balance(key)).toEqual({ available: 5_000_000, held: 0 });
        });
      }

      test('answers an opaque 500 when our own code throws', async () => {
        const api = spec.start();
        const { key } = await api.signUp();
        api.backgroundBug = new TypeError('secret detail of the bug');
        const answer = await api.request(spec.read(spec.good), { key });
        api.backgroundBug = null;
        expect(answer.status).toBe(500);
        expect(errorOf(answer).code).toBe('internal');
        expect(JSON.stringify(answer.body)).not.toContain('secret detail');
        expect(api.events.at(-1)).toMatchObject({ status: 500, bug: { name: 'TypeError' } });
        expect(JSON.stringify(api.events)).not.toContain('secret detail');
        expect(await api.balance(key)).toEqual({ available: 5_000_000, held: 0 });
      });
    });

    test('is not billed to the owner, and shows zeros', async () => {
      const api = spec.start();
      for (const round of ['fresh', 'cached']) {
        const answer = await api.request(spec.read(spec.good), { key: OPERATOR_KEY });
        expect(answer.status, round).toBe(200);
        spec.schema.parse(answer.body);
        expect(usageOf(answer)).toMatchObject({
          reservedMicroCredits: 0,
          settledMicroCredits: 0,
          refundedMicroCredits: 0,
          balanceMicroCredits: null,
          receiptId: null,
          lines: [],
        });
      }
      expect(api.takeSent().database).toBe(0);
    });

    quoted(spec);
    limitedByCeiling(spec);
    limitedByKey(spec);
    limitedByRate(spec);
    onceForEachKey(spec);
    leavesAloneWhatKeepsFailing(spec);

    test('refuses HEAD, which would be a read that is paid for and thrown away', async () => {
      const api = spec.start();
      const { key } = await api.signUp();
      api.takeSent();
      const answer = await api.request(spec.read(spec.good), { key, method: 'HEAD' });
      expect(answer.status).toBe(405);
      expect(answer.headers.get('Allow')).toBe('GET, OPTIONS');
      expect(api.takeSent()).toEqual({ database: 0, providers: 0 });
    });
  });
}
