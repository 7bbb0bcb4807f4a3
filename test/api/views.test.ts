import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { SAMPLE_POSTS } from '../../local/samples/posts.ts';
import { CommentsData, MediaData } from '../../src/read/response/data.ts';
import { commentsReadings, mediaReadings } from '../../src/read/response/readings.ts';
import { errorOf } from '../support/answers.ts';
import { useApi } from '../support/api.ts';
import { unexplainedNulls } from '../support/nulls.ts';
import { unlistedWords } from '../support/words.ts';

const start = useApi();
const post = mediaReadings('PostReading');
const comments = commentsReadings('CommentsReading');

const VIEWS = ['full', 'standard', 'minimal'] as const;
const Answer = z.looseObject({ untrusted: z.array(z.string()) });

/** A read of each kind with everything that can come with it. */
const READS = [
  ['a post with comments and a summary', '/v1/post?url=DemoAlbum01&comments=latest&parse=summary', post],
  ['a reel with a transcript', '/v1/reel?url=DemoSpeech1&transcript=true&comments=latest', post],
  ['a reel without a transcript', '/v1/reel?url=DemoSilent1&transcript=true', post],
  ['comments with replies and themes', '/v1/comments?url=DemoThread1&limit=20&includeReplies=true&parse=themes', comments],
  ['comments that are closed', '/v1/comments?url=DemoClosed1&limit=20', comments],
] as const;

describe.each(READS)('%s', (_name, path, schemas) => {
  test.each(VIEWS)('has in the view %s exactly what the schema of the view says', async (view) => {
    const api = start();
    const { key } = await api.signUp();
    const { status, body } = await api.request(`${path}&view=${view}`, { key });
    expect(status).toBe(200);
    expect(schemas[view].parse(body)).toEqual(body);
    expect(schemas.any.parse(body)).toEqual(body);
  });

  test('costs the same in every view, and all views share one cache entry', async () => {
    const api = start();
    const { key } = await api.signUp();
    const settled = async (more: string) => {
      const { body } = await api.request(`${path}${more}`, { key });
      return z.object({ usage: z.object({ settledMicroCredits: z.int() }) }).parse(body).usage.settledMicroCredits;
    };
    await settled('');
    const cached = await settled('&view=full');
    for (const view of [...VIEWS.map((name) => `&view=${name}`), '&fields=comments', '']) expect(await settled(view)).toBe(cached);
  });

  test.each([...VIEWS.map((view) => `&view=${view}`), '&fields=comments.text', ''])(
    'lists every field with words of others: %s',
    async (more) => {
      const api = start();
      const { key } = await api.signUp();
      const answer = Answer.parse((await api.request(`${path}${more}`, { key })).body);
      expect(unlistedWords(answer, answer.untrusted)).toEqual([]);
    },
  );
});

test('every null is explained by a limitation or by the description of its field', async () => {
  const seen = z.object({ data: z.unknown(), limitations: z.array(z.object({ path: z.string() })) });
  for (const provider of ['scrapecreators', 'hikerapi', 'apify']) {
    const api = start({ PROVIDER_ORDER_MEDIA: provider });
    const { key } = await api.signUp();
    for (const { shortcode } of SAMPLE_POSTS) {
      const answer = await api.request(`/v1/post?url=${shortcode}&comments=latest`, { key });
      expect(unexplainedNulls(seen.parse(answer.body), MediaData), `${provider} ${shortcode}`).toEqual([]);
    }
    const thread = await api.request('/v1/comments?url=DemoThread1&limit=100&includeReplies=true', { key });
    expect(unexplainedNulls(seen.parse(thread.body), CommentsData), provider).toEqual([]);
  }
});

describe('the full view', () => {
  test('is the default', async () => {
    const api = start();
    const { key } = await api.signUp();
    await api.request('/v1/post?url=DemoImage01', { key });
    const usual = post.full.parse((await api.request('/v1/post?url=DemoImage01', { key })).body);
    const asked = post.full.parse((await api.request('/v1/post?url=DemoImage01&view=full', { key })).body);
    expect(asked).toMatchObject({ data: usual.data, untrusted: usual.untrusted });
    expect(usual.untrusted).toEqual(
      expect.arrayContaining(['data.caption', 'data.hashtags[]', 'data.mentions[]', 'data.owner.username', 'data.owner.fullName']),
    );
    expect(usual.untrusted).not.toContain('data.comments[].text');
  });
});

