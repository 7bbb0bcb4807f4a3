import { describe, expect, test } from 'vitest';
import { Comment } from '../../../../src/instagram/comment.ts';
import { createScrapeCreators } from '../../../../src/providers/scrapecreators/scrapecreators.ts';
import type { CommentsOrder } from '../../../../src/providers/provider.ts';
import type { Fetch } from '../../../../src/net/fetch-json.ts';
import { providerFixture } from '../../../fixtures/providers/load.ts';
import { answering, budget, clock, commentsOrder, scripted, target } from '../answers.ts';

const KEY = 'test-key-of-scrapecreators';
const CODE = 'CsFaZNTtgAh';
const URL_OF_REEL = `https://www.instagram.com/reel/${CODE}/`;

function read(fetch: Fetch, order: CommentsOrder, postOwner: string | null = null) {
  const provider = createScrapeCreators({ baseUrl: 'https://sc.example/base', key: KEY, fetch, clock });
  return provider.fetchComments({ target: target(CODE, 'reel'), order, postOwner }, budget);
}

async function delivered(order: CommentsOrder, postOwner: string | null = null) {
  const { fetch, asked } = scripted((url) => {
    const page = url.searchParams.has('cursor') ? 2 : 1;
    return { body: providerFixture(`scrapecreators-${url.pathname.endsWith('/replies') ? 'replies' : 'comments'}-${page}`) };
  });
  const fetched = await read(fetch, order, postOwner);
  if (!fetched.ok) throw new Error(fetched.error.kind);
  const batch = fetched.value.value;
  return { batch, comments: batch.comments.map((comment) => Comment.parse(comment)), attempts: fetched.value.attempts, asked };
}

describe('the requests', () => {
  test('contain the post’s bare URL and the cursor; replies are requested per comment, only where their count is known', async () => {
    const { asked } = await delivered(commentsOrder(100, true));
    expect(asked.map((url) => [url.pathname, Object.fromEntries(url.searchParams)])).toEqual([
      ['/base/v2/instagram/post/comments', { url: URL_OF_REEL }],
      ['/base/v2/instagram/post/comments', { url: URL_OF_REEL, cursor: 'AQHSinvented..........' }],
      ['/base/v1/instagram/post/comment/replies', { url: URL_OF_REEL, comment_id: '18100000000000001' }],
      ['/base/v1/instagram/post/comment/replies', { url: URL_OF_REEL, comment_id: '18100000000000001', cursor: 'AQHRinvented' }],
    ]);
  });

  test('carry the key in the header only', async () => {
    const { fetch, sent } = answering(200, providerFixture('scrapecreators-comments-2'));
    await read(fetch, commentsOrder(20));
    expect(sent[0]?.init).toMatchObject({ method: 'GET', headers: { 'x-api-key': KEY } });
    expect(sent[0]?.url).not.toContain(KEY);
  });
});

