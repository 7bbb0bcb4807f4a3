import { describe, expect, test } from 'vitest';
import { Comment } from '../../../../src/instagram/comment.ts';
import { createApify } from '../../../../src/providers/apify/apify.ts';
import { APIFY_MIN_TIME_LEFT_MS } from '../../../../src/providers/apify/run.ts';
import type { CommentsOrder } from '../../../../src/providers/provider.ts';
import type { Fetch } from '../../../../src/net/fetch-json.ts';
import { providerFixture } from '../../../fixtures/providers/load.ts';
import { answering, budget, clock, commentsOrder, NOW, target } from '../answers.ts';

const CODE = 'C8vOfxsVAAW';
const ENDPOINT = '/v2/acts/apify~instagram-scraper/run-sync-get-dataset-items';

function read(fetch: Fetch, order: CommentsOrder, postOwner: string | null = null, deadlineAt = budget.deadlineAt) {
  const provider = createApify({ baseUrl: 'https://apify.example', key: 'test-token-of-apify', fetch, clock });
  return provider.fetchComments({ target: target(CODE), order, postOwner }, { deadlineAt });
}

async function delivered(body: unknown, order: CommentsOrder, postOwner: string | null = null) {
  const fetched = await read(answering(201, body).fetch, order, postOwner);
  if (!fetched.ok) throw new Error(fetched.error.kind);
  const batch = fetched.value.value;
  return { batch, comments: batch.comments.map((comment) => Comment.parse(comment)), attempts: fetched.value.attempts };
}

/** Each comment's last digits, with those of its replies. */
function nesting(comments: readonly Comment[]) {
  return comments.map(({ id, replies }) => [id.slice(-3), replies?.map((reply) => reply.id.slice(-3))]);
}

describe('the run', () => {
  test.each([
    [20, false, '0.5'],
    [100, false, '0.5'],
    [100, true, '0.51'],
    [500, false, '1.27'],
    [500, true, '2.53'],
  ] as const)('one for %i comments (replies: %s), capped at US$%s', async (limit, includeReplies, cap) => {
    const { fetch, sent } = answering(201, []);
    await read(fetch, commentsOrder(limit, includeReplies), null, NOW + 17_900);
    expect(sent.map(({ url }) => url)).toEqual([`https://apify.example${ENDPOINT}?timeout=17&maxTotalChargeUsd=${cap}`]);
    const input = {
      directUrls: [`https://www.instagram.com/p/${CODE}/`],
      resultsType: 'comments',
      resultsLimit: limit,
      ...(includeReplies ? { includeNestedComments: true } : {}),
    };
    expect(sent[0]?.init.body).toBe(JSON.stringify(input));
  });

  test('is not started with too little time left, nor to continue a batch, which has no cursor', async () => {
    const { fetch, sent } = answering(201, []);
    expect(await read(fetch, commentsOrder(20), null, NOW + APIFY_MIN_TIME_LEFT_MS - 1)).toMatchObject({
      ok: false,
      error: { kind: 'timed_out', attempts: [{ billedUnits: 0 }] },
    });
    expect(await read(fetch, commentsOrder(20, false, { cursor: null, skip: 5, lastId: '1' }))).toMatchObject({
      ok: true,
      value: { value: { comments: [], shortfall: 'provider_limit', next: null }, attempts: [] },
    });
    expect(sent).toHaveLength(0);
  });
});

describe('mapping of a row', () => {
  test('maps a comment and its author; null counts stay unknown', async () => {
    const { comments, batch } = await delivered(providerFixture('apify-comments'), commentsOrder(20), 'harbor.kiln');
    expect(comments[0]).toEqual({
      id: '18200000000000001',
      parentId: null,
      text: 'ألوان جميلة',
      owner: {
        id: '5000000001',
        username: 'harbor.kiln',
        fullName: null,
        isVerified: false,
        isPrivate: null,
        avatarUrl: expect.stringContaining('/harbor.kiln.jpg?'),
      },
      timestamp: '2026-06-22T17:24:20.000Z',
      likeCount: 4,
      replyCount: null,
      permalink: `https://www.instagram.com/p/${CODE}/c/18200000000000001/`,
      isPinned: null,
      flags: { isGif: false, isByPostOwner: true },
    });
    expect(batch).toMatchObject({ shortfall: 'provider_limit', next: null, repliesIncomplete: false });
  });

  test('keeps the empty text of a GIF and sets its flag; −1 likes are unknown', async () => {
    const { comments } = await delivered(providerFixture('apify-comments'), commentsOrder(20));
    expect(comments[1]).toMatchObject({ text: '', likeCount: 220, flags: { isGif: true } });
    expect(comments[2]?.likeCount).toBeNull();
  });

  test('takes an author without the owner object from the flat fields', async () => {
    const row = { id: '1', text: 'x', ownerUsername: 'tide.table', ownerProfilePicUrl: 'https://x.example/a.jpg' };
    const { comments } = await delivered([row], commentsOrder(20));
    expect(comments[0]?.owner).toMatchObject({ id: null, username: 'tide.table', avatarUrl: 'https://x.example/a.jpg', isVerified: null });
  });
});

