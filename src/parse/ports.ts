import type { FlightNote } from '../providers/provider.ts';
import type { Budget } from '../net/deadline.ts';
import type { Result } from '../core/result.ts';
import type { RankedComment } from '../instagram/comment-ranking.ts';
import type { TranscriptSegment } from '../instagram/transcript.ts';

/** What a caller may ask to be made of a post. */
export const MEDIA_PARSE_MODES = ['summary', 'tldr', 'json'] as const;
export type MediaParseMode = (typeof MEDIA_PARSE_MODES)[number];

/** What a caller may ask to be made of comments. */
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

/** The post as the boundary gets to see it. Null where it is not known or there is none. */
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

/** What is to be parsed. A summary of a post may come with ranked comments; a mode of comments always does. */
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

/** A validated output: it fits the mode's schema, and every comment id in it is one of the request's. */
export type Parsed = {
  readonly output: Readonly<Record<string, unknown>>;
  readonly model: string;
  readonly promptVersion: string;
  readonly flight?: FlightNote;
};

/** Why there is no output. `invalid_output`: the boundary answered twice with something that doesn't fit. */
export type ParseFailure = {
  readonly kind: 'not_configured' | 'timed_out' | 'unreachable' | 'refused' | 'rate_limited' | 'invalid_output';
};

/** Hosted AI interpretation. */
export interface Parser {
  readonly configured: boolean;
  /** The model that is asked for; part of the cache key. */
  readonly model: string;
  /** The version of the prompt and schema of a mode; part of the cache key. */
  promptVersion(request: Pick<ParseRequest, 'subject' | 'mode'>): string;
  /** `idempotencyKey` makes a repeated request at the boundary harmless. Never throws for what the boundary or the network does. */
  parse(request: ParseRequest, idempotencyKey: string, budget: Budget): Promise<Result<Parsed, ParseFailure>>;
}

/** What hosted transcription needs to know of a video. */
export type TranscriptionRequest = {
  readonly mediaId: string;
  readonly shortcode: string;
  readonly mediaUrl: string;
  /** Null where it is not known; the boundary then measures. */
  readonly durationSeconds: number | null;
};

/** The words, or why there are none. `refused`: the boundary did not take the request (its token, our body). */
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

/** Hosted transcription. */
export interface Transcriber {
  readonly configured: boolean;
  /** The model that is asked for. */
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
        readonly flight?: FlightNote;
      },
      TranscriptionFailure
    >
  >;
}
