import type { Clock } from '../clock.ts';
import type { MediaTarget, ShareTarget, Target } from '../instagram/target.ts';
import type { Failover } from '../providers/failover.ts';
import type { Budget, UpstreamReceipt } from '../providers/provider.ts';
import type { ShareLinkResolver } from '../providers/share-link.ts';
import { err, ok, type Result } from '../result.ts';
import { contentKey } from './cache-key.ts';
import { type CachedMedia, type ContentCache, mediaTtlSeconds } from './content-cache.ts';
import { absentReason, absentRefusal, providerRefusal, type ReadRefusal, shareLinkRefusal } from './refusals.ts';

/** A share link keeps leading to the same post; a month is long enough to save the look-ups that matter. Seconds. */
const SHARE_LINK_TTL_SECONDS = 2_592_000;

/** What happened on the way, for the log line of the request. Never words of people. */
export type ReadTrace = {
  targetKind?: Target['kind'];
  shortcode?: string;
  cache?: 'hit' | 'miss';
  accountId?: string | null;
  attempts?: readonly UpstreamReceipt[];
};

/** A post in hand, from the cache or from a provider. `ttlSeconds` counts from `storedAt`; null when it can't be kept. */
export type Delivered = Pick<Extract<CachedMedia, { kind: 'found' }>, 'media' | 'provider' | 'storedAt'> & {
  readonly ttlSeconds: number | null;
  readonly key: string;
  readonly status: 'hit' | 'miss';
};

/** What fetching works with. `background` keeps a promise alive after the answer has gone out: only for what may be lost. */
export type DeliveryDeps = {
  readonly clock: Clock;
  readonly cache: ContentCache;
  readonly source: Failover;
  readonly shareLinks: ShareLinkResolver;
  readonly contentTtlSeconds: number;
  readonly absentTtlSeconds: number;
  readonly background: (work: Promise<void>) => void;
};

/** Everything that goes out on behalf of a caller. Only to be called while a hold is open. */
export async function deliver(
  deps: DeliveryDeps,
  trace: ReadTrace,
  target: Target,
  budget: Budget,
): Promise<Result<Delivered, ReadRefusal>> {
  if (target.kind === 'media') return fetchFresh(deps, trace, target, budget);
  const resolved = await resolveShareLink(deps, target, budget);
  if (!resolved.ok) return resolved;
  const key = await contentKey({ part: 'media', shortcode: resolved.value.shortcode });
  const cached = await deps.cache.media(key);
  if (cached?.kind === 'absent') return err(absentRefusal(cached.reason));
  if (cached?.kind === 'found') {
    trace.cache = 'hit';
    trace.shortcode = cached.media.shortcode;
    return ok({ ...cached, key, status: 'hit' });
  }
  return fetchFresh(deps, trace, resolved.value, budget);
}

async function resolveShareLink(deps: DeliveryDeps, target: ShareTarget, budget: Budget): Promise<Result<MediaTarget, ReadRefusal>> {
  const resolved = await deps.shareLinks.resolve(target, budget);
  if (!resolved.ok) return err(shareLinkRefusal(resolved.error.kind));
  const { shortcode, hint } = resolved.value;
  const key = await contentKey({ part: 'share_link', path: target.path });
  deps.background(deps.cache.keep(key, { storedAt: deps.clock(), ttlSeconds: SHARE_LINK_TTL_SECONDS, shortcode, hint }));
  return resolved;
}

async function fetchFresh(
  deps: DeliveryDeps,
  trace: ReadTrace,
  target: MediaTarget,
  budget: Budget,
): Promise<Result<Delivered, ReadRefusal>> {
  trace.shortcode = target.shortcode;
  const key = await contentKey({ part: 'media', shortcode: target.shortcode });
  const fetched = await deps.source.fetchMedia(target, budget);
  const storedAt = deps.clock();
  if (!fetched.ok) {
    trace.attempts = fetched.error.attempts;
    const reason = absentReason(fetched.error.kind);
    if (reason !== null) deps.background(deps.cache.keep(key, { kind: 'absent', storedAt, ttlSeconds: deps.absentTtlSeconds, reason }));
    return err(providerRefusal(fetched.error));
  }
  const { value: media, provider: id, billedUnit, resultCount, attempts } = fetched.value;
  trace.attempts = attempts;
  const provider = { id, billedUnit, resultCount };
  const ttlSeconds = mediaTtlSeconds(media, storedAt, deps.contentTtlSeconds);
  if (ttlSeconds !== null) deps.background(deps.cache.keep(key, { kind: 'found', storedAt, ttlSeconds, provider, media }));
  return ok({ media, provider, storedAt, ttlSeconds, key, status: 'miss' });
}
