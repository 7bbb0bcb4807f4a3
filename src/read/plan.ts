import type { InstagramMedia } from '../instagram/media.ts';
import type { MediaTarget } from '../instagram/target.ts';
import type { CommentBatch } from '../providers/provider.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { CursorContent } from './comments-cursor.ts';
import type { ReadDeps } from './ports.ts';
import type { Freshness, Want } from './want.ts';
import { lookUpComments } from './parts/comments.ts';
import { lookUpMedia, type MediaSlot } from './parts/media.ts';
import { lookUpParse, type ParseResult, prepareParse } from './parts/parse.ts';
import { lookUpTranscript, type TranscriptSlot } from './parts/transcript.ts';
import type { ReadRefusal } from '../errors/from-read.ts';
import { EMPTY_SLOT, type Slot } from './slot.ts';

/** What is at hand for a read before any money or provider is asked. A part that isn't wanted is null. */
export type Plan = {
  readonly want: Want;
  readonly media: MediaSlot | null;
  readonly comments: (Slot<CommentBatch> & { readonly from: CursorContent | null }) | null;
  readonly transcript: TranscriptSlot | null;
  readonly parse: { readonly hit: ParseResult | null } | null;
  /** Whether everything wanted is at hand, so that nothing has to go out. */
  readonly isComplete: boolean;
};

/** The plan for a post whose name is not known yet: everything may have to be fetched. */
export function planUnlocated(want: Want): Plan {
  const isMedia = want.main === 'media';
  return {
    want,
    media: isMedia ? { ...EMPTY_SLOT, absent: null } : null,
    comments: want.comments === null ? null : { ...EMPTY_SLOT, from: null },
    transcript: isMedia && want.transcript !== 'none' ? { hit: null, providerHasNone: null } : null,
    parse: want.parse === null ? null : { hit: null },
    isComplete: false,
  };
}

/** Looks up each wanted part by itself. Refuses a cursor that isn't ours or belongs to another request. */
export async function planRead(deps: ReadDeps, want: Want, freshness: Freshness, target: MediaTarget): Promise<Result<Plan, ReadRefusal>> {
  const { shortcode } = target;
  const from = await openCursor(deps, want, shortcode);
  if (!from.ok) return from;
  const isMedia = want.main === 'media';
  const [media, comments, transcript] = await Promise.all([
    isMedia ? lookUpMedia(deps, shortcode, freshness) : null,
    want.comments === null ? null : lookUpComments(deps, shortcode, want.comments, freshness),
    isMedia && want.transcript !== 'none' ? lookUpTranscript(deps, shortcode, want.transcript) : null,
  ]);
  const isAtHand =
    (media === null || media.hit !== null) &&
    (comments === null || comments.hit !== null) &&
    (transcript === null || transcript.hit !== null);
  const parseHit = isAtHand && want.parse !== null ? await knownParse(deps, want, shortcode, { media, comments, transcript }) : null;
  const parse = want.parse === null ? null : { hit: parseHit };
  return ok({
    want,
    media,
    comments: comments === null ? null : { ...comments, from: from.value },
    transcript,
    parse,
    isComplete: isAtHand && (parse === null || parse.hit !== null),
  });
}

async function openCursor(deps: ReadDeps, want: Want, shortcode: string): Promise<Result<CursorContent | null, ReadRefusal>> {
  const wanted = want.comments;
  if (wanted === null || wanted.cursor === null) return ok(null);
  const opened = await deps.seal.open(wanted.cursor, { shortcode, includeReplies: wanted.includeReplies });
  if (opened.ok) return opened;
  const message =
    opened.error === 'invalid'
      ? 'The cursor is not one of ours, or was changed. Send it exactly as `nextCursor` gave it.'
      : 'The cursor belongs to another post, or to a request with another `includeReplies`.';
  return err({ code: 'invalid_cursor', message, details: { reason: opened.error } });
}

async function knownParse(
  deps: ReadDeps,
  want: Want,
  shortcode: string,
  found: {
    readonly media: Slot<InstagramMedia> | null;
    readonly comments: Slot<CommentBatch> | null;
    readonly transcript: TranscriptSlot | null;
  },
): Promise<ParseResult | null> {
  const transcript = found.transcript?.hit?.kind === 'transcript' ? found.transcript.hit.transcript : null;
  const prepared = await prepareParse(deps, want, {
    shortcode,
    media: found.media?.hit?.value ?? null,
    transcript,
    comments: found.comments?.hit?.value ?? null,
  });
  if (prepared === null) return { kind: 'missing', reason: 'nothing_to_parse', promptVersion: null };
  const known = await lookUpParse(deps, prepared);
  if (known !== null || deps.parser.configured) return known;
  return { kind: 'missing', reason: 'boundary_not_configured', promptVersion: deps.parser.promptVersion(prepared.request) };
}
