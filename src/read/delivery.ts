import type { InstagramMedia } from '../instagram/media.ts';
import type { MediaTarget } from '../instagram/target.ts';
import type { MediaFailure } from '../providers/failover.ts';
import type { CommentBatch } from '../providers/provider.ts';
import type { Budget } from '../net/deadline.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { ReadDeps } from './ports.ts';
import type { ReadTrace } from './trace.ts';
import { fetchComments } from './parts/comments.ts';
import { fetchMedia } from './parts/media.ts';
import { makeParse, type ParseResult, prepareParse } from './parts/parse.ts';
import { fetchTranscript, type TranscriptResult } from './parts/transcript.ts';
import type { Plan } from './plan.ts';
import { absentRefusal, notAReel, providerRefusal, type ReadRefusal } from '../errors/from-read.ts';
import type { Delivered } from './slot.ts';

/** Kept free before the deadline for the hosted interpretation, when one is wanted: comments stop earlier. Milliseconds. */
const PARSE_TIME_MS = 8_000;

/** Under a short deadline the interpretation gets no more than this part of what is left. */
const LARGEST_PARSE_SHARE = 1 / 3;

/** Comments as they came, or the word for why there are none. */
export type CommentsOutcome =
  | { readonly kind: 'delivered'; readonly delivered: Delivered<CommentBatch> }
  | { readonly kind: 'missing'; readonly reason: 'provider_failed' | 'provider_none' };

/** Everything that came of a read. A part that wasn't wanted is null. */
export type Outcome = {
  readonly media: Delivered<InstagramMedia> | null;
  readonly comments: CommentsOutcome | null;
  readonly transcript: TranscriptResult | null;
  readonly parse: ParseResult | null;
};

/**
 * Gets every part of the plan that is not at hand, all under one deadline. Only while a hold is open. Refuses when the main part
 * can't be had, and when a reel is wanted and the post is none; any other part that fails is part of the outcome.
 */
export async function deliver(
  deps: ReadDeps,
  trace: ReadTrace,
  target: MediaTarget,
  plan: Plan,
  budget: Budget,
): Promise<Result<Outcome, ReadRefusal>> {
  const { want } = plan;
  trace.shortcode = target.shortcode;
  const media = await mediaPart(deps, trace, target, plan, budget);
  if (!media.ok) return media;
  if (want.main === 'media' && want.reelOnly && media.value?.value.type !== 'reel') return err(notAReel);
  const early = plan.parse === null ? budget : beforeParse(budget, deps.clock());
  const owner = media.value?.value.owner.username ?? null;
  const [comments, transcript] = await Promise.all([
    commentsPart(deps, trace, target, plan, owner, early),
    transcriptPart(deps, trace, target, plan, media.value?.value ?? null, early),
  ]);
  if (want.main === 'comments' && comments !== null && !comments.ok) return err(providerRefusal(comments.error));
  const batch = comments?.ok === true ? comments.value : null;
  const parse = await parsePart(
    deps,
    trace,
    target,
    plan,
    { media: media.value?.value ?? null, transcript, comments: batch?.value ?? null },
    budget,
  );
  trace.cache = (want.main === 'media' ? media.value?.status : batch?.status) ?? 'miss';
  return ok({ media: media.value, comments: comments === null ? null : commentsOutcome(comments), transcript, parse });
}

function beforeParse({ deadlineAt }: Budget, now: number): Budget {
  return { deadlineAt: deadlineAt - Math.min(PARSE_TIME_MS, (deadlineAt - now) * LARGEST_PARSE_SHARE) };
}

/** The outcome of a plan in which everything is at hand. */
export function atHand(plan: Plan): Outcome {
  return {
    media: plan.media?.hit ?? null,
    comments: plan.comments?.hit == null ? null : { kind: 'delivered', delivered: plan.comments.hit },
    transcript: plan.transcript?.hit ?? null,
    parse: plan.parse?.hit ?? null,
  };
}

async function mediaPart(
  deps: ReadDeps,
  trace: ReadTrace,
  target: MediaTarget,
  plan: Plan,
  budget: Budget,
): Promise<Result<Delivered<InstagramMedia> | null, ReadRefusal>> {
  if (plan.media === null) return ok(null);
  if (plan.media.absent !== null) return err(absentRefusal(plan.media.absent));
  if (plan.media.hit !== null) return ok(plan.media.hit);
  return fetchMedia(deps, trace, target, plan.media, budget);
}

async function commentsPart(
  deps: ReadDeps,
  trace: ReadTrace,
  target: MediaTarget,
  plan: Plan,
  owner: string | null,
  budget: Budget,
): Promise<Result<Delivered<CommentBatch>, MediaFailure> | null> {
  if (plan.comments === null || plan.want.comments === null) return null;
  if (plan.comments.hit !== null) return ok(plan.comments.hit);
  return fetchComments(deps, trace, target, { ...plan.want.comments, from: plan.comments.from }, owner, plan.comments, budget);
}

async function transcriptPart(
  deps: ReadDeps,
  trace: ReadTrace,
  target: MediaTarget,
  plan: Plan,
  media: InstagramMedia | null,
  budget: Budget,
): Promise<TranscriptResult | null> {
  if (plan.transcript === null || plan.want.main !== 'media' || media === null) return null;
  const result = plan.transcript.hit ?? (await fetchTranscript(deps, trace, target, media, plan.want.transcript, plan.transcript, budget));
  trace.transcript = result.kind === 'transcript' ? result.transcript.source : result.reason;
  return result;
}

async function parsePart(
  deps: ReadDeps,
  trace: ReadTrace,
  target: MediaTarget,
  plan: Plan,
  input: { readonly media: InstagramMedia | null; readonly transcript: TranscriptResult | null; readonly comments: CommentBatch | null },
  budget: Budget,
): Promise<ParseResult | null> {
  if (plan.parse === null) return null;
  if (plan.parse.hit !== null) return plan.parse.hit;
  const transcript = input.transcript?.kind === 'transcript' ? input.transcript.transcript : null;
  const prepared = await prepareParse(deps, plan.want, { ...input, shortcode: target.shortcode, transcript });
  if (prepared === null) return { kind: 'missing', reason: 'nothing_to_parse', promptVersion: null };
  return makeParse(deps, trace, prepared, budget);
}

function commentsOutcome(comments: Result<Delivered<CommentBatch>, MediaFailure>): CommentsOutcome {
  if (comments.ok) return { kind: 'delivered', delivered: comments.value };
  return { kind: 'missing', reason: comments.error.kind === 'unconfigured' ? 'provider_none' : 'provider_failed' };
}
