import { distinct } from '../../core/collections.ts';
import type { Reply } from '../../instagram/comment.ts';
import type { Allowance } from './call-budget.ts';
import { type CommentSource, type CommentThread, type MoreReplies } from './threads.ts';
import type { ProviderFailureKind, UpstreamReceipt } from '../provider.ts';

/** How many threads are read at a time. A Worker may have six connections open at once; two are left for everything else. */
export const REPLY_CALLS_AT_ONCE = 4;

/** Failures that are about one comment, such as one deleted since; after any other the vendor isn't asked for replies again. */
const ABOUT_ONE_COMMENT: ReadonlySet<ProviderFailureKind> = new Set(['not_found', 'unavailable', 'private']);

type Unfinished = {
  readonly thread: CommentThread;
  replies: Reply[];
  more: MoreReplies;
  readonly visited: Set<string | null>;
  readonly attempts: UpstreamReceipt[];
};

/**
 * Fetches the replies that the pages of comments didn't bring, with what is left of the allowance. In rounds, a page for every
 * thread before a second one for any, so that one long thread doesn't starve the others. What is not reached keeps its cursor.
 */
export async function readReplies(
  source: CommentSource,
  threads: readonly CommentThread[],
  allowance: Allowance,
): Promise<{ readonly threads: readonly CommentThread[]; readonly attempts: readonly UpstreamReceipt[] }> {
  const all = threads.map((thread): Unfinished => {
    const replies = distinct(thread.replies, ({ id }) => id);
    return { thread, replies, more: thread.more, visited: new Set(), attempts: [] };
  });
  let goesOn = true;
  // Every round uses up a call for each open thread or stops, so it ends at the latest when the allowance does.
  for (let open = all.filter(isOpen); open.length > 0 && goesOn; open = open.filter(isOpen)) {
    goesOn = await inParallel(open, REPLY_CALLS_AT_ONCE, async (unfinished) => allowance.take() && readOnePage(source, unfinished));
  }
  return {
    threads: all.map(({ thread, replies, more }) => ({ ...thread, replies, more })),
    attempts: all.flatMap(({ attempts }) => attempts),
  };
}

/** Adds one page to a thread. False when the vendor should not be asked again. */
async function readOnePage(source: CommentSource, unfinished: Unfinished): Promise<boolean> {
  const { thread, more, visited, attempts } = unfinished;
  if (typeof more === 'string') return true;
  visited.add(more.cursor);
  const fetched = await source.fetchReplies(thread.comment.id, more.cursor);
  attempts.push(fetched.ok ? fetched.value.receipt : fetched.error.receipt);
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

/** Works through the items in order, `width` of them at a time, until `work` says false; work under way is waited for. False when it did. */
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
