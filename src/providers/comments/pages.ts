import { distinct } from '../../core/collections.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { PageBudget } from './call-budget.ts';
import { type CommentPage, type CommentSource, type CommentThread, placeMark, startOf, takeThreads } from './threads.ts';
import type { CommentBatch, CommentsOrder, CommentsPosition, ProviderFailure, UpstreamReceipt } from '../provider.ts';
import { notStarted } from '../adapter/call.ts';

/** The top-level comments of a batch, before missing replies are fetched. */
export type CollectedThreads = Pick<CommentBatch, 'shortfall' | 'next' | 'order'> & {
  readonly threads: readonly CommentThread[];
  readonly attempts: readonly UpstreamReceipt[];
};

type Ending = Pick<CommentBatch, 'shortfall' | 'next'>;

const FIRST_PAGE: CommentsPosition = { cursor: null, skip: 0, lastId: null };

/**
 * Reads pages until the limit is reached, the thread ends, a page leads back to an earlier one or adds nothing, the budget is used up, or a
 * page fails. Fails only when the first page of the batch does.
 *
 * Within a batch every comment is unique, whatever the vendor repeats. Across batches that holds for the repeats that a position can
 * detect: within a page, where a page overlaps the one before, and pinned comments that the vendor marks.
 */
export async function readPages(
  source: CommentSource,
  order: CommentsOrder,
  calls: PageBudget,
): Promise<Result<CollectedThreads, ProviderFailure & { readonly attempts: readonly UpstreamReceipt[] }>> {
  const attempts: UpstreamReceipt[] = [];
  const threads: CommentThread[] = [];
  const seen = new Set<string>();
  const visited = new Set<string | null>();
  let at = order.position ?? FIRST_PAGE;
  let listed: CommentBatch['order'] = 'unknown';
  // Ends at the latest when the call budget does.
  for (;;) {
    const ranOut = calls.take();
    if (ranOut !== null) {
      if (attempts.length > 0) return ok({ threads, attempts, order: listed, shortfall: ranOut, next: at });
      const failure = notStarted(source);
      return err({ ...failure, attempts: [failure.receipt] });
    }
    const fetched = await source.fetchPage(at.cursor);
    const { receipt } = fetched.ok ? fetched.value : fetched.error;
    attempts.push(receipt);
    calls.paid(receipt);
    if (!fetched.ok) {
      if (attempts.length === 1) return err({ ...fetched.error, attempts });
      const isOutOfTime = fetched.error.kind === 'timed_out' && !calls.hasTime();
      return ok({ threads, attempts, order: listed, shortfall: isOutOfTime ? 'deadline' : 'provider_failed', next: at });
    }

    const page = fetched.value.value;
    const isFirst = attempts.length === 1;
    if (isFirst) listed = page.order;
    visited.add(at.cursor);
    const unique = distinct(page.threads, ({ comment }) => comment.id);
    const start = isFirst ? startOf(unique, at) : 0;
    const taken = takeThreads(unique, seen, {
      start,
      room: order.limit - threads.length,
      continuedAt: order.position === null ? null : at.cursor,
    });
    threads.push(...taken.threads);
    if (taken.cut !== null) return ok({ threads, attempts, order: listed, shortfall: null, next: { cursor: at.cursor, ...taken.cut } });

    const next = nextPage(page, visited, placeMark(unique) ?? at.lastId);
    // The rest of a page that an earlier batch started may hold only repeats.
    const isIdle = taken.threads.length === 0 && !(isFirst && order.position !== null);
    const ending = threads.length === order.limit ? { shortfall: null, next } : endAfter(page, next, isIdle);
    if (ending !== null || next === null) return ok({ threads, attempts, order: listed, shortfall: null, next: null, ...ending });
    at = next;
  }
}

/** Null at the end, and where the cursor leads back to an earlier page. */
function nextPage(page: CommentPage, visited: ReadonlySet<string | null>, lastId: string | null): CommentsPosition | null {
  return page.next === null || visited.has(page.next) ? null : { cursor: page.next, skip: 0, lastId };
}

/** Null when the batch continues after this page. */
function endAfter(page: CommentPage, next: CommentsPosition | null, isIdle: boolean): Ending | null {
  if (page.isDisabled) return { shortfall: 'disabled', next: null };
  if (page.next === null) return { shortfall: 'end_of_thread', next: null };
  return next === null || isIdle ? { shortfall: 'provider_limit', next: null } : null;
}
