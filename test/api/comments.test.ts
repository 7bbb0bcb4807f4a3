import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { commentsReadings } from '../../src/read/response/readings.ts';
import type { Api, Answer } from '../support/api.ts';
import { useApi } from '../support/api.ts';
import { errorOf, usageOf } from '../support/answers.ts';
import { meteredRoute } from '../support/metered-route.ts';

const start = useApi();
const CommentsReading = commentsReadings('CommentsReading').full;
const comments = (url: string, more = '') => `/v1/comments?url=${encodeURIComponent(url)}${more}`;

meteredRoute({
  name: 'GET /v1/comments',
  start,
  read: (shortcode) => comments(shortcode, '&limit=20'),
  good: 'DemoThread1',
  schema: CommentsReading,
  freshPrice: 4_000,
  cachedPrice: 1_000,
});

function readingOf(answer: Answer): z.infer<typeof CommentsReading> {
  expect(answer.status, JSON.stringify(answer.body).slice(0, 300)).toBe(200);
  return CommentsReading.parse(answer.body);
}

/** Reads a whole thread by its cursors, at most `batches` of them. */
async function readAll(api: Api, key: string, path: string, batches: number) {
  const seen: string[] = [];
  const readings: z.infer<typeof CommentsReading>[] = [];
  let cursor: string | null = null;
  do {
    const more: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const reading = readingOf(await api.request(`${path}${more}`, { key }));
    readings.push(reading);
    seen.push(...reading.data.comments.map((comment) => comment.id));
    cursor = reading.data.nextCursor;
  } while (cursor !== null && readings.length < batches);
  return { seen, readings };
}

