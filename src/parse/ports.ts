import type { CoalescingNote } from '../providers/provider.ts';
import type { Budget } from '../net/deadline.ts';
import type { Result } from '../core/result.ts';
import type { RankedComment } from '../instagram/comment-ranking.ts';
import type { TranscriptSegment } from '../instagram/transcript.ts';

export const MEDIA_PARSE_MODES = ['summary', 'tldr', 'json'] as const;
export type MediaParseMode = (typeof MEDIA_PARSE_MODES)[number];

export const COMMENT_PARSE_MODES = [
  'themes',
  'sentiment',
  'json',
  'questions',
  'objections',
  'consensus',
  'notable_replies',
  'spam_low_signal',
  'entities',
] as const;
export type CommentParseMode = (typeof COMMENT_PARSE_MODES)[number];

/** The post as the language model receives it. Null is unknown or absent. */
export type ParsedPost = {
  readonly mediaId: string;
  readonly shortcode: string;
  readonly type: string;
  readonly ownerUsername: string | null;
  readonly timestamp: string | null;
  readonly caption: string | null;
  readonly transcript: { readonly text: string; readonly language: string | null } | null;
  readonly metrics: Readonly<Record<string, number | null>>;
};

/** What to interpret. A post may come with ranked comments for its summary; a comment mode always has them. */
export type ParseRequest =
  | {
      readonly subject: 'media';
      readonly mode: MediaParseMode;
      readonly post: ParsedPost;
      readonly comments: readonly RankedComment[] | null;
    }
  | {
      readonly subject: 'comments';
      readonly mode: CommentParseMode;
      readonly shortcode: string;
      readonly mediaId: string;
      readonly comments: readonly RankedComment[];
    };

/** A validated output: it fits the mode's schema and refers only to comments of the request. */
export type Parsed = {
  readonly output: Readonly<Record<string, unknown>>;
  readonly model: string;
  readonly promptVersion: string;
  readonly coalescing?: CoalescingNote;
};

/** Why there is no output. `invalid_output`: the gateway twice returned something that does not fit. */
export type ParseFailure = {
  readonly kind: 'not_configured' | 'timed_out' | 'unreachable' | 'refused' | 'rate_limited' | 'invalid_output';
};

/** The port of the hosted language model. */
export interface Parser {
  readonly configured: boolean;
  /** Part of the cache key. */
  readonly model: string;
  /** The version of a mode's prompt and schema; part of the cache key. */
  promptVersion(request: Pick<ParseRequest, 'subject' | 'mode'>): string;
  /**
   * Interprets a request within the budget. The gateway treats requests with the same `idempotencyKey` as one. Returns a failure for
   * whatever the gateway or the network does; never throws for it.
   */
  parse(request: ParseRequest, idempotencyKey: string, budget: Budget): Promise<Result<Parsed, ParseFailure>>;
}

/** What hosted transcription needs to know about a video. */
export type TranscriptionRequest = {
  readonly mediaId: string;
  readonly shortcode: string;
  readonly mediaUrl: string;
  /** Null where unknown; the gateway then measures it. */
  readonly durationSeconds: number | null;
};

/** Why there is no transcript. `refused`: the gateway rejected the request itself (its token or its body). */
export type TranscriptionFailure = {
  readonly kind:
    | 'not_configured'
    | 'no_speech'
    | 'too_long'
    | 'media_url_expired'
    | 'timed_out'
    | 'unreachable'
    | 'refused'
    | 'rate_limited'
    | 'invalid_output';
};

/** The port of hosted transcription. */
export interface Transcriber {
  readonly configured: boolean;
  readonly model: string;
  transcribe(
    request: TranscriptionRequest,
    idempotencyKey: string,
    budget: Budget,
  ): Promise<
    Result<
      {
        readonly text: string;
        readonly language: string | null;
        readonly segments: readonly TranscriptSegment[] | null;
        readonly model: string;
        readonly coalescing?: CoalescingNote;
      },
      TranscriptionFailure
    >
  >;
}
