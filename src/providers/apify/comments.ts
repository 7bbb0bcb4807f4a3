import { distinct } from '../../core/collections.ts';
import { assembleComment, assembleReply, type CommentFacts, type Reply } from '../../instagram/comment.ts';
import { canonicalUrl } from '../../instagram/media.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { type ApifyReply, ApifyRow } from './comments-schema.ts';
import { apifyProblem, MIN_RUN_CHARGE_CAP_USD, runActor } from './run.ts';
import { type CommentThread, lacksReplies, toComments } from '../comments/threads.ts';
import { estimateCostMicros, LIST_PRICES } from '../list-prices.ts';
import type { CommentBatch, CommentsOrder, CommentsProvider, CommentsRequest, ProviderFailureKind } from '../provider.ts';
import type { Budget } from '../../net/deadline.ts';
import type { VendorAccess } from '../adapter/call.ts';
import { toldCount } from '../adapter/counts.ts';
import { TOLD_COUNTS } from '../adapter/told-counts.ts';

/** The actor with a recorded comments mode; the dedicated comment scraper has been seen to return none. */
const ACTOR = 'apify~instagram-scraper';

const TOLD = TOLD_COUNTS.apify.comments[ACTOR];

/** Billed rows per requested comment; replies are billed as rows too. */
const ROWS_PER_COMMENT = { plain: 1, withReplies: 2 } as const;

/** Room in the charge cap for the start fee and a small price change. */
const CHARGE_SLACK = 1.1;

type Subject = { readonly shortcode: string; readonly postOwner: string | null };

/**
 * Reads comments from Apify, one run per batch. There is no cursor, so a position to continue from yields an empty batch. The vendor bills
 * each row, so a run gives no more rows than the order's price pays for.
 */
export async function fetchApifyComments(
  access: VendorAccess,
  { target, order, postOwner }: CommentsRequest,
  budget: Budget,
): ReturnType<CommentsProvider['fetchComments']> {
  if (order.position !== null) return ok({ value: batch([], 'provider_limit'), attempts: [] });
  const paidRows = rowsPaidBy(order.maxCostMicros.comments);
  const limit = Math.min(order.limit, paidRows);
  const withReplies = order.includeReplies && paysForReplies(order);
  const input = {
    directUrls: [canonicalUrl(target.shortcode, target.hint === 'reel' ? 'reel' : 'image')],
    resultsType: 'comments',
    resultsLimit: limit,
    ...(withReplies ? { includeNestedComments: true } : {}),
  };
  const subject = { shortcode: target.shortcode, postOwner };
  const read = (items: readonly unknown[]) => readRows(items, { order, limit, withReplies }, subject);
  const count = ({ comments }: CommentBatch) => comments.reduce((sum, { replies }) => sum + 1 + (replies?.length ?? 0), 0);
  const fetched = await runActor(access, { actor: ACTOR, body: 'comments', input, maxChargeUsd: chargeCapUsd(order), read, count }, budget);
  if (!fetched.ok) return err({ ...fetched.error, attempts: [fetched.error.receipt] });
  return ok({ value: fetched.value.value, attempts: [fetched.value.receipt] });
}

function chargeCapUsd({ limit, includeReplies }: CommentsOrder): number {
  const rows = limit * (includeReplies ? ROWS_PER_COMMENT.withReplies : ROWS_PER_COMMENT.plain);
  const usd = (rows * LIST_PRICES.apify.unitMicros * CHARGE_SLACK) / 1_000_000;
  return Math.max(MIN_RUN_CHARGE_CAP_USD, Math.ceil(usd * 100) / 100);
}

/** The rows of a run that an amount pays for, in micro-dollars by list price. */
function rowsPaidBy(maxCostMicros: number): number {
  const startMicros = estimateCostMicros('apify', { billedUnits: 0, started: true });
  return Math.floor((maxCostMicros - startMicros) / LIST_PRICES.apify.unitMicros);
}

/** Nothing but the charge cap limits the number of replies in a run, so they are requested only where the price pays for all of it. */
function paysForReplies(order: CommentsOrder): boolean {
  return chargeCapUsd(order) * 1_000_000 <= order.maxCostMicros.comments;
}

/** A run as it was requested: with fewer comments than ordered, or without the replies, where the price did not pay for them. */
type Requested = { readonly order: CommentsOrder; readonly limit: number; readonly withReplies: boolean };

