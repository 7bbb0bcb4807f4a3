import { z } from 'zod';
import type { MicroCredits } from '../../core/money.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { providerRefusal, type ReadRefusal } from '../../errors/from-read.ts';
import { Comment, withholdForeignAvatars } from '../../instagram/comment.ts';
import type { CommentBatch } from '../../providers/provider.ts';
import { STALE_RETENTION_SECONDS } from '../cache/freshness.ts';
import { contentKey } from '../cache/key.ts';
import { limitation } from '../limitations/catalog.ts';
import { commentLimitations } from '../limitations/of-comments.ts';
import { staleCopy } from '../limitations/stale-copy.ts';
import { CommentsPositionSchema, type CursorContent } from '../model/comments-cursor.ts';
import type { ReadContext } from '../model/context.ts';
import { type CacheLookup, type Delivered, EMPTY_LOOKUP, entryTimes, judgeEntry, ProviderSummary } from '../model/delivered.ts';
import type { ReadDeps } from '../model/deps.ts';
import type { PartInput, Part, PartFailure } from '../model/part.ts';
import { freshPrice, refundedLine, shareOf } from '../pricing/prices.ts';
import { type CommentsSample, sampleBatch } from '../samples/comments.ts';
import { sampleCopy } from '../samples/copy.ts';
import { mediaPart } from './media.ts';
import { recordCalls } from './upstream-calls.ts';

/** The batch sizes on the price card. */
type CommentLimit = 20 | 100 | 500;
const LARGEST_FIRST: readonly CommentLimit[] = [500, 100, 20];

/** Which comments. `cursor` is `nextCursor` of an earlier answer, as the caller sent it. */
type CommentsOptions = { readonly limit: CommentLimit; readonly includeReplies: boolean; readonly cursor: string | null };

/** `nextCursor` continues the batch; null at the end of the thread and where the provider cannot continue. */
type DeliveredComments = {
  readonly kind: 'delivered';
  readonly delivered: Delivered<CommentBatch>;
  readonly nextCursor: string | null;
};

/** Comments as far as they came, or why there are none. */
export type CommentsOutcome = DeliveredComments | { readonly kind: 'missing'; readonly reason: 'provider_failed' | 'provider_none' };

/** `from` is where the caller's cursor leads. */
type CommentsLookup = {
  readonly hit: CommentsOutcome | null;
  readonly stale: Delivered<CommentBatch> | null;
  readonly from: CursorContent | null;
};

const needs = { media: mediaPart };

type CommentsPart = Part<'comments', CommentsOptions, CommentsOutcome, CommentsLookup, typeof needs, CommentsSample>;
type CommentsInput = PartInput<CommentsOptions, typeof needs>;

/**
 * Replies that are missing because time was short, and comments that a costlier provider left out, get another chance soon: a cheaper one may
 * be back.
 */
const INCOMPLETE_TTL_SECONDS = 600;

const CommentsEntry = z.object({
  ...entryTimes,
  provider: ProviderSummary,
  value: z
    .object({
      comments: z.array(Comment),
      shortfall: z.enum(['end_of_thread', 'disabled', 'deadline', 'price_limit', 'provider_limit', 'provider_failed']).nullable(),
      next: CommentsPositionSchema.nullable(),
      order: z.enum(['ranked', 'newest', 'unknown']),
      repliesIncomplete: z.boolean(),
      repliesEndedBy: z.literal('price_limit').exactOptional(),
      avatarsWithheld: z.boolean().optional(),
    })
    .transform(checkedBatch),
});
type CommentsEntry = z.infer<typeof CommentsEntry>;

/** Withholds pictures of authors that lead elsewhere than to the platform. */
function checkedBatch<T extends CommentBatch>(batch: T): T {
  const comments = withholdForeignAvatars(batch.comments);
  return comments === null ? batch : { ...batch, comments, avatarsWithheld: true };
}

/** A batch of comments: the main part of /v1/comments, or beside a post. */
export const commentsPart: CommentsPart = {
  name: 'comments',
  needs,
  endsEarly: true,
  nothingKnown: { ...EMPTY_LOOKUP, from: null },
  isAvailable: (deps) => deps.comments.providers.length > 0,
  lookUp: lookUpComments,
  fetch: fetchComments,
  smaller: (options) => LARGEST_FIRST.filter((limit) => limit < options.limit).map((limit) => ({ limit, options: { ...options, limit } })),
  priceLines(deps, { options: { limit }, known: { hit } }) {
    const { hit: price } = deps.priceCard.prices[`comments_${limit}`];
    return [{ item: 'comments', amount: hit === null ? mostFor(deps, limit) : shareOf(price, countOf(hit), limit) }];
  },
  finalPrices(deps, { options: { limit }, outcome }) {
    if (outcome.kind === 'missing') return [refundedLine('comments', outcome.reason)];
    const { delivered } = outcome;
    const price = deps.priceCard.prices[`comments_${limit}`][delivered.status];
    const settled = shareOf(price, countOf(outcome), limit);
    return [{ item: 'comments', settled, isFresh: delivered.status === 'miss', ...shortfallReason(delivered) }];
  },
  limitations({ options, outcome }, now) {
    if (outcome.kind === 'missing') return [limitation('comments_unavailable', 'data.comments', outcome.reason)];
    const { delivered } = outcome;
    return [...commentLimitations(delivered.value, options.limit), ...staleCopy(delivered, 'data.comments', now)];
  },
  receipt: {
    field: 'comments',
    of: ({ options, outcome }) => ({
      requested: options.limit,
      delivered: countOf(outcome),
      status: outcome.kind === 'delivered' ? outcome.delivered.status : outcome.reason,
    }),
  },
  main: (outcome) => (outcome.kind === 'delivered' ? outcome.delivered : null),
  sample({ options }, request) {
    const { variant } = request;
    if (variant !== undefined && 'missing' in variant) {
      return err({ refusal: { code: 'provider_unavailable' }, missing: { kind: 'missing', reason: variant.missing } });
    }
    const delivered = sampleCopy('comments', sampleBatch(options, { ...request, variant }), request);
    return ok({ kind: 'delivered', delivered, nextCursor: null });
  },
};

