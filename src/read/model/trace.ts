import type { UpstreamReceipt } from '../../providers/provider.ts';
import type { CacheStatus } from '../cache/freshness.ts';

/** Facts about a read for the log line of its request. Never text that people wrote. */
export type ReadTrace = {
  targetKind?: 'media' | 'share';
  shortcode?: string;
  cache?: CacheStatus;
  accountId?: string | null;
  /** The account's available balance after the read, as far as it is known. */
  available?: number | null;
  attempts?: UpstreamReceipt[];
  transcript?: string;
  parse?: string;
  /** Set when some part came from an upstream call that another request had started. */
  coalescing?: 'joined';
};
