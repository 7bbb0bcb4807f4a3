import type { Comment } from '../instagram/comment.ts';
import type { InstagramMedia } from '../instagram/media.ts';
import type { TranscriptSegment } from '../instagram/transcript.ts';
import type { MediaTarget } from '../instagram/target.ts';
import type { Result } from '../core/result.ts';
import type { Budget } from '../net/deadline.ts';

/** The data providers igskill knows. Also the names used in configuration. */
export const PROVIDER_IDS = ['scrapecreators', 'hikerapi', 'apify'] as const;
export type ProviderId = (typeof PROVIDER_IDS)[number];

/** How an answer came by a flight that others may have shared: whether this caller joined it, and when it landed (unix milliseconds). */
export type FlightNote = { readonly joined: boolean; readonly landedAt: number };

/** What one upstream call cost and how it went; kept in the receipt of the read, never with the vendor's body. */
export type UpstreamReceipt = {
  readonly provider: ProviderId;
  /** The vendor's path or actor, without query, key or target. */
  readonly endpoint: string;
  /** The vendor's own unit of billing. */
  readonly billedUnit: 'result' | 'request' | 'credit';
  readonly billedUnits: number;
  readonly resultCount: number;
  /** Millionths of a US dollar, by the list prices of the adapter. */
  readonly estimatedCostMicros: number;
  readonly latencyMs: number;
  /** Null when no answer came. */
  readonly httpStatus: number | null;
};

/** What one of several providers delivered, and every upstream call that it took, failed ones included. */
export type Delivery<T> = {
  readonly value: T;
  readonly provider: ProviderId;
  readonly billedUnit: UpstreamReceipt['billedUnit'];
  /** Results of all calls to the provider that delivered, repeats included. */
  readonly resultCount: number;
  readonly attempts: readonly UpstreamReceipt[];
  readonly flight?: FlightNote;
};

/** A delivered thing with what it cost upstream. */
export type Fetched<T> = { readonly value: T; readonly receipt: UpstreamReceipt };

/**
 * Why a provider delivered nothing. `not_found`, `private`, `login_required` and `age_restricted` are definite: another
 * provider would say the same. `unavailable` is a vendor's "gone or private, can't tell" and is worth one second opinion.
 * The rest are the vendor's trouble, and the next provider is asked.
 */
export type ProviderFailureKind =
  | 'not_found'
  | 'private'
  | 'login_required'
  | 'age_restricted'
  | 'unavailable'
  | 'blocked'
  | 'rate_limited'
  | 'out_of_credit'
  | 'misconfigured'
  | 'timed_out'
  | 'server_error'
  | 'bad_response';

export type ProviderFailure = {
  readonly kind: ProviderFailureKind;
  /** Seconds, when the vendor said how long to wait. */
  readonly retryAfterSeconds?: number;
  readonly receipt: UpstreamReceipt;
};

/** A data provider that reads posts. One adapter a vendor; each answers in the same shape and with the same failures. */
export interface Provider {
  readonly id: ProviderId;
  /** Reads one post or reel. Never throws for what the vendor or the network does. */
  fetchMedia(target: MediaTarget, budget: Budget): Promise<Result<Fetched<InstagramMedia>, ProviderFailure>>;
}

/** Which comments: `limit` counts top-level comments. `position` continues where an earlier batch of the same provider ended. */
export type CommentsOrder = {
  readonly limit: 20 | 100 | 500;
  readonly includeReplies: boolean;
  readonly position: CommentsPosition | null;
};

/** One batch of comments to read. `postOwner` is the username of the post's author where known, to mark the author's comments. */
export type CommentsRequest = { readonly target: MediaTarget; readonly order: CommentsOrder; readonly postOwner: string | null };

/** A place in a vendor's list of comments, from which the list goes on without gap or duplicate. */
export type CommentsPosition = {
  /** The vendor's cursor of the page to begin with; null for the first page. */
  readonly cursor: string | null;
  /** How many top-level comments of that page were delivered already. */
  readonly skip: number;
  /** The last comment delivered: where the page has shifted in the meantime and still holds it, the list goes on behind it. */
  readonly lastId: string | null;
};

/**
 * Why a batch holds fewer comments than asked for. `deadline`: the time or the calls of this read were used up;
 * `provider_limit`: the vendor gives no more; `provider_failed`: a later page failed.
 */
export type CommentsShortfall = 'end_of_thread' | 'disabled' | 'deadline' | 'provider_limit' | 'provider_failed';

/** Comments as far as they came: ids unique, in the vendor's stable order, replies (where asked for) nested under their parent. */
export type CommentBatch = {
  readonly comments: readonly Comment[];
  /** Null when the batch is as full as asked for. */
  readonly shortfall: CommentsShortfall | null;
  /** Where to go on; null at the end of the thread and where the vendor can't go on. */
  readonly next: CommentsPosition | null;
  /** How the vendor orders them, as far as known. */
  readonly order: 'ranked' | 'newest' | 'unknown';
  /** Whether some comment is known to have replies that were asked for and didn't come. */
  readonly repliesIncomplete: boolean;
};

/** A fetch that took several calls. `attempts` has them all, in order. */
export type FetchedPages<T> = { readonly value: T; readonly attempts: readonly UpstreamReceipt[] };

/** A data provider that reads comments. */
export interface CommentsProvider {
  readonly id: ProviderId;
  /**
   * Reads comments page by page within the budget. What has arrived is delivered; an error only when nothing did. Comments that
   * are disabled or absent are an empty batch. `postOwner` is the owner's user name where it is known, to mark the owner's comments.
   */
  fetchComments(
    request: CommentsRequest,
    budget: Budget,
  ): Promise<Result<FetchedPages<CommentBatch>, ProviderFailure & { readonly attempts: readonly UpstreamReceipt[] }>>;
}

/**
 * What a vendor says of a video's words. `no_speech`: it listened and heard none; `too_long`: longer than it takes;
 * `none`: it has no transcript and doesn't say why.
 */
export type TranscriptOutcome =
  | {
      readonly kind: 'transcript';
      readonly text: string;
      readonly language: string | null;
      readonly segments: readonly TranscriptSegment[] | null;
    }
  | { readonly kind: 'no_speech' | 'too_long' | 'none' };

/** A data provider that supplies transcripts. */
export interface TranscriptProvider {
  readonly id: ProviderId;
  /** Asks for the transcript of a reel or video. `durationSeconds` is null where it is not known. */
  fetchTranscript(
    target: MediaTarget,
    durationSeconds: number | null,
    budget: Budget,
  ): Promise<Result<Fetched<TranscriptOutcome>, ProviderFailure>>;
}
