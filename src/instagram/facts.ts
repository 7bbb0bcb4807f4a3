import type { z } from 'zod';

/** What a null means where an answer has no limitation for it. */
export const NOT_GIVEN = 'Null where the data provider does not give it.';
export const NONE_OR_NOT_GIVEN = 'Null where there is none or the data provider does not give it.';

/** A field that may be null, and what a null means. Where null is what nobody told, `limitations` says so instead. */
export function nullable<T extends z.ZodType>(schema: T, meaning: string) {
  return schema.nullable().meta({ description: meaning });
}

/** 10000-01-01: from there on ISO 8601 uses a longer form, which few parsers read. */
const LATEST_TIME_MS = 253_402_300_800_000;

/** Returns null for an empty text, which vendors send for a missing one. */
export function textOrNull(value: string | null | undefined): string | null {
  return value == null || value === '' ? null : value;
}

/** Returns null for anything but a whole number from 0: vendors send −1 for a hidden count. */
export function countOrNull(value: number | null | undefined): number | null {
  return value != null && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** Returns null for anything but an http(s) URL: a client might execute a `data:` or `javascript:` URL. */
export function httpUrl(value: string | null | undefined): string | null {
  if (value == null || !/^https?:\/\//i.test(value)) return null;
  return URL.canParse(value) ? value : null;
}

/** Formats unix milliseconds as ISO 8601. Null for 0, which vendors send for an unknown time, and for years beyond 9999. */
export function isoOrNull(unixMs: number | null | undefined): string | null {
  if (unixMs == null || !(unixMs > 0 && unixMs < LATEST_TIME_MS)) return null;
  return new Date(unixMs).toISOString();
}

/** The counts of a post. `plays` counts plays on Instagram alone, without those of a copy on Facebook. */
export const MEDIA_METRICS = ['likes', 'comments', 'plays', 'views', 'shares', 'reposts'] as const;
export type MediaMetric = (typeof MEDIA_METRICS)[number];

/**
 * Why a number that a vendor gave is not delivered as a count. `placeholder`: it stands there for every post; `unverified`: it is not known
 * to be this count; `facebook_included`: it counts Facebook too; `contradicted`: other numbers of the same answer exclude it.
 */
export const UNTOLD_REASONS = ['placeholder', 'unverified', 'facebook_included', 'contradicted'] as const;
export type UntoldReason = (typeof UNTOLD_REASONS)[number];

/** The counts of one answer, and what else of it may contradict them. */
export type CountEvidence = {
  readonly given: Readonly<Partial<Record<MediaMetric, number | null | undefined>>>;
  /** Numbers that the vendor gave but that are known not to be the count. */
  readonly untold: Readonly<Partial<Record<MediaMetric, UntoldReason>>>;
  readonly isVideo: boolean;
  /** Whether the author hides likes and plays. */
  readonly isHidden: boolean;
  /** Comments that came with the post. */
  readonly commentsSeen: number;
};

/** Returns the counts that nothing contradicts. The others are null, with the reason where the vendor gave a number. */
export function settleCounts(evidence: CountEvidence): {
  readonly metrics: Record<MediaMetric, number | null>;
  readonly untold: Partial<Record<MediaMetric, UntoldReason>>;
} {
  const { given, isVideo, isHidden, commentsSeen } = evidence;
  const untold = { ...evidence.untold };
  const counted = (name: MediaMetric): number | null => (untold[name] === undefined ? countOrNull(given[name]) : null);
  const metrics = {
    likes: isHidden ? null : counted('likes'),
    comments: counted('comments'),
    plays: counted('plays'),
    views: counted('views'),
    shares: counted('shares'),
    reposts: counted('reposts'),
  };
  const contradict = (name: MediaMetric): void => {
    metrics[name] = null;
    untold[name] = 'contradicted';
  };
  if (metrics.comments !== null && metrics.comments < commentsSeen) contradict('comments');
  // Nobody likes, comments on or passes on a video that nobody has seen.
  const isSeen = commentsSeen > 0 || MEDIA_METRICS.some((name) => (given[name] ?? 0) > 0);
  for (const name of ['plays', 'views'] as const) {
    if (metrics[name] !== 0) continue;
    // A picture has no such count, and an author who hides counts hides these; neither was contradicted.
    if (!isVideo || isHidden) metrics[name] = null;
    else if (isSeen) contradict(name);
  }
  return { metrics, untold };
}

/** Returns null for an object of which nothing is known: it would say that there is something. */
export function knownOrNull<T extends object>(value: T | null | undefined): T | null {
  return value != null && Object.values(value).some((field) => field != null) ? value : null;
}

/** Degrees. */
const MAX_LATITUDE = 90;
const MAX_LONGITUDE = 180;

type Coordinates = { readonly latitude: number | null; readonly longitude: number | null };

/** Returns a pair of degrees that is a place: vendors send 0/0 for an unknown one, and half a pair is none. */
export function coordinates(latitude: number | null | undefined, longitude: number | null | undefined): Coordinates {
  if (latitude == null || longitude == null || (latitude === 0 && longitude === 0)) return { latitude: null, longitude: null };
  const isPlace = Math.abs(latitude) <= MAX_LATITUDE && Math.abs(longitude) <= MAX_LONGITUDE;
  return isPlace ? { latitude, longitude } : { latitude: null, longitude: null };
}
