import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { BOUNDARY_FAULTS } from '../../local/boundary-faults.ts';
import { createSamples } from '../../local/samples/samples.ts';
import { SAMPLE_POSTS } from '../../local/samples/posts.ts';
import { type Fakes, startFakes } from '../../local/fakes/fakes.ts';
import { mediaIdFromShortcode } from '../../src/instagram/shortcode.ts';
import { threadReader, type Thread } from './thread-reader.ts';

const ScrapedPage = z.object({
  comments: z.array(z.object({ id: z.string(), replies: z.array(z.object({ id: z.string() })), replies_cursor: z.string().nullable() })),
});

let fakes: Fakes;
beforeAll(async () => {
  const started = await startFakes({});
  if (!started.ok) throw new Error(started.error);
  fakes = started.value;
});
afterAll(() => fakes.stop());

const read = threadReader(() => fakes.baseUrls);

function unique(thread: Thread): readonly string[] {
  return [...new Set(thread.comments.map((comment) => comment.id))];
}

describe('samples of comments', () => {
  test.each(SAMPLE_POSTS.map((post) => [post.shortcode, post]))(
    '%s has the same thread at every provider, and as many comments as it says',
    async (shortcode, post) => {
      const threads = await Promise.all([read.hikerapi(shortcode), read.scrapecreators(shortcode), read.apify(shortcode)]);
      for (const thread of threads) {
        expect(unique(thread)).toEqual(threads[0] === undefined ? [] : unique(threads[0]));
        const seen = new Map(thread.comments.map((comment) => [comment.id, comment.replies]));
        expect([...seen.values()].reduce((sum, replies) => sum + 1 + replies.length, 0)).toBe(post.comments);
      }
    },
  );

  test('the long thread has 620 comments over many pages, and repeats pinned and shifted ones', async () => {
    const thread = await read.scrapecreators('DemoThread1');
    expect(unique(thread)).toHaveLength(620);
    expect(thread.pages).toBeGreaterThan(40);
    expect(thread.comments.length).toBeGreaterThan(700);
    const pinned = thread.comments[0]?.id;
    expect(thread.comments.filter((comment) => comment.id === pinned)).toHaveLength(thread.pages);
  });

  test('say what people say: several scripts, questions, emoji, tags, GIFs without text, promotion, repetitions', async () => {
    const { comments } = await read.apify('DemoReel_01');
    const texts = comments.map((comment) => comment.text);
    for (const kind of [
      /\p{Script=Hiragana}/u,
      /\p{Script=Arabic}/u,
      /\p{Script=Devanagari}/u,
      /\?$/,
      /^\p{Extended_Pictographic}+$/u,
      /^(@\S+ ?)+$/,
      /link in bio/,
      /^$/,
    ])
      expect(texts.some((text) => kind.test(text))).toBe(true);
    expect(new Set(texts).size).toBeLessThan(texts.length);
    expect(comments.some((comment) => comment.isVerified)).toBe(true);
    expect(comments.flatMap((comment) => comment.replies).some((reply) => reply.username === 'sample.lantern.works')).toBe(true);
  });

  test('the reels for the boundary’s faults are read well, have comments and no transcript at any provider', async () => {
    for (const shortcode of Object.keys(BOUNDARY_FAULTS)) {
      expect(BigInt(mediaIdFromShortcode(shortcode)) < 2n ** 63n).toBe(true);
      expect(createSamples(Date.now).find('apify', shortcode)).toContain('"productType":"clips"');
      expect(unique(await read.hikerapi(shortcode)).length).toBeGreaterThan(5);
      expect((await read.transcript.scrapecreators(shortcode)).body).toEqual({ success: true, transcripts: [] });
      expect(await read.transcript.apify(shortcode)).not.toHaveProperty('transcript');
    }
    const { comments } = await read.apify('AchroInject');
    expect(comments.some((comment) => comment.text.includes('Ignore all previous instructions'))).toBe(true);
  });
});

describe('the fake for HikerAPI, asked for comments', () => {
  const id = mediaIdFromShortcode('DemoReel_01');

  test('pages in the vendor’s shape, ids beyond 2^53 as text only where that is asked for', async () => {
    const raw = await read.raw.hikerapi(`/v2/media/comments?id=${id}&can_support_threading=true`);
    expect(raw.headers.get('x-hiker-info')).toBe('reqs=1');
    expect(raw.text).toContain(`"media_id":${id},`);
    expect(raw.body).toMatchObject({
      response: { comment_count: 312, has_more_headload_comments: true, next_min_id: expect.stringContaining('server_cursor') },
      next_page_id: expect.stringContaining('server_cursor'),
    });
    const safe = await read.raw.hikerapi(`/v2/media/comments?id=${id}&safe_int=true`);
    expect(safe.text).toContain(`"media_id":"${id}"`);
  });

  test('counts replies only where there are some, shows the first, and gives them all by pages', async () => {
    const { comments } = await read.hikerapi('DemoReel_01');
    expect(comments[0]).toMatchObject({ isPinned: true, replies: [] });
    expect(comments[1]?.replies).toHaveLength(11);
    expect(new Set(comments[1]?.replies.map((reply) => reply.id)).size).toBe(11);
  });

  test('answers the older lists: chunks with two cursors, and the flat list with replies inside', async () => {
    const chunk = await read.raw.hikerapi(`/v1/media/comments/chunk?id=${id}`);
    expect(chunk.body).toMatchObject([{ length: 15, 0: { content_type: 'comment' } }, expect.any(String), null]);
    const [, cursor] = z.tuple([z.unknown(), z.string(), z.null()]).parse(chunk.body);
    const next = await read.raw.hikerapi(`/v1/media/comments/chunk?id=${id}&min_id=${encodeURIComponent(cursor)}`);
    expect(next.text).not.toBe(chunk.text);
    const list = await read.raw.hikerapi(`/gql/comments?media_id=${id}&amount=7`);
    expect(list.body).toMatchObject({ length: 7, 1: { edge_threaded_comments: { count: 11, edges: { length: 11 } } } });
  });

  test('has its own words for none, closed, gone and a cursor that leads nowhere', async () => {
    const ask = (shortcode: string, more = '') => read.raw.hikerapi(`/v2/media/comments?id=${mediaIdFromShortcode(shortcode)}${more}`);
    expect(await ask('DemoVideo01')).toMatchObject({ status: 404, body: { detail: 'Entries not found', exc_type: 'NotFoundError' } });
    expect(await ask('DemoClosed1')).toMatchObject({ status: 403, body: { exc_type: 'CommentsDisabled' } });
    expect(await ask('BotThere111')).toMatchObject({ status: 404, body: { exc_type: 'MediaNotFound' } });
    expect(await ask('DemoReel_01', '&page_id=elsewhere')).toMatchObject({
      status: 200,
      body: { response: { comments: [] }, next_page_id: null },
    });
    expect(await read.raw.hikerapi(`/v2/media/comments/replies?media_id=${id}`)).toMatchObject({ status: 422 });
    expect(await read.raw.hikerapi(`/v2/media/comments/replies?media_id=${id}&comment_id=1`)).toMatchObject({
      body: { child_comments: [] },
    });
  });
});

