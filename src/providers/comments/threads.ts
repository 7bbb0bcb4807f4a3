import type { Comment, Reply } from '../../instagram/comment.ts';
import type { CommentBatch, CommentsPosition, Fetched, ProviderFailure } from '../provider.ts';
import type { Result } from '../../core/result.ts';
import type { Endpoint } from '../adapter/call.ts';

/** Whether a comment has further replies: none, some that the vendor does not give, or some behind a cursor (null: from the first). */
export type MoreReplies = 'none' | 'unreachable' | { readonly cursor: string | null };

/** A comment with the replies read so far. */
export type CommentThread = { readonly comment: Comment; readonly replies: readonly Reply[]; readonly more: MoreReplies };

/** A page of a vendor's comments. `next` is the cursor of the following page, null at the end. */
export type CommentPage = {
  readonly threads: readonly CommentThread[];
  readonly next: string | null;
  readonly isDisabled: boolean;
  readonly order: CommentBatch['order'];
};

/** A page of the replies to one comment. */
export type ReplyPage = { readonly replies: readonly Reply[]; readonly more: MoreReplies };

/** A vendor's paged list of comments on one post. Each fetch is one upstream call. */
export type CommentSource = Endpoint & {
  fetchPage(cursor: string | null): Promise<Result<Fetched<CommentPage>, ProviderFailure>>;
  fetchReplies(commentId: string, cursor: string | null): Promise<Result<Fetched<ReplyPage>, ProviderFailure>>;
};

/** The comments taken from a page. `cut` is where the batch ended inside the page; null when the page was used up. */
export type Taken = {
  readonly threads: readonly CommentThread[];
  readonly cut: Pick<CommentsPosition, 'skip' | 'lastId'> | null;
};

/**
 * Returns the index at which a continued batch starts: after the last delivered comment if the page still contains it, else after as many
 * as were delivered. A pinned comment at the head of a new page is a repeat and marks no position.
 */
export function startOf(threads: readonly CommentThread[], position: CommentsPosition): number {
  const found = threads.findIndex(({ comment }) => comment.id === position.lastId);
  if (found === -1) return position.skip;
  const isRepeatedPin = position.skip === 0 && isPinRepeat(threads[found], position.cursor);
  return isRepeatedPin ? 0 : found + 1;
}

/**
 * Takes at most `room` comments that are not in `seen`, from index `start` of a page without duplicates, and adds everything it passes to
 * `seen`. Pinned comments head the first page, so on a later one they are repeats; a continued batch has not seen the first page and relies
 * on that.
 */
export function takeThreads(
  threads: readonly CommentThread[],
  seen: Set<string>,
  { start, room, continuedAt }: { readonly start: number; readonly room: number; readonly continuedAt: string | null },
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

/** Returns the last comment of a page that can mark a position on an overlapping next page; null when all are pinned. */
export function placeMark(threads: readonly CommentThread[]): string | null {
  return threads.findLast(({ comment }) => comment.isPinned !== true)?.comment.id ?? null;
}

/** Returns the comments, with their replies only if requested. */
export function toComments(threads: readonly CommentThread[], includeReplies: boolean): Comment[] {
  return threads.map(({ comment, replies }) => (includeReplies ? { ...comment, replies: [...replies] } : comment));
}

/** Whether requested replies of a thread are missing: the vendor has more, or counts more than it gave. */
export function lacksReplies({ comment, replies, more }: CommentThread): boolean {
  return more !== 'none' || (comment.replyCount ?? 0) > replies.length;
}

function isPinRepeat(thread: CommentThread | undefined, cursor: string | null): boolean {
  return cursor !== null && thread?.comment.isPinned === true;
}