describe('the minimal view', () => {
  test('has of a comment its id, author, text, counts and time', async () => {
    const api = start();
    const { key } = await api.signUp();
    const path = '/v1/comments?url=DemoThread1&limit=20&includeReplies=true';
    const full = comments.full.parse((await api.request(path, { key })).body);
    const minimal = comments.minimal.parse((await api.request(`${path}&view=minimal`, { key })).body);
    const expected = full.data.comments.map((comment) => ({
      id: comment.id,
      username: comment.owner.username,
      text: comment.text,
      likes: comment.likeCount,
      replies: comment.replyCount,
      time: comment.timestamp,
      thread: comment.replies?.map((reply) => ({
        id: reply.id,
        username: reply.owner.username,
        text: reply.text,
        likes: reply.likeCount,
        time: reply.timestamp,
      })),
    }));
    expect(minimal.data).toEqual({ comments: expected, truncated: full.data.truncated, nextCursor: full.data.nextCursor });
    expect(JSON.stringify(minimal)).not.toContain('https://');
  });

  test('is what the Idempotency-Key brings back', async () => {
    const api = start();
    const { key } = await api.signUp();
    const headers = { 'Idempotency-Key': 'minimal-1' };
    const first = await api.request('/v1/post?url=DemoImage01&view=minimal', { key, headers });
    const again = await api.request('/v1/post?url=DemoImage01&view=minimal', { key, headers });
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    const other = await api.request('/v1/post?url=DemoImage01', { key, headers });
    expect(errorOf(other).code).toBe('idempotency_mismatch');
  });
});

describe('a list of fields', () => {
  test('gives these fields of the full view and what is below them', async () => {
    const api = start();
    const { key } = await api.signUp();
    const full = post.full.parse((await api.request('/v1/post?url=DemoAlbum01&comments=latest', { key })).body).data;
    const fields = 'caption, owner.username,metrics,comments.text,comments.owner.id,media.url';
    const { body } = await api.request(`/v1/post?url=DemoAlbum01&comments=latest&fields=${encodeURIComponent(fields)}`, { key });
    expect(post.fields.parse(body)).toEqual(body);
    expect(post.fields.parse(body)).toMatchObject({
      view: 'fields',
      data: {
        caption: full.caption,
        owner: { username: full.owner.username },
        metrics: full.metrics,
        media: full.media.map(({ url }) => ({ url })),
        comments: full.comments?.map(({ text, owner }) => ({ text, owner: { id: owner.id } })),
      },
    });
    expect(Object.keys(post.fields.parse(body).data as object).toSorted()).toEqual(['caption', 'comments', 'media', 'metrics', 'owner']);
  });

  test.each([
    ['an unknown field', 'fields=captoin', 'Number 1 of fields is no field of the full view. Did you mean `caption`?'],
    ['a field of something else', 'fields=caption,comments.nothing', 'Number 2 of fields is no field of the full view.'],
    ['an empty name', 'fields=caption,', 'Number 2 of fields'],
    ['a field of every object', 'fields=constructor', 'Number 1 of fields'],
    ['a key in the wrong place', 'fields=igsk_MGFz4DZlOQqQmQNyPUHfNLVzFGufHWRi2sDpJB', 'Number 1 of fields'],
    ['a view beside it', 'fields=caption&view=minimal', 'either view or fields'],
    ['an unknown view', 'view=tiny', 'view'],
  ])('is refused before anything is reserved: %s', async (_name, query, told) => {
    const api = start();
    const { key } = await api.signUp();
    const refused = await api.request(`/v1/post?url=DemoImage01&${query}`, { key });
    expect(refused.status).toBe(400);
    expect(errorOf(refused).code).toBe('invalid_request');
    expect(JSON.stringify(refused.body)).not.toMatch(/captoin|constructor|comments\.nothing|igsk_/);
    expect(JSON.stringify(refused.body)).toContain(told.replaceAll('"', String.raw`\"`));
  });
});