describe('the fake for ScrapeCreators, asked for comments and transcripts', () => {
  test('gives the first replies inside where they are asked for, and the rest by cursor', async () => {
    const inside = await read.raw.scrapecreators('/v2/instagram/post/comments', 'DemoReel_01', '&include_replies=true');
    expect(inside.body).toMatchObject({
      success: true,
      credits_charged: 15,
      comments: { length: 15, 1: { has_more_replies: true, replies: { length: 5 } } },
    });
    const { comments } = ScrapedPage.parse(inside.body);
    const parent = comments[1];
    const rest = await read.raw.scrapecreators(
      '/v1/instagram/post/comment/replies',
      'DemoReel_01',
      `&comment_id=${parent?.id}&cursor=${encodeURIComponent(parent?.replies_cursor ?? '')}`,
    );
    expect(rest.body).toMatchObject({ comments: { length: 5, 0: { parent_comment_id: parent?.id } }, has_more: true });
    expect(rest.text).not.toContain(parent?.replies[0]?.id);
    const bare = await read.raw.scrapecreators('/v2/instagram/post/comments', 'DemoReel_01');
    expect(bare.body).toMatchObject({ credits_charged: 1 });
    expect(bare.text).not.toContain('"replies"');
  });

  test('has its own words for none, closed, gone, and a missing comment id', async () => {
    const ask = (shortcode: string) => read.raw.scrapecreators('/v2/instagram/post/comments', shortcode);
    for (const shortcode of ['DemoVideo01', 'DemoClosed1'])
      expect(await ask(shortcode)).toMatchObject({ status: 200, body: { success: true, comments: [], cursor: null } });
    expect(await ask('NotThere111')).toMatchObject({ status: 404 });
    expect(await read.raw.scrapecreators('/v1/instagram/post/comment/replies', 'DemoReel_01')).toMatchObject({ status: 400 });
  });

  test.each([
    ['DemoSpeech1', 200, { transcripts: [{ shortcode: 'DemoSpeech1', text: expect.stringContaining('number one') }] }],
    ['DemoSilent1', 200, { success: true, transcripts: null }],
    ['DemoLong150', 400, { message: expect.stringContaining('2 minutes') }],
    ['DemoHosted1', 200, { success: true, transcripts: [] }],
    ['DemoImage01', 404, { message: 'The post does not have a video' }],
    ['NotThere111', 404, { message: 'Post not found' }],
  ])('a transcript of %s is answered with %i', async (shortcode, status, body) => {
    expect(await read.transcript.scrapecreators(shortcode)).toMatchObject({ status, body });
  });
});

describe('the fake for Apify, asked for comments and transcripts', () => {
  test('gives as many comments as the run may give, with unknown replies as null', async () => {
    const answer = await read.raw.apify('apify~instagram-api-scraper', 'DemoReel_01', { resultsType: 'comments', resultsLimit: 20 });
    expect(answer).toMatchObject({ status: 201, body: { length: 20, 1: { repliesCount: null, replies: null } } });
    const nested = await read.raw.apify('apify~instagram-comment-scraper', 'DemoReel_01', { resultsLimit: 2, includeNestedComments: true });
    expect(nested.body).toMatchObject({ length: 2, 1: { repliesCount: 11, replies: { length: 11 } } });
  });

  test('has its own words for none, closed and gone', async () => {
    const ask = async (shortcode: string) => (await read.raw.apify('apify~instagram-scraper', shortcode, { resultsType: 'comments' })).body;
    expect(await ask('DemoVideo01')).toEqual([]);
    expect(await ask('DemoClosed1')).toMatchObject([{ error: 'no_items', requestErrorMessages: [] }]);
    expect(await ask('NotThere111')).toMatchObject([{ error: 'not_found' }]);
  });

  test('writes down what a reel says for the reel scraper, and for nobody else', async () => {
    expect(await read.transcript.apify('DemoSpeech1')).toMatchObject({ transcript: expect.stringContaining('number one') });
    expect(await read.transcript.apify('DemoSilent1')).not.toHaveProperty('transcript');
    const other = await read.raw.apify('apify~instagram-api-scraper', 'DemoSpeech1', { includeTranscript: true });
    expect(other.text).not.toContain('"transcript"');
  });
});