function readRows(
  items: readonly unknown[],
  { order, limit, withReplies }: Requested,
  subject: Subject,
): Result<CommentBatch, ProviderFailureKind> {
  // The actor returns no row for a post without comments.
  if (items.length === 0) return ok(batch([], 'end_of_thread'));
  const rows = items.flatMap((item) => {
    const row = ApifyRow.safeParse(item);
    return row.success && isUnder(row.data, subject.shortcode) ? [row.data] : [];
  });
  if (rows.length === 0) {
    const problem = apifyProblem(items);
    // The actor uses one message for disabled comments, none, and a private post: in each case there is nothing to read.
    return problem === 'unavailable' ? ok(batch([], 'end_of_thread')) : err(problem);
  }
  const threads = toThreads(
    distinct(rows, ({ id }) => id),
    subject,
  ).slice(0, limit);
  const comments = toComments(threads, order.includeReplies);
  // The actor gives no total, so it is unknown whether more exist.
  const shortfall = threads.length === order.limit ? null : threads.length === limit ? 'price_limit' : 'provider_limit';
  if (order.includeReplies && !withReplies) return ok({ ...batch(comments, shortfall, true), repliesEndedBy: 'price_limit' });
  return ok(batch(comments, shortfall, order.includeReplies && threads.some(lacksReplies)));
}

function batch(comments: CommentBatch['comments'], shortfall: CommentBatch['shortfall'], repliesIncomplete = false): CommentBatch {
  return { comments, shortfall, next: null, order: 'unknown', repliesIncomplete };
}

function isUnder(row: ApifyRow, shortcode: string): boolean {
  return row.postUrl == null || row.postUrl.split(/[/?#]/).includes(shortcode);
}

/**
 * Nests replies, which come inside their comment, as rows of their own, or both. Drops a reply whose comment is missing: it would be
 * counted and charged as a top-level comment.
 */
function toThreads(rows: readonly ApifyRow[], subject: Subject): CommentThread[] {
  const parents = new Map(rows.flatMap((row): (readonly [string, string])[] => parentOf(row).map((parent) => [row.id, parent])));
  const flat = Map.groupBy(
    rows.filter(({ id }) => parents.has(id)),
    ({ id }) => rootOf(id, parents),
  );
  return rows
    .filter(({ id }) => !parents.has(id))
    .map((row) => {
      const given = distinct([...(row.replies ?? []), ...(flat.get(row.id) ?? [])], ({ id }) => id);
      const replies = given.map((reply) => toReply(reply, row.id, subject));
      return {
        comment: assembleComment(facts(row, subject), subject.postOwner),
        replies,
        more: 'none',
      };
    });
}

/** The id of the comment that a row replies to, by one of the fields or by the platform's URL of a reply, …/c/{comment}/r/{reply}. */
function parentOf(row: ApifyRow): readonly string[] {
  const named = [
    row.parentCommentId,
    row.parent_comment_id,
    row.parentId,
    row.repliedToCommentId,
    row.replied_to_comment_id,
    row.replyToCommentId,
    /\/c\/([A-Za-z0-9_-]+)\/r\//.exec(row.commentUrl ?? '')?.[1],
  ];
  return named.flatMap((id) => (id == null || id === row.id ? [] : [id])).slice(0, 1);
}

/** The top-level comment of a reply to a reply. Cycles, which only a broken data set has, end where they began. */
function rootOf(id: string, parents: ReadonlyMap<string, string>): string {
  const passed = new Set<string>();
  let at = id;
  for (let parent = parents.get(at); parent !== undefined && !passed.has(at); parent = parents.get(at)) {
    passed.add(at);
    at = parent;
  }
  return at;
}

function toReply(reply: ApifyReply, parentId: string, subject: Subject): Reply {
  return assembleReply(facts(reply, subject), parentId, subject.postOwner);
}

function facts(row: ApifyReply, { shortcode }: Subject): CommentFacts {
  const { owner } = row;
  return {
    shortcode,
    id: row.id,
    text: row.text,
    owner: {
      id: owner?.id ?? owner?.pk ?? row.ownerId,
      username: owner?.username ?? row.ownerUsername,
      fullName: owner?.full_name,
      isVerified: owner?.is_verified,
      isPrivate: owner?.is_private,
      avatarUrl: owner?.profile_pic_url ?? row.ownerProfilePicUrl,
    },
    createdAtMs: row.timestamp,
    likeCount: toldCount(TOLD.likes, row.likesCount),
    replyCount: toldCount(TOLD.replies, row.repliesCount),
    hasGif: row.media != null,
  };
}
