import { distinct } from '../../core/collections.ts';
import type { Reply } from '../../instagram/comment.ts';
import type { PageBudget } from './call-budget.ts';
import type { CommentSource, CommentThread, MoreReplies } from './threads.ts';
import type { ProviderFailureKind, UpstreamReceipt } from '../provider.ts';

/** Threads read in parallel. A Worker may have six open connections; two are left for everything else. */
export const REPLY_CALLS_AT_ONCE = 4;

/** Failures of one comment, such as a deleted one. After any other failure no more replies are requested from the vendor. */
const ABOUT_ONE_COMMENT: ReadonlySet<ProviderFailureKind> = new Set(['not_found', 'unavailable', 'private']);

type Unfinished = {
  readonly thread: CommentThread;
  replies: Reply[];
  more: MoreReplies;
  readonly visited: Set<string | null>;
  readonly attempts: UpstreamReceipt[];
};

/**
 * Fetches the replies missing from the pages of comments, within the budget. Works in rounds, one page per thread, so that one long thread
 * does not starve the others. Threads that are not reached keep their cursor; `endedBy` is what of the budget ran out.
 */
export async function readReplies(
  source: CommentSource,
  threads: readonly CommentThread[],
  calls: PageBudget,
): Promise<{
  readonly threads: readonly CommentThread[];
  readonly attempts: readonly UpstreamReceipt[];
  readonly endedBy: ReturnType<PageBudget['take']>;
}> {
  const all = threads.map((thread): Unfinished => {
    const replies = distinct(thread.replies, ({ id }) => id);
    return { thread, replies, more: thread.more, visited: new Set(), attempts: [] };
  });
  let goesOn = true;
  let endedBy: ReturnType<PageBudget['take']> = null;
  const readNext = async (unfinished: Unfinished): Promise<boolean> => {
    endedBy ??= calls.take();
    return endedBy === null && readOnePage(source, unfinished, calls);
  };
  // Every round takes a call per open thread or stops, so the loop ends at the latest when the call budget does.
  for (let open = all.filter(isOpen); open.length > 0 && goesOn; open = open.filter(isOpen)) {
    goesOn = await inParallel(open, REPLY_CALLS_AT_ONCE, readNext);
  }
  return {
    threads: all.map(({ thread, replies, more }) => ({ ...thread, replies, more })),
    attempts: all.flatMap(({ attempts }) => attempts),
    endedBy,
  };
}

/** Adds one page to a thread. False when the vendor must not be asked again. */
async function readOnePage(source: CommentSource, unfinished: Unfinished, calls: PageBudget): Promise<boolean> {
  const { thread, more, visited, attempts } = unfinished;
  if (typeof more === 'string') return true;
  visited.add(more.cursor);
  const fetched = await source.fetchReplies(thread.comment.id, more.cursor);
  const { receipt } = fetched.ok ? fetched.value : fetched.error;
  attempts.push({ ...receipt, item: 'replies' });
  calls.paid(receipt);
  if (!fetched.ok) {
    if (!ABOUT_ONE_COMMENT.has(fetched.error.kind)) return false;
    unfinished.more = 'unreachable';
    return true;
  }
  const page = fetched.value.value;
  const known = unfinished.replies.length;
  unfinished.replies = distinct([...unfinished.replies, ...page.replies], ({ id }) => id);
  const bringsNothing = unfinished.replies.length === known && more.cursor !== null;
  const isCircle = typeof page.more !== 'string' && (bringsNothing || visited.has(page.more.cursor));
  unfinished.more = isCircle ? 'unreachable' : page.more;
  return true;
}

function isOpen({ more }: Unfinished): boolean {
  return typeof more !== 'string';
}

/** Runs `work` on the items in order, `width` at a time, until one returns false; work in progress is awaited. False if one did. */
async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<boolean>): Promise<boolean> {
  const queue = items.values();
  let goesOn = true;
  const worker = async (): Promise<void> => {
    for (let item = queue.next(); item.done !== true && goesOn; item = queue.next()) {
      const said = await work(item.value);
      goesOn &&= said;
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return goesOn;
}
