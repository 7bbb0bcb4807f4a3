import type { InstagramMedia } from '../../instagram/media.ts';
import type { MediaTarget } from '../../instagram/target.ts';
import type { Budget } from '../../net/deadline.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { contentKey } from '../cache/key.ts';
import { isFresh, isServableStale, MediaCopy, mediaTtlSeconds, STALE_RETENTION_SECONDS } from '../cache/content-cache.ts';
import type { ReadDeps } from '../ports.ts';
import type { ReadTrace } from '../trace.ts';
import type { Freshness } from '../want.ts';
import { type AbsentReason, absentReason, providerRefusal, type ReadRefusal } from '../../errors/from-read.ts';
import type { Delivered, Slot } from '../slot.ts';
import { noteFetch } from './fetch-note.ts';

/** What the cache knows of a post; `absent` is the fresh news that there is none to read. */
export type MediaSlot = Slot<InstagramMedia> & { readonly absent: AbsentReason | null };

/** Looks a post up. One cache read. */
export async function lookUpMedia(deps: ReadDeps, shortcode: string, freshness: Freshness): Promise<MediaSlot> {
  const key = contentKey({ part: 'media', shortcode });
  const copy = await deps.cache.get(key, MediaCopy, freshness.maxAgeSeconds);
  const now = deps.clock();
  if (copy === null) return { key, hit: null, stale: null, absent: null };
  const fresh = isFresh(copy, now, freshness.maxAgeSeconds);
  if (copy.kind === 'absent') return { key, hit: null, stale: null, absent: fresh ? copy.reason : null };
  const inHand = { value: copy.value, provider: copy.provider, key, storedAt: copy.storedAt, ttlSeconds: copy.ttlSeconds };
  return {
    key,
    hit: fresh ? { ...inHand, status: 'hit' } : null,
    stale: isServableStale(copy, now, freshness.maxStaleSeconds) ? { ...inHand, status: 'stale' } : null,
    absent: null,
  };
}

/** Fetches a post, and keeps it. Only while a hold is open. When the providers fail, a copy past its time stands in where the caller takes one. */
export async function fetchMedia(
  deps: ReadDeps,
  trace: ReadTrace,
  target: MediaTarget,
  slot: MediaSlot,
  budget: Budget,
): Promise<Result<Delivered<InstagramMedia>, ReadRefusal>> {
  const key = slot.key ?? contentKey({ part: 'media', shortcode: target.shortcode });
  const fetched = await deps.media.fetchMedia(target, budget);
  const { storedAt, by } = noteFetch(deps, trace, fetched.ok ? fetched.value : fetched.error);
  if (!fetched.ok) {
    const reason = absentReason(fetched.error.kind);
    if (reason !== null) {
      const copy: MediaCopy = { kind: 'absent', storedAt, ttlSeconds: deps.absentTtlSeconds, reason };
      deps.background(deps.cache.keep(key, copy, 0, by));
    } else if (slot.stale !== null) return ok(slot.stale);
    return err(providerRefusal(fetched.error));
  }
  const { value, provider: id, billedUnit, resultCount } = fetched.value;
  const provider = { id, billedUnit, resultCount };
  const ttlSeconds = mediaTtlSeconds(value, storedAt, deps.contentTtlSeconds);
  if (ttlSeconds !== null) {
    const copy: MediaCopy = { kind: 'found', storedAt, ttlSeconds, provider, value };
    deps.background(deps.cache.keep(key, copy, STALE_RETENTION_SECONDS, by));
  }
  return ok({ value, provider, status: 'miss', key, storedAt, ttlSeconds });
}
