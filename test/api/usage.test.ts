import { describe, expect, test } from 'vitest';
import { hashApiKey } from '../../src/billing/keys/api-key.ts';
import { ledgerOver } from '../support/ledger.ts';
import { JournalPage } from '../../src/routes/account/ledger-view.ts';
import { Receipt, UsagePage } from '../../src/routes/account/usage-view.ts';
import { microCredits } from '../../src/core/money.ts';
import { errorOf, usageOf } from '../support/answers.ts';
import { type Answer, type Api, OPERATOR_KEY, useApi } from '../support/api.ts';

const start = useApi();
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** A page's items, proven to be a page. */
const itemsOf = (answer: Answer) => {
  expect(answer.status).toBe(200);
  return UsagePage.parse(answer.body);
};

/** A customer with three reads a minute apart: fresh, from the cache, and a reel. */
async function threeReads(api: Api) {
  const customer = await api.signUp();
  const ids: string[] = [];
  for (const path of ['/v1/post?url=DemoImage01', '/v1/post?url=DemoImage01', '/v1/reel?url=DemoReel_01']) {
    ids.push(usageOf(await api.request(path, { key: customer.key })).receiptId ?? '');
    api.clock.advance(MINUTE_MS);
  }
  api.takeSent();
  return { ...customer, ids };
}