/** Why less than the held price is charged for a batch, if it is: it is short, or it comes from the cache. */
export function shortfallReason({ value, status }: Delivered<CommentBatch>): { readonly reason?: string } {
  const reason = value.shortfall ?? (status === 'miss' ? undefined : status);
  if (reason === undefined) return {};
  return { reason: reason === 'hit' ? 'cached' : reason };
}

function mostFor({ priceCard, comments }: ReadDeps, limit: CommentLimit): MicroCredits {
  return freshPrice(priceCard.prices[`comments_${limit}`], priceCard, comments.providers);
}

function countOf(outcome: CommentsOutcome): number {
  return outcome.kind === 'delivered' ? outcome.delivered.value.comments.length : 0;
}

async function lookUpComments(context: ReadContext, { options }: CommentsInput): Promise<Result<CommentsLookup, ReadRefusal>> {
  const from = await openCursor(context, options);
  if (!from.ok) return from;
  const key = keyOf(context, options);
  const entry = await context.deps.cache.get(key, CommentsEntry, context.freshness.maxAgeSeconds);
  const { hit, stale }: CacheLookup<CommentBatch> = entry === null ? EMPTY_LOOKUP : judgeEntry(context, key, entry);
  return ok({ hit: hit === null ? null : await withCursor(context, options, hit), stale, from: from.value });
}

/** Fetches a batch, and caches it unless it was cut short by time or a failure. */
async function fetchComments(
  context: ReadContext,
  { options, needed, known }: CommentsInput & { readonly known: CommentsLookup },
): Promise<Result<CommentsOutcome, PartFailure<CommentsOutcome>>> {
  const { deps, target, budget } = context;
  const { limit, includeReplies } = options;
  const maxCostMicros = { comments: mostFor(deps, limit), replies: deps.priceCard.prices[`replies_${limit}`].miss };
  const order = { limit, includeReplies, position: known.from?.position ?? null, maxCostMicros };
  const postOwner = needed.media?.outcome?.value.owner.username ?? null;
  const fetched = await deps.comments.fetchComments(target, order, postOwner, known.from?.provider ?? null, budget);
  const { storedAt, by } = recordCalls(context, 'comments', fetched.ok ? fetched.value : fetched.error);
  if (!fetched.ok) {
    if (known.stale !== null) return ok(await withCursor(context, options, known.stale));
    const reason = fetched.error.kind === 'unconfigured' ? 'provider_none' : 'provider_failed';
    return err({ refusal: providerRefusal(fetched.error), missing: { kind: 'missing', reason } });
  }
  const key = keyOf(context, options);
  const { provider: id, billedUnit, resultCount } = fetched.value;
  const value = checkedBatch(fetched.value.value);
  const provider = { id, billedUnit, resultCount };
  const ttlSeconds = ttlOf(value, deps.contentTtlSeconds);
  if (ttlSeconds !== null) {
    const entry: CommentsEntry = { storedAt, ttlSeconds, provider, value: { ...value, comments: [...value.comments] } };
    deps.background(deps.cache.keep(key, entry, { retainSeconds: STALE_RETENTION_SECONDS, by }));
  }
  return ok(await withCursor(context, options, { value, provider, status: 'miss', key, storedAt, ttlSeconds }));
}

async function withCursor(
  { deps, target }: ReadContext,
  { includeReplies }: CommentsOptions,
  delivered: Delivered<CommentBatch>,
): Promise<CommentsOutcome> {
  const { value, provider } = delivered;
  if (value.next === null) return { kind: 'delivered', delivered, nextCursor: null };
  const content = { shortcode: target.shortcode, includeReplies, provider: provider.id, position: value.next };
  return { kind: 'delivered', delivered, nextCursor: await deps.seal.seal(content) };
}

async function openCursor(
  { deps, target: { shortcode } }: ReadContext,
  { cursor, includeReplies }: CommentsOptions,
): Promise<Result<CursorContent | null, ReadRefusal>> {
  if (cursor === null) return ok(null);
  const opened = await deps.seal.open(cursor, { shortcode, includeReplies });
  if (opened.ok) return opened;
  const message =
    opened.error === 'invalid'
      ? 'The cursor is invalid or was changed. Send `nextCursor` exactly as it was returned.'
      : 'The cursor belongs to another post, or to a request with a different `includeReplies`.';
  return err({ code: 'invalid_cursor', message, details: { reason: opened.error } });
}

/** Seconds a batch may be cached. One cut short by time or a failure would stay short for every later reader. */
function ttlOf(batch: CommentBatch, policySeconds: number): number | null {
  if (batch.shortfall === 'deadline' || batch.shortfall === 'provider_failed') return null;
  const isIncomplete = batch.repliesIncomplete || batch.shortfall === 'price_limit';
  return isIncomplete ? Math.min(policySeconds, INCOMPLETE_TTL_SECONDS) : policySeconds;
}

function keyOf({ target }: ReadContext, { limit, includeReplies, cursor }: CommentsOptions): string {
  return contentKey({ part: 'comments', shortcode: target.shortcode, limit, includeReplies, cursor });
}
