import { describe, expect, test } from 'vitest';
import { MAX_COMMENT_CALLS } from '../../../../src/providers/comments/call-budget.ts';
import { readComments } from '../../../../src/providers/comments/batch.ts';
import { REPLY_CALLS_AT_ONCE } from '../../../../src/providers/comments/replies.ts';
import type { CommentThread, ReplyPage } from '../../../../src/providers/comments/threads.ts';
import { ok } from '../../../../src/core/result.ts';
import { commentsOrder } from '../answers.ts';
import { type Happening, listOf, pagesOf, receipt, reply, thread } from './comment-list.ts';

const first = { cursor: null };

type Setting = {
  readonly ids: readonly string[];
  readonly replies?: (commentId: string, cursor: string | null) => ReplyPage;
  readonly more?: (id: string) => CommentThread['more'];
  readonly happening?: (call: number) => Happening;
};

async function read({ ids, replies, more = () => first, happening }: Setting) {
  const list = listOf(pagesOf([ids]), happening, replies, more);
  const fetched = await readComments(list.source, commentsOrder(500, true), list.budget(), list.clock);
  if (!fetched.ok) throw new Error(fetched.error.kind);
  const batch = fetched.value.value;
  const replyIds = batch.comments.map((comment) => comment.replies?.map(({ id }) => id));
  return { batch, replyIds, asked: list.asked.slice(1), attempts: fetched.value.attempts };
}

const twoPages = (commentId: string, cursor: string | null): ReplyPage =>
  cursor === null
    ? { replies: [reply(`${commentId}r1`, commentId)], more: { cursor: 'x' } }
    : { replies: [reply(`${commentId}r1`, commentId), reply(`${commentId}r2`, commentId)], more: 'none' };

test('every thread gets one page before any gets a second, and every reply comes once', async () => {
  const { asked, replyIds, batch, attempts } = await read({ ids: ['a', 'b'], replies: twoPages });
  expect(asked).toEqual(['a/', 'b/', 'a/x', 'b/x']);
  expect(replyIds).toEqual([
    ['ar1', 'ar2'],
    ['br1', 'br2'],
  ]);
  expect(batch.repliesIncomplete).toBe(false);
  expect(attempts).toHaveLength(5);
});

test('threads without further replies take no call', async () => {
  const { asked, replyIds } = await read({ ids: ['a', 'b'], more: () => 'none' });
  expect(asked).toEqual([]);
  expect(replyIds).toEqual([[], []]);
});

describe('bounds', () => {
  test('replies take only the calls left over by comments, in order of the threads', async () => {
    const ids = Array.from({ length: 60 }, (_, index) => `n${index}`);
    const { asked, batch, replyIds } = await read({ ids, replies: (id) => ({ replies: [reply(`${id}r`, id)], more: 'none' }) });
    expect(asked).toEqual(ids.slice(0, MAX_COMMENT_CALLS - 1).map((id) => `${id}/`));
    expect(batch).toMatchObject({ shortfall: 'end_of_thread', repliesIncomplete: true });
    expect(replyIds.filter((replies) => replies?.length === 1)).toHaveLength(MAX_COMMENT_CALLS - 1);
  });

  test('no reply is requested without time for it', async () => {
    const { asked, batch } = await read({ ids: ['a'], happening: () => ({ takesMs: 23_600 }) });
    expect(asked).toEqual([]);
    expect(batch.repliesIncomplete).toBe(true);
  });

  test('only a few calls run in parallel', async () => {
    let open = 0;
    let most = 0;
    const ids = Array.from({ length: 12 }, (_, index) => `n${index}`);
    const { source, clock, budget } = listOf(pagesOf([ids]), undefined, undefined, () => first);
    const counting: typeof source = {
      ...source,
      fetchReplies: async (commentId) => {
        open += 1;
        most = Math.max(most, open);
        // Several microtask turns, so that every worker starts its call before the first ends.
        for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
        open -= 1;
        return ok({ value: { replies: [reply(`${commentId}r`, commentId)], more: 'none' }, receipt });
      },
    };
    const fetched = await readComments(counting, commentsOrder(100, true), budget(), clock);
    expect(fetched.ok && fetched.value.attempts).toHaveLength(13);
    expect(most).toBe(REPLY_CALLS_AT_ONCE);
  });
});

describe('failures', () => {
  test('after a failure the vendor is not asked again, and what arrived is delivered', async () => {
    const ids = Array.from({ length: 9 }, (_, index) => `n${index}`);
    const { asked, batch, attempts } = await read({ ids, happening: (call) => (call === 1 ? { fails: 'rate_limited' } : {}) });
    // Calls in progress are awaited.
    expect(asked.length).toBeLessThanOrEqual(REPLY_CALLS_AT_ONCE);
    expect(attempts).toHaveLength(asked.length + 1);
    expect(batch.comments).toHaveLength(9);
    expect(batch.repliesIncomplete).toBe(true);
  });

  test('a deleted comment does not stop the replies of others', async () => {
    const { replyIds, batch } = await read({
      ids: ['a', 'b'],
      replies: (id) => ({ replies: [reply(`${id}r`, id)], more: 'none' }),
      happening: (call) => (call === 1 ? { fails: 'not_found' } : {}),
    });
    expect(replyIds).toEqual([[], ['br']]);
    expect(batch.repliesIncomplete).toBe(true);
  });

  test.each([
    ['the same cursor again', 1, () => ({ replies: [reply('ar1', 'a')], more: first })],
    ['nothing new behind another cursor', 2, (cursor: string | null) => ({ replies: [], more: { cursor: `${cursor}x` } })],
    ['more, but no way to it', 1, () => ({ replies: [reply('ar1', 'a')], more: 'unreachable' as const })],
  ])('a thread ends incomplete at %s', async (_name, calls, page) => {
    const { asked, batch } = await read({ ids: ['a'], replies: (_commentId, cursor) => page(cursor) });
    expect(asked).toHaveLength(calls);
    expect(batch.repliesIncomplete).toBe(true);
  });
});

test('replies from the comment’s page come first and count once', async () => {
  const list = listOf(pagesOf([['a']]), undefined, twoPages);
  const withPreview: typeof list.source = {
    ...list.source,
    fetchPage: async () =>
      ok({
        value: { threads: [{ ...thread('a', first), replies: [reply('ar2', 'a')] }], next: null, isDisabled: false, order: 'unknown' },
        receipt,
      }),
  };
  const fetched = await readComments(withPreview, commentsOrder(20, true), list.budget(), list.clock);
  expect(fetched.ok && fetched.value.value.comments[0]?.replies?.map(({ id }) => id)).toEqual(['ar2', 'ar1']);
});
