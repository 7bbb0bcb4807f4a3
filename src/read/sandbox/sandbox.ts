import type { Clock } from '../../core/clock.ts';
import { assembleComment, assembleReply, type Comment } from '../../instagram/comment.ts';
import { rankComments } from '../../instagram/comment-ranking.ts';
import { assembleMedia, type AssetFacts, type InstagramMedia, type MediaFacts } from '../../instagram/media.ts';
import { mediaIdFromShortcode } from '../../instagram/shortcode.ts';
import { type MediaTarget, parseTarget } from '../../instagram/target.ts';
import { samplePurpose } from '../../parse/prompts/modes.ts';
import { type MicroCredits, ZERO } from '../../core/money.ts';
import type { CommentBatch } from '../../providers/provider.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { CommentsOutcome, Outcome } from '../delivery.ts';
import { limitationsOf } from '../limitations/of-reading.ts';
import type { ReadOrder } from '../order.ts';
import type { ReadTrace } from '../trace.ts';
import type { CacheStatus, Want } from '../want.ts';
import type { ParseResult } from '../parts/parse.ts';
import type { TranscriptResult } from '../parts/transcript.ts';
import { nothingPaid } from '../pricing/payer.ts';
import type { Reader } from '../reader.ts';
import type { Reading } from '../reading.ts';
import { type Replayed, spendRefusal } from '../../errors/from-database.ts';
import { notAReel, type ReadRefusal, targetRefusal } from '../../errors/from-read.ts';
import { commentOutput, MEDIA_OUTPUTS } from './outputs.ts';
import { SANDBOX_SAMPLES, type SandboxSample, sampleUrl } from './samples.ts';
import type { Delivered } from '../slot.ts';

/** As fresh as a post usually is. Seconds. */
const TTL_SECONDS = 21_600;
/** How old copies of the sandbox are: one within its time, one past it. Seconds. */
const AGE_SECONDS = { miss: 0, hit: 600, stale: TTL_SECONDS + 600 } as const satisfies Record<CacheStatus, number>;
/** How many comments an incomplete batch has. */
const FEW_COMMENTS = 3;
/** The sample's post and its comments are as old as this. */
const DAY_MS = 86_400_000;
/** The samples that an interpretation goes by. */
const MOST_SAMPLED = 20;

const OWNER = 'sandbox.baker';
const PROVIDER = { id: 'scrapecreators', billedUnit: 'credit', resultCount: 1 } as const;

/**
 * Reads samples in the same envelope as posts: nothing is billed, and no provider, cache or boundary is asked. The key is identified,
 * and that is all. A target that is no sample is `post_not_found`.
 */
export function createSandbox(deps: { readonly clock: Clock }): Reader {
  return {
    async read(order, trace) {
      const found = await findSample(order, trace, deps.clock());
      return found.ok ? ok({ ...found.value.reading, payment: { ...nothingPaid, available: found.value.available } }) : found;
    },

    async quote(order, trace) {
      const found = await findSample(order, trace, deps.clock());
      if (!found.ok) return found;
      const { status, ageSeconds } = found.value.reading.cache;
      // Samples cost nothing. A copy past its time is none that a read would start from.
      const cache = status === 'hit' ? ({ status, ageSeconds } as const) : ({ status: 'miss', ageSeconds: null } as const);
      return ok({ maximum: ZERO, expected: ZERO, lines: [], cache, affordable: true, available: found.value.available });
    },
  };
}

/** The sample that an order names, for a key that may read it. */
async function findSample(
  order: ReadOrder,
  trace: ReadTrace,
  now: number,
): Promise<Result<{ readonly reading: Reading; readonly available: MicroCredits | null }, ReadRefusal | Replayed>> {
  const parsed = parseTarget(order.input);
  if (!parsed.ok) return err(targetRefusal(parsed.error));
  const known = await order.payer.identify();
  if (!known.ok) return err(spendRefusal(known.error, now));
  trace.accountId = known.value.accountId;
  trace.available = known.value.available;
  if (parsed.value.kind === 'share') return err(notASample);
  trace.shortcode = parsed.value.shortcode;
  const sample = Object.hasOwn(SANDBOX_SAMPLES, parsed.value.shortcode) ? SANDBOX_SAMPLES[parsed.value.shortcode] : undefined;
  if (sample === undefined) return err(notASample);
  const reading = readSample(order, trace, parsed.value, sample, now);
  return reading.ok ? ok({ reading: reading.value, available: known.value.available }) : reading;
}

