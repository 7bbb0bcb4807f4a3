import type { CommentParseMode, MediaParseMode } from '../parse/ports.ts';

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

/** Where a part came from: a copy still fresh, a provider, or a copy past its time because the providers failed. */
export type CacheStatus = 'hit' | 'miss' | 'stale';
