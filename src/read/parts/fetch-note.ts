import type { FlightNote, UpstreamReceipt } from '../../providers/provider.ts';
import type { ReadDeps } from '../ports.ts';
import type { ReadTrace } from '../trace.ts';

/** When a part was read (unix milliseconds), and in whose name its copy is kept. */
export type FetchNote = { readonly storedAt: number; readonly by: 'reader' | 'joiner' };

/** Notes for the log and the receipt what a part took: its upstream calls, and whether another request had made them. */
export function noteFetch(
  deps: Pick<ReadDeps, 'clock'>,
  trace: ReadTrace,
  fetched: { readonly attempts?: readonly UpstreamReceipt[]; readonly flight?: FlightNote },
): FetchNote {
  if (fetched.attempts !== undefined) trace.attempts = [...(trace.attempts ?? []), ...fetched.attempts];
  const joined = fetched.flight?.joined === true;
  if (joined) trace.flight = 'joined';
  return { storedAt: fetched.flight?.landedAt ?? deps.clock(), by: joined ? 'joiner' : 'reader' };
}