const notASample: ReadRefusal = {
  code: 'post_not_found',
  message: 'Test keys read samples only. `details.samples` names some; docs/sandbox.md has all of them.',
  details: { reason: 'not_a_sample', samples: ['TestImage01', 'TestCarous1', 'TestReel_01', 'TestNone_01'] },
};

function readSample(
  order: ReadOrder,
  trace: ReadTrace,
  target: MediaTarget,
  sample: SandboxSample,
  now: number,
): Result<Reading, ReadRefusal> {
  if (sample.refusal !== undefined) return err(sample.refusal);
  const { want } = order;
  const type = sample.type ?? 'reel';
  if (want.main === 'media' && want.reelOnly && type !== 'reel') return err(notAReel);
  const status = sample.status ?? 'miss';
  trace.cache = status;
  const comments = want.comments === null ? null : commentsOf(sample, target.shortcode, want.comments, status, now);
  if (want.main === 'comments' && comments?.kind === 'missing') return err({ code: 'provider_unavailable' });
  const media =
    want.main === 'media' ? inHand(sampleMedia(sample, target.shortcode, type, now), 'media', target.shortcode, status, now) : null;
  const outcome: Outcome = {
    media,
    comments,
    transcript: want.main === 'media' && want.transcript !== 'none' ? transcriptOf(sample, want.transcript) : null,
    parse: want.parse === null ? null : parseOf(sample, want, target.shortcode, comments),
  };
  return ok({
    target,
    want,
    outcome,
    provider: PROVIDER,
    cache: {
      status,
      key: `sandbox:${target.shortcode}`,
      ttlSeconds: Math.max(0, TTL_SECONDS - AGE_SECONDS[status]),
      ageSeconds: AGE_SECONDS[status],
    },
    payment: nothingPaid,
    limitations: limitationsOf(want, outcome, now),
    nextCursor: null,
  });
}

function inHand<T>(value: T, part: string, shortcode: string, status: CacheStatus, now: number): Delivered<T> {
  const storedAt = now - AGE_SECONDS[status] * 1_000;
  return { value, provider: PROVIDER, status, key: `sandbox:${part}:${shortcode}`, storedAt, ttlSeconds: TTL_SECONDS };
}

function sampleMedia(sample: SandboxSample, shortcode: string, type: InstagramMedia['type'], now: number): InstagramMedia {
  const isVideo = type === 'reel' || type === 'video';
  const asset: AssetFacts = isVideo
    ? { type: 'video', url: sampleUrl('sample.mp4', now + DAY_MS), width: 720, height: 1280, durationSeconds: 21.4 }
    : { type: 'image', url: sampleUrl('sample.jpg', now + DAY_MS), width: 1080, height: 1350, altText: 'Photo of a loaf of bread.' };
  const facts: MediaFacts = {
    shortcode,
    id: mediaIdFromShortcode(shortcode),
    type,
    caption: 'Two folds and a long rest. Thanks @sandbox.mill! #bread',
    owner: {
      id: '4815162342',
      username: OWNER,
      fullName: 'Sandbox Baker',
      isVerified: false,
      isPrivate: false,
      avatarUrl: sampleUrl('avatar.jpg', now + DAY_MS),
      followers: 1_204,
    },
    takenAtMs: now - DAY_MS,
    metrics: { likes: 312, comments: 14, shares: 5, reposts: 2, ...(isVideo ? { plays: 4_011, views: 2_100 } : {}) },
    assets: [asset],
    children:
      type === 'carousel'
        ? [
            { ...asset, id: '1', shortcode: `${shortcode}a` },
            { ...asset, id: '2', shortcode: `${shortcode}b` },
          ]
        : null,
    paidPartnership: false,
    music: isVideo ? { title: 'Original audio', artist: OWNER, audioId: '1306000000000001', isOriginalAudio: true } : null,
    flags: { likesHidden: false, commentsDisabled: false, isPinned: false },
    ...sample.facts?.(now),
  };
  return assembleMedia(facts);
}