describe('mapping of a comment', () => {
  test('maps everything that the vendor sends, and null for the rest', async () => {
    const { comments } = await delivered(commentsOrder(100), 'minato_tea');
    expect(comments[0]).toEqual({
      id: '18100000000000001',
      parentId: null,
      text: 'その自転車は何年製ですか',
      owner: {
        id: '5000000002',
        username: 'minato_tea',
        fullName: null,
        isVerified: false,
        isPrivate: null,
        avatarUrl: expect.stringContaining('/minato_tea.jpg?'),
      },
      timestamp: '2026-09-16T17:03:04.000Z',
      likeCount: 5,
      replyCount: 2,
      permalink: `https://www.instagram.com/p/${CODE}/c/18100000000000001/`,
      isPinned: null,
      flags: { isGif: false, isByPostOwner: true },
    });
  });

  test('keeps null counts unknown, not zero; an empty text is a GIF', async () => {
    const { comments } = await delivered(commentsOrder(100), 'minato_tea');
    expect(comments[1]).toMatchObject({ likeCount: null, replyCount: null, owner: { isVerified: true }, flags: { isByPostOwner: false } });
    expect(comments[2]).toMatchObject({ text: '', likeCount: 0, replyCount: 0, flags: { isGif: true } });
  });

  test('reads every comment of overlapping pages once and nests replies', async () => {
    const { batch, comments } = await delivered(commentsOrder(100, true), 'slow.bicycle');
    expect(comments.map(({ id }) => id.slice(-1))).toEqual(['1', '2', '3', '4']);
    expect(comments[0]?.replies?.map(({ id, parentId, flags }) => [id, parentId, flags.isByPostOwner])).toEqual([
      ['18100000000000101', '18100000000000001', true],
      ['18100000000000102', '18100000000000001', false],
    ]);
    expect(comments[3]?.flags.isByPostOwner).toBe(true);
    expect(batch).toMatchObject({ shortfall: 'end_of_thread', next: null, order: 'unknown', repliesIncomplete: false });
  });

  test('takes replies that come with the page without another call', async () => {
    const body = {
      comments: [{ id: '1', text: 'a', child_comment_count: 1, replies: [{ id: '2', text: 'b' }], has_more_replies: false }],
      cursor: null,
    };
    const { fetch, sent } = answering(200, body);
    const fetched = await read(fetch, commentsOrder(20, true));
    expect(fetched.ok && fetched.value.value.comments[0]?.replies).toMatchObject([{ id: '2', parentId: '1' }]);
    expect(sent).toHaveLength(1);
  });
});

describe('failures of the first page', () => {
  test.each([
    ['a miss by status', 404, { success: false, error: 'not_found' }, 'not_found'],
    ['a miss whose body claims success', 404, { success: true, error: 'not_found' }, 'not_found'],
    ['a miss inside a success', 200, { success: false, error: 'not_found' }, 'not_found'],
    ['a failure inside a success', 200, { success: false, errorStatus: 500 }, 'server_error'],
    ['a login wall passed on', 500, { message: 'login_required' }, 'login_required'],
    ['a private account passed on', 400, { message: 'Not authorized to view user' }, 'private'],
    ['no credits', 402, {}, 'out_of_credit'],
    ['too many requests', 429, {}, 'rate_limited'],
    ['a wrong key', 401, {}, 'misconfigured'],
    ['the vendor’s own 29 s', 504, '', 'timed_out'],
    ['a server error', 500, {}, 'server_error'],
    ['a success without a list', 200, { success: true, comments: null }, 'bad_response'],
    ['a list', 200, [], 'bad_response'],
    ['a list of nothing readable', 200, { comments: [{}] }, 'bad_response'],
    ['a proxy’s own 404', 404, '<html>', 'bad_response'],
  ])('%s', async (_name, status, body, kind) => {
    const fetched = await read(answering(status, body).fetch, commentsOrder(20));
    expect(fetched).toMatchObject({ ok: false, error: { kind, attempts: [{ endpoint: '/v2/instagram/post/comments' }] } });
  });

  test('an empty list is a post without comments', async () => {
    const fetched = await read(answering(200, { success: true, comments: [], cursor: null }).fetch, commentsOrder(20));
    expect(fetched).toMatchObject({ ok: true, value: { value: { comments: [], shortfall: 'end_of_thread', next: null } } });
  });
});

test('receipts count one credit per page, or the vendor’s own count', async () => {
  const { attempts } = await delivered(commentsOrder(100, true));
  const receipt = {
    provider: 'scrapecreators',
    billedUnit: 'credit',
    billedUnits: 1,
    estimatedCostMicros: 1_880,
    latencyMs: 0,
    httpStatus: 200,
  };
  expect(attempts).toEqual([
    { ...receipt, endpoint: '/v2/instagram/post/comments', resultCount: 3 },
    { ...receipt, endpoint: '/v2/instagram/post/comments', resultCount: 2 },
    { ...receipt, endpoint: '/v1/instagram/post/comment/replies', item: 'replies', resultCount: 1 },
    { ...receipt, endpoint: '/v1/instagram/post/comment/replies', item: 'replies', resultCount: 1 },
  ]);
});
