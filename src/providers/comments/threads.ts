import type { Comment, Reply } from '../../instagram/comment.ts';
import type { CommentBatch, CommentsPosition, Fetched, ProviderFailure } from '../provider.ts';
import type { Result } from '../../core/result.ts';
import type { Endpoint } from '../adapter/call.ts';

/** Whether a comment has further replies: none, some that the vendor doesn't give, or some behind a cursor (null: from the first). */
export type MoreReplies = 'none' | 'unreachable' | { readonly cursor: string | null };

/** A comment with the replies at hand. */
export type CommentThread = { readonly comment: Comment; readonly replies: readonly Reply[]; readonly more: MoreReplies };

/** One page of a vendor's list of comments. `next` is the cursor of the page after it, null at the end. */
export type CommentPage = {
  readonly threads: readonly CommentThread[];
  readonly next: string | null;
  readonly isDisabled: boolean;
  readonly order: CommentBatch['order'];
};

/** One page of the replies to one comment. */
export type ReplyPage = { readonly replies: readonly Reply[]; readonly more: MoreReplies };

/** A vendor's list of comments under one post, page by page. Each fetch is one upstream call. */
export type CommentSource = Endpoint & {
  fetchPage(cursor: string | null): Promise<Result<Fetched<CommentPage>, ProviderFailure>>;
  fetchReplies(commentId: string, cursor: string | null): Promise<Result<Fetched<ReplyPage>, ProviderFailure>>;
};

/** What of a page goes into a batch. `cut` is where the batch ended inside the page, null when the page was used up. */
export type Taken = {
  readonly threads: readonly CommentThread[];
  readonly cut: Pick<CommentsPosition, 'skip' | 'lastId'> | null;
};

/**
 * Where in a page a batch that continues has to begin. Behind the last comment that was seen, if the page still has it; else
 * behind as many as were seen. At the head of a page not seen before, a pinned comment is a repeat, which marks no place.
 */
export function startOf(threads: readonly CommentThread[], position: CommentsPosition): number {
  const found = threads.findIndex(({ comment }) => comment.id === position.lastId);
  if (found === -1) return position.skip;
  const isRepeatedPin = position.skip === 0 && isPinRepeat(threads[found], position.cursor);
  return isRepeatedPin ? 0 : found + 1;
}

/**
 * Takes at most `room` comments that are not in `seen`, from index `start` of a page without duplicates of its own, and adds
 * everything it passes to `seen`. Pinned comments head the first page, so on a later one they are repeats; a batch that continues
 * has not seen the first page and goes by that.
 */
export function takeThreads(
  threads: readonly CommentThread[],
  start: number,
  seen: Set<string>,
  room: number,
  continuedAt: string | null,
): Taken {
  const taken: CommentThread[] = [];
  for (const [index, thread] of threads.entries()) {
    const { id } = thread.comment;
    const isRepeat = index < start || seen.has(id) || isPinRepeat(thread, continuedAt);
    if (!isRepeat && taken.length === room) return { threads: taken, cut: { skip: index, lastId: threads[index - 1]?.comment.id ?? null } };
    seen.add(id);
    if (!isRepeat) taken.push(thread);
  }
  return { threads: taken, cut: null };
}

/** The last comment of a used-up page that can mark a place on the next one, where pages overlap; null when all are pinned. */
export function placeMark(threads: readonly CommentThread[]): string | null {
  return threads.findLast(({ comment }) => comment.isPinned !== true)?.comment.id ?? null;
}

/** The comments as they go out: with their replies only where these were asked for. */
export function toComments(threads: readonly CommentThread[], includeReplies: boolean): Comment[] {
  return threads.map(({ comment, replies }) => (includeReplies ? { ...comment, replies: [...replies] } : comment));
}

function isPinRepeat(thread: CommentThread | undefined, cursor: string | null): boolean {
  return cursor !== null && thread?.comment.isPinned === true;
}
