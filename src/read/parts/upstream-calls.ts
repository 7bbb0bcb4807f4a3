import type { FlightNote, UpstreamReceipt } from '../../providers/provider.ts';
import type { WriteOptions } from '../cache/content-cache.ts';
import type { ReadContext } from '../model/context.ts';

/** When the content was read (unix milliseconds), and who writes it to the cache. */
export type FetchedAt = { readonly storedAt: number; readonly by: WriteOptions['by'] };

/** Records the upstream calls of a part for the log and the receipt, and whether another request had made them. */
export function recordCalls(
  { deps, trace }: ReadContext,
  fetched: { readonly attempts?: readonly UpstreamReceipt[]; readonly flight?: FlightNote },
): FetchedAt {
  if (fetched.attempts !== undefined) trace.attempts = [...(trace.attempts ?? []), ...fetched.attempts];
  const joined = fetched.flight?.joined === true;
  if (joined) trace.flight = 'joined';
  return { storedAt: fetched.flight?.landedAt ?? deps.clock(), by: joined ? 'follower' : 'reader' };
}
