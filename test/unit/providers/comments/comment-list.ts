import { assembleComment, assembleReply, type Comment } from '../../../../src/instagram/comment.ts';
import type { CommentPage, CommentSource, CommentThread, ReplyPage } from '../../../../src/providers/comments/threads.ts';
import type { Fetched, ProviderFailure, ProviderFailureKind, UpstreamReceipt } from '../../../../src/providers/provider.ts';
import { err, ok, type Result } from '../../../../src/core/result.ts';
import { NOW } from '../answers.ts';

export const receipt: UpstreamReceipt = {
  provider: 'hikerapi',
  endpoint: '/list',
  billedUnit: 'request',
  billedUnits: 1,
  resultCount: 0,
  estimatedCostMicros: 1_000,
  latencyMs: 1,
  httpStatus: 200,
};

/** A comment with this id, pinned when the id starts with "p". */
export function thread(id: string, more: CommentThread['more'] = 'none'): CommentThread {
  const comment: Comment = assembleComment({ shortcode: 'AAAAAAA', id, text: id, owner: {}, isPinned: id.startsWith('p') }, null);
  return { comment, replies: [], more };
}

export function reply(id: string, parentId: string) {
  return assembleReply({ shortcode: 'AAAAAAA', id, text: id, owner: {} }, parentId, null);
}

export type Pages = ReadonlyMap<string | null, { readonly ids: readonly string[]; readonly next: string | null }>;

/** A sequence of pages with cursors c1, c2, …. */
export function pagesOf(lists: readonly (readonly string[])[]): Pages {
  const cursor = (index: number): string | null => (index === 0 ? null : `c${index}`);
  return new Map(lists.map((ids, index) => [cursor(index), { ids, next: index + 1 < lists.length ? `c${index + 1}` : null }]));
}

/** What a call does: the time it takes, and its failure, if any. */
export type Happening = { readonly takesMs?: number; readonly fails?: ProviderFailureKind };

/** A vendor's list in memory with its own clock. `happening` receives the number of the call, from 0. */
export function listOf(
  pages: Pages,
  happening: (call: number) => Happening = () => ({}),
  replies: (commentId: string, cursor: string | null) => ReplyPage = () => ({ replies: [], more: 'none' }),
  moreOf: (id: string) => CommentThread['more'] = () => 'none',
) {
  let now = NOW;
  const asked: (string | null)[] = [];
  const answer = <T>(value: T): Result<Fetched<T>, ProviderFailure> => {
    const { takesMs = 100, fails } = happening(asked.length - 1);
    now += takesMs;
    return fails === undefined ? ok({ value, receipt }) : err({ kind: fails, receipt });
  };
  const source: CommentSource = {
    provider: 'hikerapi',
    endpoint: '/list',
    fetchPage: async (cursor) => {
      asked.push(cursor);
      const { ids = [], next = null } = pages.get(cursor) ?? {};
      const page: CommentPage = { threads: ids.map((id) => thread(id, moreOf(id))), next, isDisabled: false, order: 'ranked' };
      return answer(page);
    },
    fetchReplies: async (commentId, cursor) => {
      asked.push(`${commentId}/${cursor ?? ''}`);
      return answer(replies(commentId, cursor));
    },
  };
  return { source, asked, clock: () => now, budget: () => ({ deadlineAt: now + 25_000 }) };
}