describe('GET /v1/usage', () => {
  test('lists the settled requests, newest first, in one round trip, and pages without gap or duplicate', async () => {
    const api = start();
    const { key, ids } = await threeReads(api);
    const all = await api.request('/v1/usage', { key });
    expect(itemsOf(all).items).toMatchObject([
      { requestId: ids[2], endpoint: '/v1/reel', shortcode: 'DemoReel_01', cacheStatus: 'miss', settledMicroCredits: 3_000 },
      { requestId: ids[1], endpoint: '/v1/post', cacheStatus: 'hit', reservedMicroCredits: 1_000, settledMicroCredits: 1_000 },
      { requestId: ids[0], endpoint: '/v1/post', cacheStatus: 'miss', settledMicroCredits: 3_000, refundedMicroCredits: 0 },
    ]);
    expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
    expect(all.headers.get('X-Credits-Remaining')).toBe(String(5_000_000 - 7_000));
    const seen: unknown[] = [];
    let cursor: string | null = '';
    for (let page = 0; cursor !== null; page++) {
      const more = cursor === '' ? '' : `&cursor=${cursor}`;
      const { items, nextCursor } = itemsOf(await api.request(`/v1/usage?limit=1${more}`, { key }));
      seen.push(...items.map((item) => ('requestId' in item ? item.requestId : null)));
      cursor = nextCursor;
      expect(page).toBeLessThan(3);
    }
    expect(seen).toEqual([ids[2], ids[1], ids[0]]);
  });

  test('filters by time, endpoint and key', async () => {
    const api = start();
    const { key, ids } = await threeReads(api);
    const begun = api.clock() - 3 * MINUTE_MS;
    const iso = (ms: number) => encodeURIComponent(new Date(ms).toISOString());
    const idsOf = async (query: string) =>
      itemsOf(await api.request(`/v1/usage?${query}`, { key })).items.map((item) => ('requestId' in item ? item.requestId : null));
    expect(await idsOf(`from=${iso(begun + MINUTE_MS)}`)).toEqual([ids[2], ids[1]]);
    expect(await idsOf(`to=${iso(begun + MINUTE_MS)}`)).toEqual([ids[0]]);
    expect(await idsOf(`endpoint=${encodeURIComponent('/v1/reel')}`)).toEqual([ids[2]]);
    // safe because the tests of /v1/me check this shape
    const me = (await api.request('/v1/me', { key })).body as { key: { id: string } };
    expect(await idsOf(`keyId=${me.key.id}`)).toEqual([ids[2], ids[1], ids[0]]);
    expect(await idsOf('keyId=key_other')).toEqual([]);
    expect(errorOf(await api.request('/v1/usage?from=yesterday', { key })).code).toBe('invalid_request');
  });

  test('lists what failed, and everything together, by status, page by page', async () => {
    const api = start();
    const { key, ids } = await threeReads(api);
    const failed: string[] = [];
    for (const url of ['Fault500___', 'FaultGone__']) {
      failed.push(errorOf(await api.request(`/v1/post?url=${url}`, { key })).requestId);
      api.clock.advance(MINUTE_MS);
    }
    const last = usageOf(await api.request('/v1/post?url=DemoVideo01', { key })).receiptId;
    const released = itemsOf(await api.request('/v1/usage?status=released', { key }));
    const nothing = { settledAt: null, reservedMicroCredits: 3_000, settledMicroCredits: 0, refundedMicroCredits: 3_000, endpoint: null };
    expect(released).toMatchObject({
      items: [
        { requestId: failed[1], state: 'released', reason: 'post_not_found', ...nothing },
        { requestId: failed[0], state: 'released', reason: 'provider_unavailable', ...nothing },
      ],
      nextCursor: null,
    });
    const everything = [last, failed[1], failed[0], ids[2], ids[1], ids[0]];
    // safe because the tests of /v1/me check this shape
    const me = (await api.request('/v1/me', { key })).body as { key: { id: string } };
    for (const filter of ['', `&keyId=${me.key.id}`]) {
      const seen: unknown[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const query: string = `limit=2&status=all${filter}${cursor === '' ? '' : `&cursor=${cursor}`}`;
        api.takeSent();
        const page = itemsOf(await api.request(`/v1/usage?${query}`, { key }));
        expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
        seen.push(...page.items.map((item) => ('requestId' in item ? item.requestId : null)));
        cursor = page.nextCursor;
      }
      expect(seen).toEqual(everything);
    }
    const other = await api.signUp();
    expect(itemsOf(await api.request('/v1/usage?status=all', { key: other.key })).items).toEqual([]);
    expect(itemsOf(await api.request('/v1/usage?status=settled', { key })).items).toHaveLength(4);
    expect(itemsOf(await api.request('/v1/usage', { key })).items).toHaveLength(4);
    for (const query of ['status=released&aggregate=day', 'status=all&endpoint=/v1/post', 'status=open']) {
      expect(errorOf(await api.request(`/v1/usage?${query}`, { key })).code, query).toBe('invalid_request');
    }
  });

  test('lists a request that nobody finished, once its time is over', async () => {
    const api = start();
    const { key } = await api.signUp();
    const lines = [{ item: 'media', amount: microCredits(3_000) }];
    const ledger = ledgerOver({ client: api.database, clock: api.clock });
    const left = { id: 'req_left_alone', keyHash: hashApiKey(key), fingerprint: 'x', lines } as const;
    expect((await ledger.reserve(left, 1_000)).ok).toBe(true);
    expect(itemsOf(await api.request('/v1/usage?status=all', { key })).items).toEqual([]);
    api.clock.advance(DAY_MS);
    await api.runCron();
    expect(itemsOf(await api.request('/v1/usage?status=expired', { key })).items).toMatchObject([
      { requestId: 'req_left_alone', state: 'expired', reason: 'expired', settledMicroCredits: 0 },
    ]);
  });

  test('computes the totals of an account once at a time, and those of others meanwhile', async () => {
    const api = start();
    const [{ key }, other] = [await api.signUp(), await api.signUp()];
    for (const one of [key, other.key]) await api.request('/v1/me', { key: one });
    const gate = Promise.withResolvers<void>();
    api.databaseGate = gate.promise;
    const totals = (one: string) => api.request('/v1/usage?aggregate=day', { key: one });
    const asked = [key, key, key, other.key].map(totals);
    const refused = await Promise.race(asked);
    expect([refused.status, errorOf(refused).code, refused.headers.get('Retry-After')]).toEqual([429, 'rate_limited', '1']);
    // A list reads a page, and waits for nobody.
    const list = api.request('/v1/usage', { key });
    gate.resolve();
    expect((await Promise.all([...asked, list])).map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 200, 429, 429]);
    expect((await totals(key)).status).toBe(200);
  });

  test('sums by day, endpoint and key what the requests came to', async () => {
    const api = start();
    const { key } = await threeReads(api);
    api.clock.advance(DAY_MS);
    await api.request('/v1/post?url=DemoVideo01', { key });
    const days = itemsOf(await api.request('/v1/usage?aggregate=day', { key })).items;
    expect(days).toEqual([
      { day: '2026-11-22', requests: 3, reservedMicroCredits: 7_000, settledMicroCredits: 7_000, refundedMicroCredits: 0 },
      { day: '2026-11-23', requests: 1, reservedMicroCredits: 3_000, settledMicroCredits: 3_000, refundedMicroCredits: 0 },
    ]);
    const endpoints = itemsOf(await api.request('/v1/usage?aggregate=endpoint', { key })).items;
    expect(endpoints).toMatchObject([
      { endpoint: '/v1/post', requests: 3, settledMicroCredits: 7_000 },
      { endpoint: '/v1/reel', requests: 1, settledMicroCredits: 3_000 },
    ]);
    const keys = itemsOf(await api.request('/v1/usage?aggregate=key', { key })).items;
    expect(keys).toMatchObject([{ requests: 4, settledMicroCredits: 10_000 }]);
    const long = await api.request('/v1/usage?aggregate=day&from=2020-01-01T00:00:00Z', { key });
    expect([long.status, errorOf(long).code]).toEqual([400, 'invalid_request']);
  });

  test('speaks CSV where that is asked for, with the next page in Link', async () => {
    const api = start();
    const { key, ids } = await threeReads(api);
    const first = await api.request('/v1/usage?limit=2', { key, headers: { Accept: 'text/csv' } });
    expect(first.headers.get('Content-Type')).toBe('text/csv; charset=utf-8');
    expect(first.headers.get('Vary')).toContain('Accept');
    const lines = String(first.body).split('\r\n');
    expect(lines[0]).toMatch(/^requestId,settledAt,/);
    expect(lines).toHaveLength(4);
    expect(lines[1]).toContain(ids[2]);
    const next = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('Link') ?? '')?.[1] ?? '';
    const second = await api.request(next, { key, headers: { Accept: 'text/csv' } });
    expect(String(second.body)).toContain(ids[0]);
    expect(second.headers.has('Link')).toBe(false);
    const sums = await api.request('/v1/usage?aggregate=endpoint', { key, headers: { Accept: 'text/csv' } });
    expect(String(sums.body)).toContain('/v1/post,2,4000,4000,0\r\n');
  });

  test('refuses a cursor that is none, and a request without a good key', async () => {
    const api = start();
    const { key } = await api.signUp();
    for (const path of ['/v1/usage', '/v1/ledger']) {
      expect(errorOf(await api.request(`${path}?cursor=AAAA`, { key })).code).toBe('invalid_cursor');
      expect((await api.request(path)).status).toBe(401);
      expect((await api.request(`${path}?limit=0`, { key })).status).toBe(400);
    }
  });

  test('has nothing to show the owner, who is not billed', async () => {
    const api = start();
    await api.request('/v1/post?url=DemoImage01', { key: OPERATOR_KEY });
    for (const path of ['/v1/usage', '/v1/ledger']) {
      expect((await api.request(path, { key: OPERATOR_KEY })).body).toMatchObject({ items: [], nextCursor: null });
    }
    expect((await api.request('/v1/usage/req_x', { key: OPERATOR_KEY })).status).toBe(404);
  });
});

