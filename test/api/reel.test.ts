import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { mediaReadings } from '../../src/read/response/readings.ts';
import type { Answer } from '../support/api.ts';
import { useApi } from '../support/api.ts';
import { errorOf, usageOf } from '../support/answers.ts';
import { meteredRoute } from '../support/metered-route.ts';

const start = useApi();
const ReelReading = mediaReadings('ReelReading').full;
const reel = (url: string, more = '') => `/v1/reel?url=${encodeURIComponent(url)}${more}`;

meteredRoute({
  name: 'GET /v1/reel',
  start,
  read: (shortcode) => reel(shortcode),
  good: 'DemoReel_01',
  schema: ReelReading,
  freshPrice: 3_000,
  cachedPrice: 1_000,
});

function readingOf(answer: Answer): z.infer<typeof ReelReading> {
  expect(answer.status, JSON.stringify(answer.body).slice(0, 300)).toBe(200);
  return ReelReading.parse(answer.body);
}

const settledOf = (reading: z.infer<typeof ReelReading>, item: string) =>
  reading.usage.lines.find((line) => line.item === item)?.settledMicroCredits;
const transcriptReason = (reading: z.infer<typeof ReelReading>) =>
  reading.limitations.find((one) => one.code === 'transcript_unavailable')?.reason;

