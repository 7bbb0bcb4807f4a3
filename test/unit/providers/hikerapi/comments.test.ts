import { describe, expect, test } from 'vitest';
import { Comment } from '../../../../src/instagram/comment.ts';
import { createHikerApi } from '../../../../src/providers/hikerapi/hikerapi.ts';
import type { CommentsOrder } from '../../../../src/providers/provider.ts';
import type { Fetch } from '../../../../src/net/fetch-json.ts';
import { providerFixture } from '../../../fixtures/providers/load.ts';
import { answering, budget, clock, commentsOrder, NOW, scripted, silent, target, unreachable } from '../answers.ts';

const KEY = 'test-key-of-hikerapi';
const CODE = 'C3L9IQOygAN';
const CURSOR = '{"cached_comments_cursor":"18000000000000004","bifilter_token":"invented+/="}';

function read(fetch: Fetch, order: CommentsOrder, postOwner: string | null = null, deadlineAt = budget.deadlineAt) {
  const provider = createHikerApi({ baseUrl: 'https://hiker.example', key: KEY, fetch, clock, mediaVersion: 'v1' });
  return provider.fetchComments({ target: target(CODE), order, postOwner }, { deadlineAt });
}

/** Two pages of comments; one thread whose replies fill two pages. */
function thread() {
  return scripted((url) => {
    if (url.pathname === '/v2/media/comments') {
      return { body: providerFixture(url.searchParams.get('page_id') === CURSOR ? 'hikerapi-comments-2' : 'hikerapi-comments-1') };
    }
    return { body: providerFixture(url.searchParams.has('min_id') ? 'hikerapi-replies-2' : 'hikerapi-replies-1-synthetic-cursor') };
  });
}

async function delivered(order: CommentsOrder, postOwner: string | null = null) {
  const { fetch, asked } = thread();
  const fetched = await read(fetch, order, postOwner);
  if (!fetched.ok) throw new Error(fetched.error.kind);
  const batch = fetched.value.value;
  return { batch, comments: batch.comments.map((comment) => Comment.parse(comment)), attempts: fetched.value.attempts, asked };
}

const author = {
  id: '700000002',
  username: 'heron.watch',
  fullName: 'Heron Watch',
  isVerified: false,
  isPrivate: false,
  avatarUrl: expect.stringContaining('/heron.watch.jpg?'),
};

describe('the requests', () => {
  test('contain the media id of the shortcode and the vendor’s cursor, with the key only in the header', async () => {
    const { fetch, sent } = answering(200, providerFixture('hikerapi-comments-2'));
    await read(fetch, commentsOrder(20, false, { cursor: CURSOR, skip: 0, lastId: null }));
    const query = `id=3300000000000000013&page_id=${encodeURIComponent(CURSOR)}&can_support_threading=true&safe_int=true`;
    expect(sent.map(({ url }) => url)).toEqual([`https://hiker.example/v2/media/comments?${query}`]);
    expect(sent[0]?.init).toMatchObject({ method: 'GET', headers: { 'x-access-key': KEY } });
  });

  test('fetch replies only of threads with more than their preview, page by page', async () => {
    const { asked } = await delivered(commentsOrder(100, true));
    expect(asked.map((url) => [url.pathname, url.searchParams.get('comment_id'), url.searchParams.get('min_id')])).toEqual([
      ['/v2/media/comments', null, null],
      ['/v2/media/comments', null, null],
      ['/v2/media/comments/replies', '18000000000000004', null],
      ['/v2/media/comments/replies', '18000000000000004', '{"request_data": "invented"}'],
    ]);
    expect(asked[2]?.searchParams.get('media_id')).toBe('3300000000000000013');
  });
});

describe('mapping of a comment', () => {
  test('maps a pinned comment with author, time and permalink; without replies unless requested', async () => {
    const { comments } = await delivered(commentsOrder(100), 'Heron.Watch');
    expect(comments[0]).toEqual({
      id: '18000000000000001',
      parentId: null,
      text: 'Which hide is this? 🪶',
      owner: author,
      timestamp: '2025-11-29T07:23:20.000Z',
      likeCount: 13,
      replyCount: 1,
      permalink: `https://www.instagram.com/p/${CODE}/c/18000000000000001/`,
      isPinned: true,
      flags: { isGif: false, isByPostOwner: true },
    });
  });

  test('keeps every digit of a numeric id beyond 2^53; a missing reply count is zero', async () => {
    expect(providerFixture('hikerapi-comments-1')).toContain('"pk": 18000000000000007,');
    const { comments } = await delivered(commentsOrder(100));
    expect(comments[1]).toMatchObject({ id: '18000000000000007', likeCount: 0, replyCount: 0, flags: { isByPostOwner: null } });
  });

  test('maps a GIF to an empty text and its flag; an empty name is null; falls back to the plain like count', async () => {
    const { comments } = await delivered(commentsOrder(100));
    expect(comments[2]).toMatchObject({ text: '', owner: { fullName: null, isVerified: true }, flags: { isGif: true } });
    expect(comments[4]).toMatchObject({ text: '👏', likeCount: 7, isPinned: null });
  });

  test('joins pages in order, drops the repeated pinned comment, and reports the end of the thread', async () => {
    const { batch, comments } = await delivered(commentsOrder(100));
    expect(comments.map(({ id }) => id.slice(-1))).toEqual(['1', '7', '3', '4', '5']);
    expect(batch).toMatchObject({ shortfall: 'end_of_thread', next: null, order: 'ranked', repliesIncomplete: false });
  });

  test('nests each reply once, previews first, with its parent and the owner’s mark', async () => {
    const { batch, comments } = await delivered(commentsOrder(100, true));
    expect(comments[0]?.replies).toEqual([
      expect.objectContaining({
        id: '18000000000000101',
        parentId: '18000000000000001',
        permalink: `https://www.instagram.com/p/${CODE}/c/18000000000000001/r/18000000000000101/`,
        flags: { isGif: false, isByPostOwner: true },
      }),
    ]);
    expect(comments[3]?.replies?.map(({ id }) => id)).toEqual(['18000000000000401', '18000000000000407', '18000000000000403']);
    expect(comments[1]?.replies).toEqual([]);
    expect(batch.repliesIncomplete).toBe(false);
  });
});

