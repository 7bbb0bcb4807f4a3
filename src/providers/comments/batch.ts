import type { Clock } from '../../core/clock.ts';
import { ok, type Result } from '../../core/result.ts';
import { createPageBudgets } from './call-budget.ts';
import { readPages } from './pages.ts';
import { readReplies } from './replies.ts';
import { type CommentSource, lacksReplies, toComments } from './threads.ts';
import type { CommentBatch, CommentsOrder, FetchedPages, ProviderFailure, UpstreamReceipt } from '../provider.ts';
import type { Budget } from '../../net/deadline.ts';

/**
 * Reads one batch from a vendor that pages its comments: first the comments, then, if requested, the replies missing from those pages. All
 * calls share the budget's deadline and MAX_COMMENT_CALLS, and no call is made that the order's price does not pay for. Delivers what
 * arrived; fails only when the first page did.
 */
export async function readComments(
  source: CommentSource,
  order: CommentsOrder,
  budget: Budget,
  clock: Clock,
): Promise<Result<FetchedPages<CommentBatch>, ProviderFailure & { readonly attempts: readonly UpstreamReceipt[] }>> {
  const calls = createPageBudgets(source.provider, order, budget, clock);
  const collected = await readPages(source, order, calls.comments);
  if (!collected.ok) return collected;
  const { shortfall, next, order: listed, attempts } = collected.value;
  const answered = order.includeReplies
    ? await readReplies(source, collected.value.threads, calls.replies)
    : { threads: collected.value.threads, attempts: [], endedBy: null };
  const repliesIncomplete = order.includeReplies && answered.threads.some(lacksReplies);
  return ok({
    value: {
      comments: toComments(answered.threads, order.includeReplies),
      shortfall,
      next,
      order: listed,
      repliesIncomplete,
      ...(repliesIncomplete && answered.endedBy === 'price_limit' ? { repliesEndedBy: answered.endedBy } : {}),
    },
    attempts: [...attempts, ...answered.attempts],
  });
}
