import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fakes, startFakes } from '../../local/fakes/fakes.ts';
import { mediaIdFromShortcode } from '../../src/instagram/shortcode.ts';
import { type RawAnswer, threadReader } from './thread-reader.ts';

let fakes: Fakes;
beforeAll(async () => {
  const started = await startFakes({});
  if (!started.ok) throw new Error(started.error);
  fakes = started.value;
});
afterAll(() => fakes.stop());

const { raw, transcript } = threadReader(() => fakes.baseUrls);

/** Each part of a post at every vendor that has it. */
const ASK = {
  media: {
    hikerapi: (code: string) => raw.hikerapi(`/v1/media/by/code?code=${code}`),
    scrapecreators: (code: string) => raw.scrapecreators('/v1/instagram/post', code),
    apify: (code: string) => raw.apify('apify~instagram-api-scraper', code, { resultsType: 'posts' }),
  },
  comments: {
    hikerapi: (code: string, more = '') => raw.hikerapi(`/v2/media/comments?id=${mediaIdFromShortcode(code)}${more}`),
    scrapecreators: (code: string, more = '') => raw.scrapecreators('/v2/instagram/post/comments', code, more),
    apify: (code: string) => raw.apify('apify~instagram-api-scraper', code, { resultsType: 'comments', resultsLimit: 20 }),
  },
  replies: {
    hikerapi: (code: string) => raw.hikerapi(`/v2/media/comments/replies?media_id=${mediaIdFromShortcode(code)}&comment_id=1`),
    scrapecreators: (code: string) => raw.scrapecreators('/v1/instagram/post/comment/replies', code, '&comment_id=1'),
  },
  transcript: {
    scrapecreators: transcript.scrapecreators,
    apify: (code: string) => raw.apify('apify~instagram-reel-scraper', code, { includeTranscript: true }),
  },
};

async function statuses(part: keyof typeof ASK, shortcode: string): Promise<readonly number[]> {
  return Promise.all(Object.values(ASK[part]).map(async (ask) => (await ask(shortcode)).status));
}

describe('faults of a part', () => {
  test('FaultCmts__ fails for comments and replies, and for nothing else', async () => {
    expect(await statuses('media', 'FaultCmts__')).toEqual([200, 200, 201]);
    expect(await statuses('comments', 'FaultCmts__')).toEqual([500, 500, 500]);
    expect(await statuses('replies', 'FaultCmts__')).toEqual([500, 500]);
    expect(await statuses('transcript', 'FaultCmts__')).toEqual([200, 201]);
  });

  test('FaultTrans_ fails for transcripts, and for nothing else', async () => {
    expect(await statuses('media', 'FaultTrans_')).toEqual([200, 200, 201]);
    expect(await statuses('comments', 'FaultTrans_')).toEqual([200, 200, 201]);
    expect(await statuses('transcript', 'FaultTrans_')).toEqual([500, 500]);
  });

  test('FaultMute__ is a reel of which no provider has a transcript', async () => {
    expect(await statuses('media', 'FaultMute__')).toEqual([200, 200, 201]);
    expect((await transcript.scrapecreators('FaultMute__')).body).toEqual({ success: true, transcripts: [] });
    expect(await transcript.apify('FaultMute__')).not.toHaveProperty('transcript');
  });

  test('FaultNoCmt_ has no comments, each vendor saying it in its own way', async () => {
    expect((await ASK.media.hikerapi('FaultNoCmt_')).body).toMatchObject({ comments_disabled: true, comment_count: 0 });
    expect((await ASK.comments.hikerapi('FaultNoCmt_')).body).toMatchObject({ exc_type: 'CommentsDisabled' });
    expect((await ASK.comments.scrapecreators('FaultNoCmt_')).body).toMatchObject({ comments: [], cursor: null });
    expect((await ASK.comments.apify('FaultNoCmt_')).body).toMatchObject([{ error: 'no_items' }]);
  });

  test('FaultPage2_ and FaultPgHang give the first page, and fail or hang from the second on', async () => {
    for (const [ask, parameter] of [
      [ASK.comments.hikerapi, 'page_id'],
      [ASK.comments.scrapecreators, 'cursor'],
    ] as const) {
      for (const shortcode of ['FaultPage2_', 'FaultPgHang']) expect((await ask(shortcode)).status).toBe(200);
      expect((await ask('FaultPage2_', `&${parameter}=next`)).status).toBe(500);
    }
    const hanging = `${fakes.baseUrls.scrapecreators}/v2/instagram/post/comments?url=https://www.instagram.com/p/FaultPgHang/&cursor=next`;
    await expect(fetch(hanging, { headers: { 'x-api-key': 'k' }, signal: AbortSignal.timeout(200) })).rejects.toThrow('timeout');
  });

  test('FaultCrawl_ takes its time for each page of comments, and none for the post', async () => {
    const took = async (ask: () => Promise<RawAnswer>) => {
      const startedAt = Date.now();
      expect((await ask()).status).toBeLessThan(300);
      return Date.now() - startedAt;
    };
    expect(await took(() => ASK.media.scrapecreators('FaultCrawl_'))).toBeLessThan(300);
    expect(await took(() => ASK.comments.scrapecreators('FaultCrawl_'))).toBeGreaterThanOrEqual(395);
    expect(await took(() => ASK.comments.hikerapi('FaultCrawl_'))).toBeGreaterThanOrEqual(395);
  });
});

describe('faults of everything', () => {
  test.each([
    ['Fault429___', [429, 429, 429]],
    ['Fault500___', [500, 500, 500]],
    ['Fault503___', [503, 503, 503]],
    ['Fault401___', [401, 401, 401]],
    ['FaultCredit', [402, 402, 403]],
    ['FaultFirst_', [200, 500, 201]],
  ])('%s is one of comments, replies and transcripts too', async (shortcode, expected) => {
    const [hikerapi, scrapecreators, apify] = expected;
    expect(await statuses('comments', shortcode)).toEqual(expected);
    expect(await statuses('replies', shortcode)).toEqual([hikerapi, scrapecreators]);
    expect(await statuses('transcript', shortcode)).toEqual([scrapecreators, apify]);
  });

  test('FaultBroken cuts off a page of comments, and FaultShape_ answers without any', async () => {
    const broken = await ASK.comments.hikerapi('FaultBroken');
    expect(broken.body).toBeNull();
    expect(broken.text.startsWith('{"response":{')).toBe(true);
    expect((await ASK.comments.scrapecreators('FaultShape_')).body).not.toHaveProperty('comments');
  });
});