describe('GET /v1/comments', () => {
  // A page of ScrapeCreators costs more, and this thread repeats comments on every page: its price ends the batch before 500.
  for (const [provider, count, settled, reason] of [
    ['hikerapi', 500, 70_000, null],
    ['scrapecreators', 471, 37 * 1_880, 'price_limit'],
  ] as const) {
    test(`reads 500 comments over many pages from ${provider}, and goes on to the end without gap or duplicate`, async () => {
      const api = start({ PROVIDER_ORDER_COMMENTS: provider });
      const { key } = await api.signUp();
      const { seen, readings } = await readAll(api, key, comments('DemoThread1', '&limit=500'), 4);
      expect(readings[0]?.data.comments).toHaveLength(count);
      expect(readings[0]?.data).toMatchObject({ truncated: reason !== null, sampling: { reason } });
      expect(readings[0]?.usage.settledMicroCredits).toBe(settled);
      // What the price cut short is read again soon: another provider may give more.
      expect(readings[0]?.cache.ttlSeconds).toBe(reason === null ? 21_600 : 600);
      // ScrapeCreators does not mark the pinned comments that it repeats on every page, so a batch that starts with a page has them again.
      const small = await readAll(api, key, comments('DemoThread1', '&limit=100'), 20);
      expect([...new Set(small.seen)]).toEqual([...new Set(seen)]);
      expect(new Set(seen).size).toBe(620);
      expect(provider === 'hikerapi' ? small.seen.length : 620).toBe(620);
      expect(readings.at(-1)?.data.nextCursor).toBeNull();
      expect(readings.at(-1)?.data.sampling.reason).toBe('end_of_thread');
    });

    test(`delivers what ${provider} had given by the deadline, charges that, and goes on by cursor`, async () => {
      const api = start({ PROVIDER_ORDER_COMMENTS: provider, READ_DEADLINE_MS: '3500' });
      api.inRealTime = true;
      const { key } = await api.signUp();
      const first = readingOf(await api.request(comments('FaultCrawl_', '&limit=100'), { key }));
      const delivered = first.data.comments.length;
      expect(delivered).toBeGreaterThan(0);
      expect(delivered).toBeLessThan(100);
      expect(first.data).toMatchObject({ truncated: true, sampling: { requested: 100, delivered, reason: 'deadline' } });
      expect(first.usage.settledMicroCredits).toBe(Math.floor((15_000 * delivered) / 100));
      expect(first.limitations).toContainEqual(expect.objectContaining({ code: 'comments_incomplete', reason: 'deadline' }));
      expect(first.cache.ttlSeconds).toBeNull();
      const { nextCursor } = first.data;
      const second = readingOf(
        await api.request(comments('FaultCrawl_', `&limit=20&cursor=${encodeURIComponent(nextCursor ?? '')}`), { key }),
      );
      const ids = first.data.comments.map((comment) => comment.id);
      expect(second.data.comments.length).toBeGreaterThan(0);
      expect(second.data.comments.some((comment) => ids.includes(comment.id))).toBe(false);
      const whole = start({ PROVIDER_ORDER_COMMENTS: provider });
      const { key: other } = await whole.signUp();
      const all = readingOf(await whole.request(comments('FaultCrawl_', '&limit=100'), { key: other }));
      const joined = [...ids, ...second.data.comments.map((comment) => comment.id)];
      expect(all.data.comments.slice(0, joined.length).map((comment) => comment.id)).toEqual(joined.slice(0, 100));
    });
  }

  test('delivers the first page when the second fails, charges that page, and says why', async () => {
    for (const provider of ['hikerapi', 'scrapecreators']) {
      const api = start({ PROVIDER_ORDER_COMMENTS: provider });
      const { key } = await api.signUp();
      const reading = readingOf(await api.request(comments('FaultPage2_', '&limit=100'), { key }));
      const delivered = reading.data.comments.length;
      expect(delivered).toBeGreaterThan(0);
      expect(reading.data.sampling).toMatchObject({ reason: 'provider_failed', delivered });
      expect(reading.usage.settledMicroCredits).toBe(Math.floor((15_000 * delivered) / 100));
      expect(await api.balance(key)).toEqual({ available: 5_000_000 - reading.usage.settledMicroCredits, held: 0 });
    }
  });

  test('answers comments that are turned off, and none, with an empty list that costs what the provider bills, once', async () => {
    for (const [provider, turnedOff, none] of [
      ['hikerapi', 1_000, 1_000],
      ['scrapecreators', 1_880, 1_880],
      ['apify', 3_300, 1_000],
    ] as const) {
      for (const shortcode of ['DemoClosed1', 'DemoNoText1']) {
        const api = start({ PROVIDER_ORDER_COMMENTS: provider });
        const { key } = await api.signUp();
        for (const round of ['fresh', 'cached']) {
          const reading = readingOf(await api.request(comments(shortcode), { key }));
          expect(reading.data, `${provider} ${shortcode} ${round}`).toMatchObject({ comments: [], truncated: true, nextCursor: null });
          expect(['disabled', 'end_of_thread']).toContain(reading.data.sampling.reason);
          const price = shortcode === 'DemoClosed1' ? turnedOff : none;
          expect(reading.usage.settledMicroCredits).toBe(round === 'fresh' ? price : 0);
          expect(reading.limitations.map((one) => one.code)).toContain('comments_incomplete');
          expect(await api.balance(key)).toEqual({ available: 5_000_000 - price, held: 0 });
        }
      }
    }
  });

  test('nests replies under their comment in what each provider gives, and charges each its share of the batch', async () => {
    for (const provider of ['hikerapi', 'scrapecreators']) {
      const api = start({ PROVIDER_ORDER_COMMENTS: provider });
      const { key } = await api.signUp();
      const reading = readingOf(await api.request(comments('DemoReel_01', '&limit=20&includeReplies=true'), { key }));
      const replies = reading.data.comments.flatMap((comment) => (comment.replies ?? []).map((reply) => ({ reply, comment })));
      expect(replies.length, provider).toBeGreaterThan(0);
      for (const { reply, comment } of replies) {
        expect(reply.parentId).toBe(comment.id);
        expect(reply.permalink).toContain(`/c/${comment.id}/r/${reply.id}/`);
      }
      const [first, second] = reading.usage.lines;
      expect(first).toMatchObject({ item: 'comments', settledMicroCredits: Math.floor((4_000 * reading.data.comments.length) / 20) });
      const pages = provider === 'hikerapi' ? 4 * 1_000 : 2 * 1_880;
      const replyPrice = Math.min(4_000, Math.max(pages, replies.length * 200));
      expect(second, provider).toMatchObject({ item: 'replies', settledMicroCredits: replyPrice });
      const without = readingOf(await api.request(comments('DemoReel_01', '&limit=20'), { key }));
      expect(without.data.comments.every((comment) => comment.replies === undefined)).toBe(true);
    }
  });

  test('sells 585 replies to one comment at no less than the calls they took, and stops where the price does', async () => {
    for (const [provider, limit, calls, lines, reason] of [
      // 39 pages of five replies, and no more than 40 calls in one read.
      ['hikerapi', 500, 40, [1_000, 39_000], 'provider_limit'],
      ['hikerapi', 20, 5, [1_000, 4_000], 'price_limit'],
      ['scrapecreators', 500, 38, [1_880, 37 * 1_880], 'price_limit'],
      ['scrapecreators', 100, 8, [1_880, 7 * 1_880], 'price_limit'],
    ] as const) {
      const api = start({ PROVIDER_ORDER_COMMENTS: provider });
      const { key } = await api.signUp();
      api.takeSent();
      const answer = await api.request(comments('DemoReplies', `&limit=${limit}&includeReplies=true&maxAgeSeconds=0`), { key });
      expect(api.takeSent().providers).toBe(calls);
      const { usage, limitations } = readingOf(answer);
      expect(usage.lines.map((line) => line.settledMicroCredits)).toEqual(lines);
      expect(limitations).toContainEqual(expect.objectContaining({ code: 'replies_incomplete', reason }));
    }
  });

  describe('refuses a cursor', () => {
    const cases: [string, (cursor: string) => string][] = [
      ['that was changed', (cursor) => comments('DemoThread1', `&limit=100&cursor=${cursor.slice(0, 10)}A${cursor.slice(11)}`)],
      ['whose signature was changed', (cursor) => comments('DemoThread1', `&limit=100&cursor=${cursor.slice(0, -2)}AA`)],
      ['that was made up', () => comments('DemoThread1', '&cursor=eyJhIjoxfQ.AAAA')],
      ['that is no cursor', () => comments('DemoThread1', '&cursor=%22%3E%3Cscript%3E')],
      ['of another post', (cursor) => comments('DemoReel_01', `&limit=100&cursor=${cursor}`)],
      ['of a request without replies for one with them', (cursor) => comments('DemoThread1', `&includeReplies=true&cursor=${cursor}`)],
    ];
    for (const [what, path] of cases) {
      test(`${what}, before any money or provider is asked`, async () => {
        const api = start();
        const { key } = await api.signUp();
        const { nextCursor } = readingOf(await api.request(comments('DemoThread1', '&limit=100'), { key })).data;
        expect(nextCursor).not.toBeNull();
        api.takeSent();
        const answer = await api.request(path(nextCursor ?? ''), { key });
        expect(answer.status).toBe(400);
        expect(errorOf(answer)).toMatchObject({ code: 'invalid_cursor', billed: false });
        expect(api.takeSent()).toEqual({ database: 0, providers: 0 });
      });
    }

    test('under another secret', async () => {
      const api = start();
      const { key } = await api.signUp();
      const { nextCursor } = readingOf(await api.request(comments('DemoThread1', '&limit=20'), { key })).data;
      const other = start({ CURSOR_SIGNING_SECRET: 'another secret, as long as the first one' });
      const answer = await other.request(comments('DemoThread1', `&limit=20&cursor=${nextCursor}`), { key });
      expect(errorOf(answer).code).toBe('invalid_cursor');
    });
  });

  test('says that the order cannot be checked, and how many of how many came', async () => {
    const api = start({ PROVIDER_ORDER_COMMENTS: 'hikerapi' });
    const { key } = await api.signUp();
    const reading = readingOf(await api.request(comments('DemoReel_01', '&limit=500'), { key }));
    expect(reading.limitations.map((one) => one.code)).toEqual(
      expect.arrayContaining(['comments_order_unverified', 'comments_incomplete']),
    );
    expect(reading.data.sampling.note).not.toBe('');
  });

  test('interprets a ranked sample, tells how it was taken, and refers to comments that exist', async () => {
    const api = start();
    const { key } = await api.signUp();
    const reading = readingOf(await api.request(comments('DemoThread1', '&limit=100&parse=themes'), { key }));
    const { parse } = reading;
    expect(parse).toMatchObject({ mode: 'themes', status: 'ok', cache: { status: 'miss' } });
    expect(parse?.model).toMatch(/fake/);
    const { sample } = parse ?? {};
    const filtered = (sample?.filtered ?? []).reduce((total, one) => total + one.count, 0);
    const omitted = (sample?.omitted ?? []).reduce((total, one) => total + one.count, 0);
    expect(sample?.considered).toBe((sample?.included ?? 0) + filtered + omitted);
    const ids = new Set(reading.data.comments.map((comment) => comment.id));
    const named = [...JSON.stringify(parse?.output).matchAll(/"(\d{10,})"/g)].map(([, id]) => id);
    expect(named.length).toBeGreaterThan(0);
    expect(named.every((id) => ids.has(id ?? ''))).toBe(true);
    expect(reading.limitations.map((one) => one.code)).toContain('sampled_comments');
    expect(usageOf({ status: 200, headers: new Headers(), body: reading }).settledMicroCredits).toBe(15_000 + 8_000);
  });

  describe('prices an interpretation by the comments that went into it', () => {
    const priceOf = (reading: z.infer<typeof CommentsReading>) => reading.usage.lines.find(({ item }) => item === 'comment_parse');

    test('the same content at the same price, whatever limit was asked for, and from the cache too', async () => {
      const api = start({ PROVIDER_ORDER_COMMENTS: 'hikerapi' });
      const { key } = await api.signUp();
      const read = async (limit: number) =>
        readingOf(await api.request(comments('DemoArabic1', `&limit=${limit}&parse=themes&maxAgeSeconds=0`), { key }));
      const first = await read(500);
      expect(first.parse).toMatchObject({ cache: { status: 'miss' }, sample: { included: 15 } });
      // The most is held: 200 comments may go in.
      expect(priceOf(first)).toMatchObject({ reservedMicroCredits: 11_000, settledMicroCredits: 4_000 });
      for (const limit of [500, 100]) {
        const again = await read(limit);
        expect(again.parse).toMatchObject({ cache: { status: 'hit' }, sample: { included: 15 } });
        expect(priceOf(again)?.settledMicroCredits).toBe(1_000);
      }
    });

    test('at most 200 of 500, and what is held is exact once the comments are in the cache', async () => {
      const api = start({ PROVIDER_ORDER_COMMENTS: 'hikerapi' });
      const { key } = await api.signUp();
      const first = readingOf(await api.request(comments('DemoThread1', '&limit=500&parse=themes'), { key }));
      expect(first.parse?.sample?.included).toBe(200);
      expect(priceOf(first)?.settledMicroCredits).toBe(11_000);
      readingOf(await api.request(comments('DemoArabic1', '&limit=100&parse=themes'), { key }));
      const known = readingOf(await api.request(comments('DemoArabic1', '&limit=100&parse=questions'), { key }));
      expect(priceOf(known)).toMatchObject({ reservedMicroCredits: 4_000, settledMicroCredits: 4_000 });
    });

    test('with their notable replies, which may go in beside them', async () => {
      const api = start({ PROVIDER_ORDER_COMMENTS: 'hikerapi' });
      const { key } = await api.signUp();
      const path = comments('DemoThread1', '&limit=20&includeReplies=true&parse=notable_replies');
      const quoted = await api.request(`${path}&dryRun=true`, { key });
      expect(quoted.body).toMatchObject({
        quote: { lines: expect.arrayContaining([{ item: 'comment_parse', maximumMicroCredits: 11_000, expectedMicroCredits: 11_000 }]) },
      });
      const reading = readingOf(await api.request(path, { key }));
      const included = reading.parse?.sample?.included ?? 0;
      expect(included).toBeGreaterThan(0);
      expect(priceOf(reading)).toMatchObject({ reservedMicroCredits: 11_000, settledMicroCredits: included > 20 ? 8_000 : 4_000 });
    });
  });

  test('keeps time for the interpretation of what a slow provider had given by then', async () => {
    const api = start({ READ_DEADLINE_MS: '4500' });
    api.inRealTime = true;
    const { key } = await api.signUp();
    const reading = readingOf(await api.request(comments('FaultCrawl_', '&limit=500&parse=questions'), { key }));
    expect(reading.data.sampling.reason).toBe('deadline');
    expect(reading.data.comments.length).toBeGreaterThan(0);
    expect(reading.parse?.status).toBe('ok');
  });

  test('has nothing to interpret without comments, and charges nothing for it', async () => {
    const api = start({ PROVIDER_ORDER_COMMENTS: 'hikerapi' });
    const { key } = await api.signUp();
    const reading = readingOf(await api.request(comments('DemoClosed1', '&parse=sentiment'), { key }));
    expect(reading.parse).toMatchObject({ status: 'failed', output: null });
    expect(reading.limitations).toContainEqual(expect.objectContaining({ code: 'parse_failed', reason: 'nothing_to_parse' }));
    expect(reading.usage.lines).toContainEqual(expect.objectContaining({ item: 'comment_parse', settledMicroCredits: 0 }));
    expect(await api.balance(key)).toEqual({ available: 5_000_000 - 1_000, held: 0 });
  });
});