describe('no comments', () => {
  test.each([
    ['disabled by the author (body as recorded)', 403, { detail: 'Comments disabled by author', exc_type: 'CommentsDisabled' }, 'disabled'],
    ['none yet, told as a refusal', 404, { detail: 'Entries not found', exc_type: 'NotFoundError' }, 'end_of_thread'],
    ['none yet, told as a list', 200, { response: { comments: [] }, next_page_id: null }, 'end_of_thread'],
  ])('%s is an empty batch', async (_name, status, body, shortfall) => {
    const fetched = await read(answering(status, body).fetch, commentsOrder(20, true));
    expect(fetched).toEqual({
      ok: true,
      value: {
        value: { comments: [], shortfall, next: null, order: 'unknown', repliesIncomplete: false },
        attempts: [expect.objectContaining({ httpStatus: status, resultCount: 0 })],
      },
    });
  });
});

describe('failures of the first page', () => {
  test.each([
    ['a missing post', 404, { detail: 'Media not found', exc_type: 'MediaNotFound' }, 'not_found'],
    ['an invalid id', 404, { detail: 'Invalid media_id 1', exc_type: 'InvalidMediaId' }, 'not_found'],
    ['not found, but not of entries', 404, { detail: 'Target not found', exc_type: 'NotFoundError' }, 'not_found'],
    ['gone or private', 404, { detail: 'Media is unavailable', exc_type: 'MediaUnavailable' }, 'unavailable'],
    ['a private account', 403, { detail: 'x', exc_type: 'PrivateAccount' }, 'private'],
    ['a login wall', 403, { detail: 'x', exc_type: 'LoginRequired' }, 'login_required'],
    ['an age gate', 403, { detail: 'age restricted media' }, 'age_restricted'],
    ['a pause', 429, { detail: 'x', exc_type: 'PleaseWaitFewMinutes' }, 'blocked'],
    ['too many requests', 429, { detail: 'x' }, 'rate_limited'],
    ['an empty balance inside a success', 200, { state: false, exc_type: 'InsufficientFunds' }, 'out_of_credit'],
    ['a wrong key', 401, { detail: 'x' }, 'misconfigured'],
    ['a malformed request', 422, { detail: [] }, 'misconfigured'],
    ['a gateway out of time', 504, '', 'timed_out'],
    ['a server error', 500, '', 'server_error'],
    ['a success without the list', 200, { response: {} }, 'bad_response'],
    ['a list of nothing readable', 200, { response: { comments: [{ text: 'x' }, 7] } }, 'bad_response'],
  ])('%s', async (_name, status, body, kind) => {
    const fetched = await read(answering(status, body).fetch, commentsOrder(20));
    expect(fetched).toMatchObject({ ok: false, error: { kind, attempts: [{ endpoint: '/v2/media/comments', httpStatus: status }] } });
  });

  test('a silent vendor times out, an unreachable one is a server error, and neither failure contains the key', async () => {
    const slow = await read(silent, commentsOrder(20), null, NOW + 1);
    expect(slow).toMatchObject({ ok: false, error: { kind: 'timed_out', attempts: [{ billedUnits: 0, httpStatus: null }] } });
    const lost = await read(unreachable, commentsOrder(20));
    expect(lost).toMatchObject({ ok: false, error: { kind: 'server_error' } });
    expect(JSON.stringify([slow, lost])).not.toContain(KEY);
  });

  test('one unreadable entry among others is dropped', async () => {
    const body = { response: { comments: [{ text: 'no id' }, { pk: '1', text: 'fine' }, { pk: '../2' }] }, next_page_id: null };
    const fetched = await read(answering(200, body).fetch, commentsOrder(20));
    expect(fetched.ok && fetched.value.value.comments.map(({ text }) => text)).toEqual(['fine']);
  });
});

describe('receipts', () => {
  test('each page of comments and replies has its own, with its endpoint', async () => {
    const { attempts } = await delivered(commentsOrder(100, true));
    const receipt = {
      provider: 'hikerapi',
      billedUnit: 'request',
      billedUnits: 1,
      estimatedCostMicros: 1_000,
      latencyMs: 0,
      httpStatus: 200,
    };
    expect(attempts).toEqual([
      { ...receipt, endpoint: '/v2/media/comments', resultCount: 4 },
      { ...receipt, endpoint: '/v2/media/comments', resultCount: 2 },
      { ...receipt, endpoint: '/v2/media/comments/replies', item: 'replies', resultCount: 2 },
      { ...receipt, endpoint: '/v2/media/comments/replies', item: 'replies', resultCount: 1 },
    ]);
  });

  test('use the vendor’s own count of billed requests', async () => {
    const { fetch } = answering(200, providerFixture('hikerapi-comments-2'), { 'x-hiker-info': 'reqs=3' });
    const fetched = await read(fetch, commentsOrder(20));
    expect(fetched.ok && fetched.value.attempts).toMatchObject([{ billedUnits: 3, estimatedCostMicros: 3_000 }]);
  });
});
