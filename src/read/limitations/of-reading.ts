import type { Delivered } from '../slot.ts';
import { ageSeconds } from '../cache/content-cache.ts';
import type { CommentsOutcome, Outcome } from '../delivery.ts';
import { type Limitation, limitation, LIMITATIONS } from './catalog.ts';
import { mediaLimitations } from './of-media.ts';
import type { Want } from '../want.ts';
import type { ParseResult } from '../parts/parse.ts';
import type { TranscriptResult } from '../parts/transcript.ts';

/** Everything that is missing or weak in a read, for every part of it. `now` in unix milliseconds. */
export function limitationsOf(want: Want, outcome: Outcome, now: number): Limitation[] {
  const { media, comments, transcript, parse } = outcome;
  return [
    ...(media === null ? [] : [...mediaLimitations(media.value, now, copyAge(media, now)), ...staleCopy(media, 'data', now)]),
    ...(comments === null ? [] : commentLimitations(want, comments, now)),
    ...(transcript?.kind === 'missing' ? [limitation('transcript_unavailable', 'data.transcript', transcript.reason)] : []),
    ...(parse === null ? [] : parseLimitations(want, parse, media?.value ?? null, transcript)),
  ];
}

function commentLimitations(want: Want, outcome: CommentsOutcome, now: number): Limitation[] {
  const path = 'data.comments';
  if (outcome.kind === 'missing') return [limitation('comments_unavailable', path, outcome.reason)];
  const { value } = outcome.delivered;
  const found: Limitation[] = [];
  if (value.shortfall !== null) {
    const requested = want.comments?.limit ?? 0;
    const counted = `${value.comments.length} of ${requested} comments were delivered.`;
    found.push(
      limitation('comments_incomplete', path, value.shortfall, `${counted} ${LIMITATIONS.comments_incomplete.reasons[value.shortfall]}`),
    );
  }
  if (value.comments.length > 0 && value.order !== 'newest') {
    found.push(limitation('comments_order_unverified', path, value.order === 'ranked' ? 'platform_ranking' : 'unknown_order'));
  }
  if (value.repliesIncomplete) found.push(limitation('replies_incomplete', `${path}[].replies`, 'provider_limit'));
  if (value.comments.some(({ owner }) => owner.username === null || owner.isVerified === null)) {
    found.push(limitation('comment_owner_unavailable', `${path}[].owner`, 'provider_missing'));
  }
  return [...found, ...staleCopy(outcome.delivered, path, now)];
}

function parseLimitations(
  want: Want,
  parse: ParseResult,
  media: { readonly caption: string | null; readonly type: string } | null,
  transcript: TranscriptResult | null,
): Limitation[] {
  if (parse.kind === 'missing') return [limitation('parse_failed', 'parse', parse.reason)];
  const found: Limitation[] = [];
  if (parse.sample !== null && parse.usedComments) {
    const { included, considered } = parse.sample;
    found.push(
      limitation(
        'sampled_comments',
        'parse.sample',
        'ranked_sample',
        `The interpretation saw ${included} of ${considered} comments and replies.`,
      ),
    );
  }
  if (want.main === 'media' && media !== null) {
    if (media.caption === null) found.push(limitation('parse_without_caption', 'parse', 'no_caption'));
    const isVideo = media.type === 'reel' || media.type === 'video';
    if (isVideo && transcript?.kind !== 'transcript') {
      found.push(limitation('parse_without_transcript', 'parse', transcript === null ? 'not_requested' : 'unavailable'));
    }
  }
  return found;
}

function staleCopy(delivered: Delivered<unknown>, path: string, now: number): Limitation[] {
  if (delivered.status !== 'stale') return [];
  return [
    limitation('stale_copy', path, 'providers_failed', `No provider delivered; this copy is ${ageSeconds(delivered, now)} seconds old.`),
  ];
}

function copyAge(delivered: Delivered<unknown>, now: number): number | null {
  return delivered.status === 'miss' ? null : ageSeconds(delivered, now);
}
