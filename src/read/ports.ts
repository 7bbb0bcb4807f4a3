import type { PriceCard } from '../billing/price-card.ts';
import type { Clock } from '../core/clock.ts';
import type { Parser, Transcriber } from '../parse/ports.ts';
import type { CommentsSource, Failover, TranscriptSource } from '../providers/failover.ts';
import type { ShareLinkResolver } from '../providers/share-link.ts';
import type { ContentCache } from './cache/content-cache.ts';
import type { CursorSeal } from './comments-cursor.ts';

/** What reading works with: ports only. */
export type ReadDeps = {
  readonly clock: Clock;
  readonly cache: ContentCache;
  readonly seal: CursorSeal;
  readonly media: Failover;
  readonly comments: CommentsSource;
  readonly transcripts: TranscriptSource;
  readonly transcriber: Transcriber;
  readonly parser: Parser;
  readonly shareLinks: ShareLinkResolver;
  readonly priceCard: PriceCard;
  /** For one whole read, whatever it needs. Milliseconds. */
  readonly deadlineMs: number;
  /** How long posts and comments stay fresh at most. Seconds. */
  readonly contentTtlSeconds: number;
  /** How long the news that a post can't be read is remembered. Seconds. */
  readonly absentTtlSeconds: number;
  /** Keeps work alive after the answer has gone out: only for what may be lost. */
  readonly background: (work: Promise<void>) => void;
};