describe('GET /v1/reel', () => {
  test('puts plays first, and views only where they mean something', async () => {
    const api = start();
    const { key } = await api.signUp();
    const { data, limitations } = readingOf(await api.request(reel('DemoReel_01'), { key }));
    expect(data.type).toBe('reel');
    expect(data.canonicalUrl).toBe('https://www.instagram.com/reel/DemoReel_01/');
    expect(data.metrics.plays).toBeGreaterThan(0);
    expect(data.metrics.views).toBeNull();
    expect(limitations).toContainEqual(expect.objectContaining({ path: 'data.metrics.views', reason: 'not_counted' }));
    expect(data).not.toHaveProperty('transcript');
  });

  test('refuses a post that is no reel, free of charge; the next ask is instant, and /v1/post has it in the cache', async () => {
    const api = start();
    const { key } = await api.signUp();
    const first = await api.request(reel('DemoImage01'), { key });
    expect(first.status).toBe(422);
    expect(errorOf(first)).toMatchObject({ code: 'not_a_reel', billed: false });
    expect(await api.balance(key)).toEqual({ available: 5_000_000, held: 0 });
    api.takeSent();
    expect((await api.request(reel('DemoImage01'), { key })).status).toBe(422);
    expect(api.takeSent()).toEqual({ database: 1, providers: 0 });
    expect((await api.request('/v1/post?url=DemoImage01', { key })).body).toMatchObject({
      cache: { status: 'hit' },
      usage: { settledMicroCredits: 1_000 },
    });
  });

  test('points a batch of 500 to /v1/comments', async () => {
    const api = start();
    const { key } = await api.signUp();
    const answer = await api.request(reel('DemoReel_01', '&comments=latest&commentLimit=500'), { key });
    expect(answer.status).toBe(400);
    expect(errorOf(answer).message).toContain('/v1/comments');
  });

  describe('transcribes', () => {
    test('with what the provider supplies', async () => {
      for (const provider of ['scrapecreators', 'apify']) {
        const api = start({ PROVIDER_ORDER_TRANSCRIPT: provider });
        const { key } = await api.signUp();
        for (const wanted of ['provider', 'true']) {
          const reading = readingOf(await api.request(reel('DemoSpeech1', `&transcript=${wanted}`), { key }));
          expect(reading.data.transcript).toMatchObject({ source: 'provider' });
          expect(reading.data.transcript?.text).toContain('Mistake number one');
          expect(settledOf(reading, 'transcript')).toBe(wanted === 'provider' ? 4_000 : 1_000);
        }
      }
    });

    test('with the hosted boundary when the provider has none, and charges the difference back when it has', async () => {
      const api = start({ PROVIDER_ORDER_TRANSCRIPT: 'scrapecreators' });
      const { key } = await api.signUp();
      const hosted = readingOf(await api.request(reel('DemoHosted1', '&transcript=true'), { key }));
      expect(hosted.data.transcript).toMatchObject({ source: 'hosted' });
      expect(settledOf(hosted, 'transcript')).toBe(15_000);
      const supplied = readingOf(await api.request(reel('DemoSpeech1', '&transcript=true'), { key }));
      expect(supplied.usage.lines.find((line) => line.item === 'transcript')).toMatchObject({
        reservedMicroCredits: 15_000,
        settledMicroCredits: 4_000,
        refundedMicroCredits: 11_000,
      });
      const again = readingOf(await api.request(reel('DemoHosted1', '&transcript=true'), { key }));
      expect(settledOf(again, 'transcript')).toBe(1_000);
      expect(again.data.transcript).toEqual(hosted.data.transcript);
    });

    test('with nothing, spending nothing, when it is not asked to', async () => {
      const api = start();
      const { key } = await api.signUp();
      const reading = readingOf(await api.request(reel('DemoSpeech1', '&transcript=false'), { key }));
      expect(reading.data).not.toHaveProperty('transcript');
      expect(reading.usage.settledMicroCredits).toBe(3_000);
    });
  });

  describe('delivers the reel without its words, charges no more than a look-up that found none, and says why:', () => {
    const cases: [string, string, 'provider' | 'true', string, Record<string, string>][] = [
      ['nobody speaks', 'DemoSilent1', 'true', 'no_speech', {}],
      ['the provider has none', 'DemoHosted1', 'provider', 'provider_none', { PROVIDER_ORDER_TRANSCRIPT: 'scrapecreators' }],
      ['too long for hosted transcription', 'DemoLong240', 'true', 'too_long', { PROVIDER_ORDER_TRANSCRIPT: 'scrapecreators' }],
      ['too long for the provider', 'DemoLong150', 'provider', 'too_long', { PROVIDER_ORDER_TRANSCRIPT: 'scrapecreators' }],
      ['the provider is down', 'FaultTrans_', 'provider', 'provider_failed', {}],
      ['the boundary is not configured', 'DemoHosted1', 'true', 'boundary_not_configured', { ACHRONON_AI_ENDPOINT: '' }],
      ['the boundary fails', 'Achro500___', 'true', 'boundary_failed', {}],
      ['the boundary refuses our token', 'Achro401___', 'true', 'boundary_failed', {}],
      ['the boundary is asked too often', 'Achro429___', 'true', 'boundary_failed', {}],
      ['the boundary answers garbage', 'AchroGarble', 'true', 'boundary_failed', {}],
      ['the boundary answers the wrong shape', 'AchroShape_', 'true', 'boundary_failed', {}],
      ['the boundary hangs', 'AchroHang__', 'true', 'boundary_failed', { ACHRONON_AI_TRANSCRIBE_TIMEOUT_MS: '1000' }],
      ['the address of the video has expired', 'AchroExpire', 'true', 'media_url_expired', {}],
      ['the boundary hears nobody', 'AchroSilent', 'true', 'no_speech', {}],
      ['the boundary finds it too long', 'AchroLong__', 'true', 'too_long', {}],
    ];
    // Too long to be asked for, or failed.
    const freeLookUps = ['DemoLong240', 'DemoLong150', 'FaultTrans_'];
    for (const [what, shortcode, wanted, reason, settings] of cases) {
      test(what, async () => {
        const api = start(settings);
        const { key } = await api.signUp();
        const reading = readingOf(await api.request(reel(shortcode, `&transcript=${wanted}`), { key }));
        expect(reading.data.transcript).toBeNull();
        expect(transcriptReason(reading)).toBe(reason);
        const lookUp = freeLookUps.includes(shortcode) ? 0 : 1_880;
        expect(settledOf(reading, 'transcript')).toBe(lookUp);
        expect(reading.usage.settledMicroCredits).toBe(3_000 + lookUp);
        expect(await api.balance(key)).toEqual({ available: 4_997_000 - lookUp, held: 0 });
      });
    }
  });

  describe('interprets', () => {
    test('caption and transcript, at the price of the mode, and from the cache at the cached price', async () => {
      const api = start();
      const { key } = await api.signUp();
      const path = reel('DemoSpeech1', '&transcript=provider&parse=summary');
      const first = readingOf(await api.request(path, { key }));
      expect(first.parse).toMatchObject({ mode: 'summary', status: 'ok', cache: { status: 'miss' } });
      expect(first.parse?.model).toMatch(/fake/);
      expect(settledOf(first, 'media_parse')).toBe(3_000);
      const second = readingOf(await api.request(path, { key }));
      expect(second.parse).toEqual({ ...first.parse, cache: { ...first.parse?.cache, status: 'hit' } });
      expect(settledOf(second, 'media_parse')).toBe(750);
      // Another transcript is other content, another mode another request: both are a miss.
      for (const other of ['&parse=summary', '&transcript=provider&parse=tldr']) {
        const reading = readingOf(await api.request(reel('DemoSpeech1', other), { key }));
        expect(reading.parse?.cache?.status, other).toBe('miss');
      }
      const remodelled = start({ ACHRONON_AI_PARSE_MODEL: 'another-model' });
      for (const [cacheKey, value] of api.kv.values) remodelled.kv.values.set(cacheKey, value);
      expect(readingOf(await remodelled.request(path, { key })).parse?.cache?.status).toBe('miss');
    });

    test('a summary with the ranked comments, then pricing both parses', async () => {
      const api = start();
      const { key } = await api.signUp();
      const reading = readingOf(await api.request(reel('DemoReel_01', '&parse=summary&comments=latest'), { key }));
      expect(settledOf(reading, 'media_parse')).toBe(3_000);
      expect(settledOf(reading, 'comment_parse')).toBe(4_000);
      expect(reading.parse?.sample?.included).toBeGreaterThan(0);
      expect(reading.data.comments?.length).toBeGreaterThan(0);
      expect(reading.data.commentsPage?.sampling.requested).toBe(20);
    });

    test('without words, and says so', async () => {
      const api = start();
      const { key } = await api.signUp();
      const reading = readingOf(await api.request(reel('DemoSilent1', '&parse=tldr&transcript=true'), { key }));
      expect(reading.limitations).toContainEqual(expect.objectContaining({ code: 'parse_without_transcript', reason: 'unavailable' }));
    });

    for (const [shortcode, reason, settings] of [
      ['Achro500___', 'boundary_failed', {}],
      ['Achro401___', 'boundary_failed', {}],
      ['Achro429___', 'boundary_failed', {}],
      ['AchroHang__', 'timed_out', { ACHRONON_AI_PARSE_TIMEOUT_MS: '1000' }],
      ['AchroGarble', 'invalid_output', {}],
      ['AchroShape_', 'invalid_output', {}],
      ['AchroInject', 'invalid_output', {}],
      ['DemoReel_01', 'boundary_not_configured', { ACHRONON_AI_SERVICE_TOKEN: '' }],
    ] as const) {
      test(`not at all for ${shortcode}: delivers the reel, gives the parse back, and says ${reason}`, async () => {
        const api = start(settings);
        const { key } = await api.signUp();
        const reading = readingOf(await api.request(reel(shortcode, '&parse=json'), { key }));
        expect(reading.parse).toMatchObject({ mode: 'json', status: 'failed', output: null });
        expect(reading.limitations).toContainEqual(expect.objectContaining({ code: 'parse_failed', reason }));
        expect(reading.usage.settledMicroCredits).toBe(3_000);
        expect(await api.balance(key)).toEqual({ available: 4_997_000, held: 0 });
      });
    }

    test('once for parallel identical asks, and charges each', async () => {
      const api = start();
      const keys = await Promise.all([api.signUp(), api.signUp(), api.signUp()]);
      await api.request(reel('AchroSlow__'), { key: keys[0].key });
      const boundary = new URL(String(api.env.ACHRONON_AI_ENDPOINT)).host;
      api.sent.splice(0);
      const answers = await Promise.all(keys.map(({ key }) => api.request(reel('AchroSlow__', '&parse=tldr'), { key })));
      for (const answer of answers) expect(readingOf(answer).parse?.status).toBe('ok');
      expect(api.sent.filter((host) => host === boundary)).toHaveLength(1);
      const settled = answers.map((answer) => settledOf(readingOf(answer), 'media_parse'));
      expect(settled).toEqual([2_000, 2_000, 2_000]);
    });
  });

  test('delivers the reel when its comments fail, and gives those back', async () => {
    const api = start();
    const { key } = await api.signUp();
    const reading = readingOf(await api.request(reel('FaultCmts__', '&comments=latest&parse=summary'), { key }));
    expect(reading.data).not.toHaveProperty('comments');
    expect(reading.limitations).toContainEqual(expect.objectContaining({ code: 'comments_unavailable', reason: 'provider_failed' }));
    expect(settledOf(reading, 'comments')).toBe(0);
    expect(settledOf(reading, 'comment_parse')).toBe(0);
    expect(settledOf(reading, 'media_parse')).toBe(3_000);
  });

  test('delivers everything fresh, at fresh prices, while the cache is down', async () => {
    const api = start({ HOT_CACHE_SECONDS: '0' });
    api.kv.isDown = true;
    const { key } = await api.signUp();
    const path = reel('DemoSpeech1', '&transcript=provider&comments=latest&parse=summary');
    for (const round of ['first', 'second']) {
      const reading = readingOf(await api.request(path, { key }));
      expect(reading.cache.status, round).toBe('miss');
      expect(reading.parse, round).toMatchObject({ status: 'ok', cache: { status: 'miss' } });
      const share = Math.floor((4_000 * (reading.data.comments?.length ?? 0)) / 20);
      expect(reading.usage.settledMicroCredits, round).toBe(3_000 + 4_000 + share + 3_000 + 4_000);
    }
  });

  test('decides for each request whether a video is a reel, where no provider says so, whoever asked first', async () => {
    const types = async (...paths: readonly string[]) => {
      const api = start();
      const { key } = await api.signUp();
      const seen: string[] = [];
      for (const path of paths) seen.push(ReelReading.parse((await api.request(path, { key })).body).data.canonicalUrl);
      return seen;
    };
    // ScrapeCreators gives this video no product type.
    const post = '/v1/post?url=https://www.instagram.com/p/DemoVideo01/';
    const reel = '/v1/reel?url=https://www.instagram.com/reel/DemoVideo01/';
    const asReel = 'https://www.instagram.com/reel/DemoVideo01/';
    const asPost = 'https://www.instagram.com/p/DemoVideo01/';
    expect(await types(post, reel, post)).toEqual([asPost, asReel, asPost]);
    expect(await types(reel, post, '/v1/reel?url=DemoVideo01', '/v1/post?url=https://www.instagram.com/reel/DemoVideo01/')).toEqual([
      asReel,
      asPost,
      asReel,
      asReel,
    ]);
  });

  test('gives a line a reason where less was charged than reserved, and only there', async () => {
    const api = start();
    const { key } = await api.signUp();
    const lines = async (path: string) => usageOf(await api.request(path, { key })).lines;
    const path = '/v1/reel?url=DemoSpeech1&transcript=true';
    const fresh = await lines(path);
    expect(fresh).toMatchObject([
      { item: 'media' },
      { item: 'transcript', reservedMicroCredits: 15_000, settledMicroCredits: 4_000, reason: 'lower_price' },
    ]);
    const cached = await lines(path);
    const mixed = await lines(`${path}&parse=summary`);
    for (const line of [...fresh, ...cached, ...mixed]) expect('reason' in line).toBe(line.refundedMicroCredits > 0);
  });
});