describe('replies (synthetic: no recording has any)', () => {
  test('are read when nested in their comment', async () => {
    const { comments, batch } = await delivered(providerFixture('apify-comments-nested-synthetic'), commentsOrder(20, true));
    expect(nesting(comments)).toEqual([
      ['001', ['101', '102']],
      ['002', []],
    ]);
    expect(comments[0]?.replies?.[0]).toMatchObject({ parentId: '18200000000000001', text: 'شكرا' });
    // The second comment counts three replies that the vendor did not send.
    expect(batch.repliesIncomplete).toBe(true);
  });

  test('are read as rows of their own, by any name for the parent; one without its comment is dropped', async () => {
    const { comments, batch } = await delivered(providerFixture('apify-comments-flat-synthetic'), commentsOrder(20, true));
    expect(nesting(comments)).toEqual([
      ['001', ['101', '102']],
      ['002', ['201']],
    ]);
    expect(batch.repliesIncomplete).toBe(false);
  });

  test.each(['parentCommentId', 'parent_comment_id', 'parentId', 'repliedToCommentId', 'replied_to_comment_id', 'replyToCommentId'])(
    'a row is nested by %s',
    async (marker) => {
      const rows = [
        { id: '2', text: 'b', [marker]: '1' },
        { id: '1', text: 'a' },
      ];
      const { comments } = await delivered(rows, commentsOrder(20, true));
      expect(comments.map(({ id, replies }) => [id, replies?.map((reply) => reply.id)])).toEqual([['1', ['2']]]);
    },
  );

  test('that were not requested are neither nested nor counted as comments', async () => {
    const { comments } = await delivered(providerFixture('apify-comments-flat-synthetic'), commentsOrder(20));
    expect(nesting(comments)).toEqual([
      ['001', undefined],
      ['002', undefined],
    ]);
  });

  test('are tolerated in both shapes at once and in a cycle', async () => {
    const both = [
      { id: '1', text: 'a', replies: [{ id: '2', text: 'b' }] },
      { id: '2', text: 'b', parentId: '1' },
      { id: '3', text: 'c', parentId: '4' },
      { id: '4', text: 'd', parentId: '3' },
      { id: '5', text: 'e', parentId: '5' },
    ];
    const { comments } = await delivered(both, commentsOrder(20, true));
    expect(comments.map(({ id, replies }) => [id, replies?.map((reply) => reply.id)])).toEqual([
      ['1', ['2']],
      ['5', []],
    ]);
  });
});

describe('shortfall', () => {
  const rows = Array.from({ length: 25 }, (_, index) => ({ id: String(index + 1), text: 'x' }));

  test('is null for a full batch, which never exceeds the limit', async () => {
    const { comments, batch } = await delivered(rows, commentsOrder(20));
    expect(comments).toHaveLength(20);
    expect(batch).toMatchObject({ shortfall: null, next: null });
  });

  test('is the vendor’s limit for a smaller batch, because the vendor gives no total; no row is an empty thread', async () => {
    expect((await delivered(rows, commentsOrder(100))).batch.shortfall).toBe('provider_limit');
    expect((await delivered([], commentsOrder(100))).batch).toMatchObject({ comments: [], shortfall: 'end_of_thread' });
  });

  test('counts a repeated row once', async () => {
    expect((await delivered([rows[0], rows[0], rows[1]], commentsOrder(20))).comments.map(({ id }) => id)).toEqual(['1', '2']);
  });
});

test('no items without a failed request, the one message for disabled, empty and private, is an empty thread', async () => {
  const item = { url: 'x', error: 'no_items', requestErrorMessages: [] };
  expect((await delivered([item], commentsOrder(20))).batch).toMatchObject({ comments: [], shortfall: 'end_of_thread' });
});

describe('failures', () => {
  const noItems = { url: 'x', error: 'no_items', errorDescription: 'Empty or private data for provided input' };
  test.each([
    ['a missing post', 201, [{ url: 'x', error: 'not_found' }], 'not_found'],
    ['no items after blocked requests', 201, [{ ...noItems, requestErrorMessages: ['blocked'] }], 'blocked'],
    ['rows of another post', 201, [{ id: '1', text: 'x', postUrl: 'https://www.instagram.com/p/BBBBBBB/' }], 'bad_response'],
    ['rows without ids', 201, [{ text: 'x' }], 'bad_response'],
    ['a success that is no list', 201, {}, 'bad_response'],
    ['a run out of time', 408, { error: { type: 'run-timeout-exceeded' } }, 'timed_out'],
    ['no permission', 403, { error: { type: 'insufficient-permissions' } }, 'misconfigured'],
    ['no usage left', 403, { error: { type: 'platform-feature-disabled' } }, 'out_of_credit'],
    ['too many runs', 429, { error: { type: 'rate-limit-exceeded' } }, 'rate_limited'],
    ['a server error', 500, '', 'server_error'],
  ])('%s', async (_name, status, body, kind) => {
    expect(await read(answering(status, body).fetch, commentsOrder(20))).toMatchObject({
      ok: false,
      error: { kind, attempts: [{ endpoint: ENDPOINT }] },
    });
  });
});

test('the receipt bills every row and counts comments and replies', async () => {
  const { attempts } = await delivered(providerFixture('apify-comments-flat-synthetic'), commentsOrder(20, true));
  expect(attempts).toEqual([
    {
      provider: 'apify',
      endpoint: ENDPOINT,
      billedUnit: 'result',
      billedUnits: 6,
      resultCount: 5,
      estimatedCostMicros: 14_800,
      latencyMs: 0,
      httpStatus: 201,
    },
  ]);
});
