import type { UpstreamReceipt } from '../providers/provider.ts';
import type { CacheStatus } from './want.ts';

/** What happened on the way, for the log line of the request. Never words of people. */
export type ReadTrace = {
  targetKind?: 'media' | 'share';
  shortcode?: string;
  cache?: CacheStatus;
  accountId?: string | null;
  /** What the account can spend when the read is over, as far as that is known. */
  available?: number | null;
  attempts?: UpstreamReceipt[];
  transcript?: string;
  parse?: string;
  /** Set when some part came by a flight that another request had started. */
  flight?: 'joined';
};
