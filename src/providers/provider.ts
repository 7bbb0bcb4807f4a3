import type { Comment } from '../instagram/comment.ts';
import type { InstagramMedia } from '../instagram/media.ts';
import type { TranscriptSegment } from '../instagram/transcript.ts';
import type { MediaTarget } from '../instagram/target.ts';
import type { Result } from '../core/result.ts';
import type { Budget } from '../net/deadline.ts';

/** The known data providers. Settings use the same names. */
export const PROVIDER_IDS = ['scrapecreators', 'hikerapi', 'apify'] as const;
export type ProviderId = (typeof PROVIDER_IDS)[number];

/** Whether a caller joined a coalesced request that another caller started, and when that completed (unix milliseconds). */
export type CoalescingNote = { readonly joined: boolean; readonly completedAt: number };

/** What one upstream call cost and how it ended. Stored in the read's receipt, never with the vendor's body. */
export type UpstreamReceipt = {
  readonly provider: ProviderId;
  /** The vendor's path or actor, without query, key or target. */
  readonly endpoint: string;
  readonly billedUnit: 'result' | 'request' | 'credit';
  readonly billedUnits: number;
  readonly resultCount: number;
  /** Micro-dollars, estimated by list price. */
  readonly estimatedCostMicros: number;
  readonly latencyMs: number;
  readonly httpStatus: number | null;
  /** The line of the price that the call counts towards. Absent until it is known. */
  readonly item?: string;
};

/** The time and money of one part of a read: the most that its calls may cost by list price, in micro-dollars. */
export type CallBudget = Budget & { readonly maxCostMicros: number };

/** What one of several providers delivered, and every upstream call that it took, failed ones included. */
export type Delivery<T> = {
  readonly value: T;
  readonly provider: ProviderId;
  readonly billedUnit: UpstreamReceipt['billedUnit'];
  /** Results of all calls to the provider that delivered, repeats included. */
  readonly resultCount: number;
  readonly attempts: readonly UpstreamReceipt[];
  readonly coalescing?: CoalescingNote;
};

/** A value and the upstream call that delivered it. */
export type Fetched<T> = { readonly value: T; readonly receipt: UpstreamReceipt };

/**
 * Why a provider delivered nothing. `not_found`, `private`, `login_required` and `age_restricted` are definite: another provider would say
 * the same. `unavailable` is a vendor's "gone or private", worth one second opinion. After any other failure the next provider is asked.
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
  /** Present when the vendor said how long to wait. */
  readonly retryAfterSeconds?: number;
  readonly receipt: UpstreamReceipt;
};

/** A data provider of posts, one adapter per vendor. */
export interface Provider {
  readonly id: ProviderId;
  /** Reads one post or reel within the budget. Returns a failure for whatever the vendor or the network does; never throws for it. */
  fetchMedia(target: MediaTarget, budget: Budget): Promise<Result<Fetched<InstagramMedia>, ProviderFailure>>;
}

/** Which comments to read. `limit` counts top-level comments; `position` continues an earlier batch of the same provider. */
export type CommentsOrder = {
  readonly limit: 20 | 100 | 500;
  readonly includeReplies: boolean;
  readonly position: CommentsPosition | null;
  /** The most that the calls for comments, and those for replies, may cost by list price, in micro-dollars. */
  readonly maxCostMicros: { readonly comments: number; readonly replies: number };
};

/** One batch of comments to read. `postOwner` is the username of the post's author where known, to mark the author's comments. */
export type CommentsRequest = { readonly target: MediaTarget; readonly order: CommentsOrder; readonly postOwner: string | null };

/** A position in a vendor's list of comments, from which reading continues without gap or duplicate. */
export type CommentsPosition = {
  /** The vendor's cursor of the page to start with; null for the first page. */
  readonly cursor: string | null;
  /** Top-level comments of that page that were delivered before. */
  readonly skip: number;
  /** The last delivered comment. If the page has shifted but still contains it, reading continues after it. */
  readonly lastId: string | null;
};

/**
 * Why a batch has fewer comments than requested. `deadline`: the read's time or calls ran out; `price_limit`: its price pays for no further
 * call; `provider_limit`: the vendor gives no more; `provider_failed`: a later page failed.
 */
export type CommentsShortfall = 'end_of_thread' | 'disabled' | 'deadline' | 'price_limit' | 'provider_limit' | 'provider_failed';

/** A batch of comments: unique ids, in the vendor's stable order, requested replies nested under their parent. */
export type CommentBatch = {
  readonly comments: readonly Comment[];
  /** Null when the batch is full. */
  readonly shortfall: CommentsShortfall | null;
  /** Where the next batch starts; null at the end of the thread and where the vendor cannot continue. */
  readonly next: CommentsPosition | null;
  readonly order: 'ranked' | 'newest' | 'unknown';
  /** True when requested replies of some comment are known to be missing. */
  readonly repliesIncomplete: boolean;
  /** Present where they are missing because the price of the replies pays for no further call. */
  readonly repliesEndedBy?: 'price_limit';
  /** Pictures of some authors were withheld, because their URLs lead elsewhere than to the platform. */
  readonly avatarsWithheld?: boolean | undefined;
};

/** A value and all upstream calls that delivered it, in order. */
export type FetchedPages<T> = { readonly value: T; readonly attempts: readonly UpstreamReceipt[] };

/** A data provider of comments. */
export interface CommentsProvider {
  readonly id: ProviderId;
  /**
   * Reads comments page by page within the budget and delivers what arrived; fails only when nothing did. Disabled or absent comments are
   * an empty batch.
   */
  fetchComments(
    request: CommentsRequest,
    budget: Budget,
  ): Promise<Result<FetchedPages<CommentBatch>, ProviderFailure & { readonly attempts: readonly UpstreamReceipt[] }>>;
}

/**
 * A vendor's outcome for a transcript. `no_speech`: it found no speech; `too_long`: it does not accept the length; `none`: it has no
 * transcript and gives no reason.
 */
export type TranscriptOutcome =
  | {
      readonly kind: 'transcript';
      readonly text: string;
      readonly language: string | null;
      readonly segments: readonly TranscriptSegment[] | null;
    }
  | { readonly kind: 'no_speech' | 'too_long' | 'none' };

/** A data provider of transcripts. */
export interface TranscriptProvider {
  readonly id: ProviderId;
  /** Asks for the transcript of a reel or video. `durationSeconds` is null where unknown. */
  fetchTranscript(
    target: MediaTarget,
    durationSeconds: number | null,
    budget: Budget,
  ): Promise<Result<Fetched<TranscriptOutcome>, ProviderFailure>>;
}
