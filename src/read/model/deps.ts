import type { PriceCard } from '../../billing/price-card.ts';
import type { Clock } from '../../core/clock.ts';
import type { Parser, Transcriber } from '../../parse/ports.ts';
import type { CommentsSource, Failover, TranscriptSource } from '../../providers/failover.ts';
import type { ShareLinkResolver } from '../../providers/share-link.ts';
import type { ContentCache } from '../cache/content-cache.ts';
import type { CursorSeal } from './comments-cursor.ts';

/** The ports that reads depend on. */
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
  /** The time for everything that one read does. */
  readonly deadlineMs: number;
  /** The longest that posts and comments stay fresh. */
  readonly contentTtlSeconds: number;
  /** How long it is cached that a post cannot be read. */
  readonly absentTtlSeconds: number;
  /** Keeps work alive after the response has been sent: only for work that may be lost. */
  readonly background: (work: Promise<void>) => void;
};
