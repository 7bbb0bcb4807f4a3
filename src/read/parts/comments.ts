import type { MediaTarget } from '../../instagram/target.ts';
import type { CommentBatch } from '../../providers/provider.ts';
import type { Budget } from '../../net/deadline.ts';
import type { MediaFailure } from '../../providers/failover.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { contentKey } from '../cache/key.ts';
import { CommentsCopy, isFresh, isServableStale, STALE_RETENTION_SECONDS } from '../cache/content-cache.ts';
import type { CursorContent } from '../comments-cursor.ts';
import type { ReadDeps } from '../ports.ts';
import type { ReadTrace } from '../trace.ts';
import type { CommentsWanted, Freshness } from '../want.ts';
import type { Delivered, Slot } from '../slot.ts';
import { noteFetch } from './fetch-note.ts';

/** Replies may be missing because time was short once; they get another chance soon. Seconds. */
const INCOMPLETE_REPLIES_TTL_SECONDS = 600;

/** Which batch: the caller's wish, and where its cursor leads. */
export type CommentsRequest = CommentsWanted & { readonly from: CursorContent | null };

/** Looks a batch up. One cache read. */
export async function lookUpComments(
  deps: ReadDeps,
  shortcode: string,
  wanted: CommentsWanted,
  freshness: Freshness,
): Promise<Slot<CommentBatch>> {
  const key = contentKey({ part: 'comments', shortcode, ...wanted });
  const copy = await deps.cache.get(key, CommentsCopy, freshness.maxAgeSeconds);
  if (copy === null) return { key, hit: null, stale: null };
  const now = deps.clock();
  const inHand = { value: copy.value, provider: copy.provider, key, storedAt: copy.storedAt, ttlSeconds: copy.ttlSeconds };
  return {
    key,
    hit: isFresh(copy, now, freshness.maxAgeSeconds) ? { ...inHand, status: 'hit' } : null,
    stale: isServableStale(copy, now, freshness.maxStaleSeconds) ? { ...inHand, status: 'stale' } : null,
  };
}

/** Fetches a batch, and keeps it if it is all that a provider gives. Only while a hold is open. */
export async function fetchComments(
  deps: ReadDeps,
  trace: ReadTrace,
  target: MediaTarget,
  request: CommentsRequest,
  postOwner: string | null,
  slot: Slot<CommentBatch>,
  budget: Budget,
): Promise<Result<Delivered<CommentBatch>, MediaFailure>> {
  const { from, ...wanted } = request;
  const key = slot.key ?? contentKey({ part: 'comments', shortcode: target.shortcode, ...wanted });
  const order = { limit: wanted.limit, includeReplies: wanted.includeReplies, position: from?.position ?? null };
  const fetched = await deps.comments.fetchComments(target, order, postOwner, from?.provider ?? null, budget);
  const { storedAt, by } = noteFetch(deps, trace, fetched.ok ? fetched.value : fetched.error);
  if (!fetched.ok) return slot.stale === null ? err(fetched.error) : ok(slot.stale);
  const { value, provider: id, billedUnit, resultCount } = fetched.value;
  const provider = { id, billedUnit, resultCount };
  const ttlSeconds = ttlOf(value, deps.contentTtlSeconds);
  if (ttlSeconds !== null) {
    const copy: CommentsCopy = { storedAt, ttlSeconds, provider, value: { ...value, comments: [...value.comments] } };
    deps.background(deps.cache.keep(key, copy, STALE_RETENTION_SECONDS, by));
  }
  return ok({ value, provider, status: 'miss', key, storedAt, ttlSeconds });
}

/** Seconds a batch may be kept. One cut short by time or trouble would be cut short for everybody who got its copy. */
function ttlOf(batch: CommentBatch, policySeconds: number): number | null {
  if (batch.shortfall === 'deadline' || batch.shortfall === 'provider_failed') return null;
  return batch.repliesIncomplete ? Math.min(policySeconds, INCOMPLETE_REPLIES_TTL_SECONDS) : policySeconds;
}
