import type { CommentParseMode, MediaParseMode } from '../parse/parser.ts';
import type { UpstreamReceipt } from '../providers/provider.ts';
import type { KeptAnswer } from '../billing/replays.ts';
import type { Payer } from './payer.ts';
import type { Reading } from './reader.ts';
import type { ReadRefusal } from './refusals.ts';

/** The sizes in which comments are sold. */
export type CommentLimit = 20 | 100 | 500;

/** Which comments a read asks for. `cursor` is the opaque text of an earlier answer's `nextCursor`. */
export type CommentsWanted = { readonly limit: CommentLimit; readonly includeReplies: boolean; readonly cursor: string | null };

/** Which transcript a read asks for: none, only what a provider supplies, or failing that one made by the hosted boundary. */
export type TranscriptWanted = 'none' | 'provider' | 'provider_or_hosted';

/** What a read asks for. `main` fails the read when it fails; every other part that fails is refunded and named in the limitations. */
export type Want =
  | {
      readonly main: 'media';
      /** Anything but a reel is refused. */
      readonly reelOnly: boolean;
      readonly transcript: TranscriptWanted;
      readonly comments: CommentsWanted | null;
      readonly parse: MediaParseMode | null;
    }
  | { readonly main: 'comments'; readonly comments: CommentsWanted; readonly parse: CommentParseMode | null };

/** How old an answer may be, in seconds: a copy older than `maxAge` is read anew; one past its time by at most `maxStale` serves when providers fail. */
export type Freshness = { readonly maxAgeSeconds: number | null; readonly maxStaleSeconds: number };

/** One paid read, as a route orders it. */
export type ReadOrder = {
  /** The endpoint's path, for the receipt. */
  readonly endpoint: string;
  /** The URL or shortcode as the caller gave it. */
  readonly input: string;
  readonly want: Want;
  readonly freshness: Freshness;
  readonly payer: Payer;
  /** The most it may cost, micro-credits; null without a ceiling. */
  readonly ceiling: number | null;
  /** How an answer is kept for a repeat under the same Idempotency-Key; null without one. */
  readonly memory: AnswerMemory | null;
};

/** Renders an answer for keeping before it is known that the money moved: a reading's payment says all but the balance. */
export type AnswerMemory = {
  readonly reading: (reading: Reading) => Promise<KeptAnswer>;
  readonly refusal: (refusal: ReadRefusal) => Promise<KeptAnswer>;
};

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

/** Where a part came from: a copy still fresh, a provider, or a copy past its time because the providers failed. */
export type CacheStatus = 'hit' | 'miss' | 'stale';