describe('GET /v1/usage/{requestId}', () => {
  test('is the receipt: lines, price card, cache, provider units and limitations, and no cost of ours', async () => {
    const api = start();
    const { key } = await api.signUp();
    const read = await api.request('/v1/post?url=FaultCmts__&comments=latest', { key });
    const { receiptId } = usageOf(read);
    api.takeSent();
    const answer = await api.request(`/v1/usage/${receiptId}`, { key });
    expect(answer.status).toBe(200);
    expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
    const receipt = Receipt.parse(answer.body);
    expect(receipt).toMatchObject({
      requestId: receiptId,
      state: 'settled',
      endpoint: '/v1/post',
      shortcode: 'FaultCmts__',
      reservedMicroCredits: 7_000,
      settledMicroCredits: 3_000,
      refundedMicroCredits: 4_000,
      lines: [
        { item: 'media', settledMicroCredits: 3_000 },
        { item: 'comments', settledMicroCredits: 0, refundedMicroCredits: 4_000, reason: 'provider_failed' },
      ],
      cache: { status: 'miss' },
    });
    expect(receipt.limitations).toContain('comments_unavailable');
    expect(receipt.providerUnits[0]).toEqual({ item: 'media', provider: 'scrapecreators', billedUnit: 'credit', units: 1, billed: true });
    expect(JSON.stringify(answer.body)).not.toMatch(/cost|latency|httpStatus/i);
  });

  test('says of a failed read that everything came back, and why', async () => {
    const api = start();
    const { key, accountId } = await api.signUp();
    const failed = await api.request('/v1/post?url=Fault500___', { key });
    const { requestId } = errorOf(failed);
    const receipt = Receipt.parse((await api.request(`/v1/usage/${requestId}`, { key })).body);
    expect(receipt).toMatchObject({
      state: 'released',
      reason: 'provider_unavailable',
      reservedMicroCredits: 3_000,
      settledMicroCredits: 0,
      refundedMicroCredits: 3_000,
      endpoint: null,
    });
    expect(accountId).not.toBe('');
  });

  test("answers another account's request as if it did not exist", async () => {
    const api = start();
    const { key, ids } = await threeReads(api);
    const other = await api.signUp();
    const theirs = await api.request(`/v1/usage/${ids[0]}`, { key: other.key });
    const none = await api.request('/v1/usage/req_nothing', { key: other.key });
    expect([theirs.status, none.status]).toEqual([404, 404]);
    expect({ ...errorOf(theirs), requestId: '' }).toEqual({ ...errorOf(none), requestId: '' });
    expect(itemsOf(await api.request('/v1/usage', { key: other.key })).items).toEqual([]);
    const cursor = itemsOf(await api.request('/v1/usage?limit=1', { key })).nextCursor;
    expect(itemsOf(await api.request(`/v1/usage?cursor=${cursor}`, { key: other.key })).items).toEqual([]);
  });
});

