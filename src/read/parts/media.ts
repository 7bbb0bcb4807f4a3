import { z } from 'zod';
import type { MicroCredits } from '../../core/money.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { type AbsentReason, absentReason, absentRefusal, notAReel, providerRefusal } from '../../errors/from-read.ts';
import { InstagramMedia, settleType, withholdForeignUrls } from '../../instagram/media.ts';
import { MIN_TTL_SECONDS } from '../cache/content-cache.ts';
import { ageSeconds, isFresh, STALE_RETENTION_SECONDS } from '../cache/freshness.ts';
import { contentKey } from '../cache/key.ts';
import { mediaLimitations } from '../limitations/of-media.ts';
import { staleCopy } from '../limitations/stale-copy.ts';
import type { ReadContext } from '../model/context.ts';
import { type CacheLookup, type Delivered, EMPTY_LOOKUP, entryTimes, judgeEntry, ProviderSummary } from '../model/delivered.ts';
import type { ReadDeps } from '../model/deps.ts';
import type { NoParts, Part, PartFailure } from '../model/part.ts';
import { deliveredLine, freshPrice } from '../pricing/prices.ts';
import { sampleCopy } from '../samples/copy.ts';
import { type MediaSample, sampleMedia } from '../samples/media.ts';
import { recordCalls } from './upstream-calls.ts';

/** `reelOnly` refuses every other type of post. */
type MediaOptions = { readonly reelOnly: boolean };

/** `absent`: a fresh cache entry says that the post cannot be read. */
type MediaLookup = CacheLookup<InstagramMedia> & { readonly absent: AbsentReason | null };

type MediaPart = Part<'media', MediaOptions, Delivered<InstagramMedia>, MediaLookup, NoParts, MediaSample>;

/** Media addresses must still work for a caller who downloads a little later. */
const EXPIRY_MARGIN_SECONDS = 600;

/** A post as it was read, or the definite reason why it cannot be read. */
const MediaEntry = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('found'), ...entryTimes, provider: ProviderSummary, value: InstagramMedia.transform(withholdForeignUrls) }),
  z.object({
    kind: z.literal('absent'),
    ...entryTimes,
    reason: z.enum(['not_found', 'private', 'login_required', 'age_restricted']),
  }),
]);
type MediaEntry = z.infer<typeof MediaEntry>;

/** The post or reel itself. */
export const mediaPart: MediaPart = {
  name: 'media',
  needs: {},
  nothingKnown: { ...EMPTY_LOOKUP, absent: null },
  isAvailable: (deps) => deps.media.providers.length > 0,
  async lookUp(context, { options }) {
    const key = keyOf(context);
    const entry = await context.deps.cache.get(key, MediaEntry, context.freshness.maxAgeSeconds);
    if (entry === null) return ok(mediaPart.nothingKnown);
    if (entry.kind === 'found' && entry.value.shortcode !== context.target.shortcode) return ok(mediaPart.nothingKnown);
    if (entry.kind === 'found') {
      const value = settleType(entry.value, isReelAsked(context, options));
      return ok({ ...judgeEntry(context, key, { ...entry, value }), absent: null });
    }
    const isCurrent = isFresh(entry, context.deps.clock(), context.freshness.maxAgeSeconds);
    return ok({ ...EMPTY_LOOKUP, absent: isCurrent ? entry.reason : null });
  },
  refusal({ reelOnly }, { hit, absent }) {
    if (absent !== null) return absentRefusal(absent);
    return reelOnly && hit !== null && hit.value.type !== 'reel' ? notAReel : null;
  },
  fetch: fetchMedia,
  priceLines: (deps, { known }) => [{ item: 'media', amount: known.hit === null ? mostFor(deps) : deps.priceCard.prices.media.hit }],
  finalPrices: (deps, { outcome }) => [deliveredLine('media', deps.priceCard.prices.media, outcome.status)],
  limitations: ({ outcome }, now) => [
    ...mediaLimitations(outcome.value, now, outcome.status === 'miss' ? null : ageSeconds(outcome, now)),
    ...staleCopy(outcome, 'data', now),
  ],
  receipt: { field: 'type', of: ({ outcome }) => outcome.value.type },
  main: (outcome) => outcome,
  sample: (_input, request) => ok(sampleCopy('media', withholdForeignUrls(sampleMedia(request)), request)),
};

function mostFor({ priceCard, media }: ReadDeps): MicroCredits {
  return freshPrice(priceCard.prices.media, priceCard, media.providers);
}

function keyOf({ target }: ReadContext): string {
  return contentKey({ part: 'media', shortcode: target.shortcode });
}

function isReelAsked({ target }: ReadContext, { reelOnly }: MediaOptions): boolean {
  return reelOnly || target.hint === 'reel';
}

async function fetchMedia(
  context: ReadContext,
  { options, known }: { readonly options: MediaOptions; readonly known: MediaLookup },
): Promise<Result<Delivered<InstagramMedia>, PartFailure<Delivered<InstagramMedia>>>> {
  const { deps, target, budget } = context;
  const key = keyOf(context);
  const fetched = await deps.media.fetchMedia(target, { ...budget, maxCostMicros: mostFor(deps) });
  const { storedAt, by } = recordCalls(context, 'media', fetched.ok ? fetched.value : fetched.error);
  if (!fetched.ok) {
    const reason = absentReason(fetched.error.kind);
    if (reason !== null) {
      const entry: MediaEntry = { kind: 'absent', storedAt, ttlSeconds: deps.absentTtlSeconds, reason };
      deps.background(deps.cache.keep(key, entry, { retainSeconds: 0, by }));
    } else if (known.stale !== null) return ok(known.stale);
    return err({ refusal: providerRefusal(fetched.error), missing: null });
  }
  const { provider: id, billedUnit, resultCount } = fetched.value;
  const value = withholdForeignUrls(fetched.value.value);
  const provider = { id, billedUnit, resultCount };
  const ttlSeconds = mediaTtlSeconds(value, storedAt, deps.contentTtlSeconds);
  if (ttlSeconds !== null) {
    const entry: MediaEntry = { kind: 'found', storedAt, ttlSeconds, provider, value };
    deps.background(deps.cache.keep(key, entry, { retainSeconds: STALE_RETENTION_SECONDS, by }));
  }
  const settled = settleType(value, isReelAsked(context, options));
  return ok({ value: settled, provider, status: 'miss', key, storedAt, ttlSeconds });
}

/**
 * Seconds a post may be cached: the policy's, but not beyond the first media address that expires, less a margin. Addresses that have
 * already expired don't count. Null when that is too short to cache.
 */
export function mediaTtlSeconds(media: InstagramMedia, now: number, policySeconds: number): number | null {
  const ahead = media.media
    .map((asset) => (asset.expiresAt === null ? Number.NaN : Date.parse(asset.expiresAt)))
    .filter((expiry) => expiry > now)
    .map((expiry) => Math.floor((expiry - now) / 1_000) - EXPIRY_MARGIN_SECONDS);
  const ttl = Math.min(policySeconds, ...ahead);
  return ttl >= MIN_TTL_SECONDS ? ttl : null;
}