function commentsOf(
  sample: SandboxSample,
  shortcode: string,
  wanted: NonNullable<Want['comments']>,
  status: CacheStatus,
  now: number,
): CommentsOutcome {
  const { comments } = sample;
  if (comments !== undefined && 'missing' in comments) return { kind: 'missing', reason: comments.missing };
  const shortfall = comments?.shortfall ?? null;
  const count = shortfall === null ? wanted.limit : shortfall === 'disabled' ? 0 : FEW_COMMENTS;
  const batch: CommentBatch = {
    comments: Array.from({ length: count }, (_, index) => sampleComment(sample, shortcode, index, wanted.includeReplies, now)),
    shortfall,
    next: null,
    order: comments?.order ?? 'newest',
    repliesIncomplete: wanted.includeReplies && comments?.repliesIncomplete === true,
  };
  return { kind: 'delivered', delivered: inHand(batch, 'comments', shortcode, status, now) };
}

function sampleComment(sample: SandboxSample, shortcode: string, index: number, withReplies: boolean, now: number): Comment {
  const id = String(18_043_000_000_000_001n + BigInt(index));
  const who = { id: String(42_000_000_011 + index), username: `reader.${index + 1}`, fullName: `Reader ${index + 1}` };
  const known = { ...who, isVerified: false, isPrivate: false };
  const facts = {
    shortcode,
    id,
    text: `Which flour is this? Question ${index + 1} of the sandbox.`,
    owner: sample.commentersUnknown === true ? {} : known,
    createdAtMs: now - (index + 1) * 1_000,
    likeCount: 4,
    replyCount: index === 0 ? 1 : 0,
    isPinned: false,
  };
  const comment = assembleComment(facts, OWNER);
  if (!withReplies) return comment;
  const reply = { ...facts, id: `${id}0`, text: 'Rye, from the mill next door.', owner: { ...known, username: OWNER }, replyCount: 0 };
  return { ...comment, replies: index === 0 ? [assembleReply(reply, id, OWNER)] : [] };
}

function transcriptOf(sample: SandboxSample, wanted: 'provider' | 'provider_or_hosted'): TranscriptResult {
  const { transcript = 'provider' } = sample;
  // A provider alone has no words where only hosted transcription made some.
  if (transcript === 'hosted' && wanted === 'provider') return { kind: 'missing', reason: 'provider_none', status: 'miss' };
  if (transcript !== 'hosted' && transcript !== 'provider') return { kind: 'missing', reason: transcript, status: 'miss' };
  const text = 'Fold it once, fold it twice, and let it rest.';
  const segments = [{ startSeconds: 0.4, endSeconds: 3.1, text }];
  return { kind: 'transcript', transcript: { text, source: transcript, language: 'en', segments }, status: 'miss' };
}

function parseOf(sample: SandboxSample, want: Want, shortcode: string, comments: CommentsOutcome | null): ParseResult {
  const promptVersion = 'sandbox-1';
  if (sample.parse !== undefined) return { kind: 'missing', reason: sample.parse, promptVersion };
  const batch = comments?.kind === 'delivered' ? comments.delivered.value.comments : [];
  if (want.main === 'comments' && batch.length === 0) return { kind: 'missing', reason: 'nothing_to_parse', promptVersion: null };
  const usedComments = batch.length > 0 && (want.main === 'comments' || want.parse === 'summary');
  const { sample: _texts, ...ranked } = rankComments(
    batch,
    OWNER,
    MOST_SAMPLED,
    samplePurpose(want.main === 'comments' ? want.parse : null),
  );
  const output = want.main === 'comments' ? commentOutput(want.parse ?? 'json', batch[0]?.id) : MEDIA_OUTPUTS[want.parse ?? 'summary'];
  return {
    kind: 'parsed',
    output,
    model: 'sandbox',
    promptVersion,
    status: 'miss',
    key: `sandbox:parse:${shortcode}`,
    sample: usedComments ? ranked : null,
    usedComments,
  };
}