describe('GET /v1/ledger', () => {
  test('shows every change with the balance after it, newest first, page by page and as CSV', async () => {
    const api = start();
    const { key, ids } = await threeReads(api);
    const first = JournalPage.parse((await api.request('/v1/ledger?limit=3', { key })).body);
    expect(first.items).toMatchObject([
      { seq: 4, kind: 'usage', ref: ids[2], deltaMicroCredits: -3_000, balanceAfterMicroCredits: 4_993_000 },
      { seq: 3, kind: 'usage', ref: ids[1], deltaMicroCredits: -1_000, balanceAfterMicroCredits: 4_996_000 },
      { seq: 2, kind: 'usage', ref: ids[0], deltaMicroCredits: -3_000, balanceAfterMicroCredits: 4_997_000 },
    ]);
    const rest = JournalPage.parse((await api.request(`/v1/ledger?cursor=${first.nextCursor}`, { key })).body);
    expect(rest).toMatchObject({ items: [{ seq: 1, kind: 'grant', balanceAfterMicroCredits: 5_000_000 }], nextCursor: null });
    const asCsv = await api.request('/v1/ledger', { key, headers: { Accept: 'text/csv' } });
    expect(String(asCsv.body).split('\r\n')).toHaveLength(6);
    expect(String(asCsv.body)).toContain(`3,usage,${ids[1]},-1000,4996000,`);
  });
});

describe('X-Credits-Used and X-Credits-Remaining', () => {
  test('are on every answer to a key, errors too, and on none without one', async () => {
    const api = start({ SIGNUP_GRANT_MICRO_CREDITS: '3500' });
    const { key } = await api.signUp();
    const creditsOf = ({ headers }: Answer) => [headers.get('X-Credits-Used'), headers.get('X-Credits-Remaining')];
    expect(creditsOf(await api.request('/v1/me', { key }))).toEqual(['0', '3500']);
    expect(creditsOf(await api.request('/v1/post?url=Fault500___', { key }))).toEqual(['0', '3500']);
    expect(creditsOf(await api.request('/v1/post?url=DemoImage01', { key }))).toEqual(['3000', '500']);
    expect(creditsOf(await api.request('/v1/post?url=DemoImage01', { key }))).toEqual(['0', '500']);
    expect(creditsOf(await api.request('/v1/post?url=FaultGone__', { key: OPERATOR_KEY }))).toEqual(['0', null]);
    expect(creditsOf(await api.request('/v1/post?url=DemoImage01'))).toEqual([null, null]);
    expect(creditsOf(await api.request('/v1/pricing', { key }))).toEqual([null, null]);
  });
});

describe('a traceparent header', () => {
  const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
  const PARENT = '00f067aa0ba902b7';

  test('leaves its trace id in the log line and in the receipt, fresh and cached, and nothing else of it', async () => {
    const api = start();
    const { key } = await api.signUp();
    for (const state of ['miss', 'hit']) {
      const answer = await api.request('/v1/post?url=DemoImage01', { key, headers: { traceparent: `00-${TRACE}-${PARENT}-01` } });
      expect(answer.body).toMatchObject({ cache: { status: state } });
      expect(api.events.at(-1)?.traceId).toBe(TRACE);
      const receipt = await api.request(`/v1/usage/${usageOf(answer).receiptId}`, { key });
      expect(Receipt.parse(receipt.body).traceId).toBe(TRACE);
      const found = await api.request(`/v1/ops/receipts/${usageOf(answer).receiptId}`, { key: OPERATOR_KEY });
      expect(found.body).toMatchObject({ receipt: { traceId: TRACE } });
    }
    expect(JSON.stringify(api.events)).not.toContain(PARENT);
  });

  test('is logged for every route, refused or not', async () => {
    const api = start();
    for (const path of ['/health', '/v1/me', '/nothing']) {
      await api.request(path, { headers: { traceparent: `00-${TRACE}-${PARENT}-00` } });
      expect(api.events.at(-1)?.traceId, path).toBe(TRACE);
    }
  });

  test('that is invalid or missing changes nothing and is not repeated anywhere', async () => {
    const api = start();
    const { key } = await api.signUp();
    for (const traceparent of [`00-${TRACE}-${PARENT}-zz`, 'igsk_hunter2', null]) {
      const answer = await api.request('/v1/post?url=DemoImage01', { key, ...(traceparent === null ? {} : { headers: { traceparent } }) });
      expect([answer.status, api.events.at(-1)]).toEqual([200, expect.not.objectContaining({ traceId: expect.anything() })]);
      const receipt = await api.request(`/v1/usage/${usageOf(answer).receiptId}`, { key });
      expect(Receipt.parse(receipt.body).traceId).toBeNull();
    }
    expect(JSON.stringify(api.events)).not.toMatch(/hunter2|zz/);
  });
});
