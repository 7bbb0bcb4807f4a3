import type { LineItem } from '../../billing/price-card.ts';
import type { CoalescingNote, UpstreamReceipt } from '../../providers/provider.ts';
import type { WriteOptions } from '../cache/content-cache.ts';
import type { ReadContext } from '../model/context.ts';

/** When the content was read (unix milliseconds), and who writes it to the cache. */
export type FetchedAt = { readonly storedAt: number; readonly by: WriteOptions['by'] };

/**
 * Records the upstream calls of a part for the log and the receipt, and whether another request had made them. `item` is the line that pays
 * for the calls that name none.
 */
export function recordCalls(
  { deps, trace }: ReadContext,
  item: LineItem,
  fetched: { readonly attempts?: readonly UpstreamReceipt[]; readonly coalescing?: CoalescingNote },
): FetchedAt {
  const calls = fetched.attempts?.map((attempt) => ({ item, ...attempt }));
  if (calls !== undefined) trace.attempts = [...(trace.attempts ?? []), ...calls];
  const joined = fetched.coalescing?.joined === true;
  if (joined) trace.coalescing = 'joined';
  return { storedAt: fetched.coalescing?.completedAt ?? deps.clock(), by: joined ? 'follower' : 'reader' };
}
