import { distinct } from '../../core/collections.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { Allowance } from './call-budget.ts';
import { type CommentPage, type CommentSource, type CommentThread, placeMark, startOf, takeThreads } from './threads.ts';
import type { CommentBatch, CommentsOrder, CommentsPosition, ProviderFailure, UpstreamReceipt } from '../provider.ts';
import { notStarted } from '../adapter/call.ts';

/** The comments of a batch at the top level, before further replies are fetched. */
export type CollectedThreads = Pick<CommentBatch, 'shortfall' | 'next' | 'order'> & {
  readonly threads: readonly CommentThread[];
  readonly attempts: readonly UpstreamReceipt[];
};

type Ending = Pick<CommentBatch, 'shortfall' | 'next'>;

const FIRST_PAGE: CommentsPosition = { cursor: null, skip: 0, lastId: null };

/**
 * Reads pages one after another until the limit is reached, the thread ends, a page leads in a circle or brings nothing new, the
 * allowance is used up, or a page fails. An error only when the first page of the batch is not there.
 *
 * Within a batch every comment comes once, whatever the vendor repeats. Over several batches that holds for repeats that a
 * position can tell: within a page, where a page overlaps the one before it, and pinned comments that the vendor marks.
 */
export async function readPages(
  source: CommentSource,
  order: CommentsOrder,
  allowance: Allowance,
): Promise<Result<CollectedThreads, ProviderFailure & { readonly attempts: readonly UpstreamReceipt[] }>> {
  const attempts: UpstreamReceipt[] = [];
  const threads: CommentThread[] = [];
  const seen = new Set<string>();
  const visited = new Set<string | null>();
  let at = order.position ?? FIRST_PAGE;
  let listed: CommentBatch['order'] = 'unknown';
  // Ends at the latest when the allowance does.
  for (;;) {
    if (!allowance.take()) {
      if (attempts.length > 0) return ok({ threads, attempts, order: listed, shortfall: 'deadline', next: at });
      const failure = notStarted(source);
      return err({ ...failure, attempts: [failure.receipt] });
    }
    const fetched = await source.fetchPage(at.cursor);
    attempts.push(fetched.ok ? fetched.value.receipt : fetched.error.receipt);
    if (!fetched.ok) {
      if (attempts.length === 1) return err({ ...fetched.error, attempts });
      const isOutOfTime = fetched.error.kind === 'timed_out' && !allowance.hasTime();
      return ok({ threads, attempts, order: listed, shortfall: isOutOfTime ? 'deadline' : 'provider_failed', next: at });
    }

    const page = fetched.value.value;
    const isFirst = attempts.length === 1;
    if (isFirst) listed = page.order;
    visited.add(at.cursor);
    const unique = distinct(page.threads, ({ comment }) => comment.id);
    const start = isFirst ? startOf(unique, at) : 0;
    const taken = takeThreads(unique, start, seen, order.limit - threads.length, order.position === null ? null : at.cursor);
    threads.push(...taken.threads);
    if (taken.cut !== null) return ok({ threads, attempts, order: listed, shortfall: null, next: { cursor: at.cursor, ...taken.cut } });

    const next = nextPage(page, visited, placeMark(unique) ?? at.lastId);
    // The rest of a page that an earlier batch had begun may hold nothing but repeats.
    const isIdle = taken.threads.length === 0 && !(isFirst && order.position !== null);
    const ending = threads.length === order.limit ? { shortfall: null, next } : endAfter(page, next, isIdle);
    if (ending !== null || next === null) return ok({ threads, attempts, order: listed, shortfall: null, next: null, ...ending });
    at = next;
  }
}

/** Null at the end, and where the cursor leads back to a page that was read already. */
function nextPage(page: CommentPage, visited: ReadonlySet<string | null>, lastId: string | null): CommentsPosition | null {
  return page.next === null || visited.has(page.next) ? null : { cursor: page.next, skip: 0, lastId };
}

/** How a batch that has room left ends after this page; null when it goes on. */
function endAfter(page: CommentPage, next: CommentsPosition | null, isIdle: boolean): Ending | null {
  if (page.isDisabled) return { shortfall: 'disabled', next: null };
  if (page.next === null) return { shortfall: 'end_of_thread', next: null };
  return next === null || isIdle ? { shortfall: 'provider_limit', next: null } : null;
}
