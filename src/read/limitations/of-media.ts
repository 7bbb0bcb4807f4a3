import { isoTime } from '../../core/clock.ts';
import type { InstagramMedia } from '../../instagram/media.ts';
import { type Limitation, limitation, type ReasonOf } from './catalog.ts';

/**
 * Everything that is missing or weak in a post, derived from the post alone, so that a cached one is explained like a fresh one.
 * `now` in unix milliseconds; `cachedAgeSeconds` is null for a fresh read.
 */
export function mediaLimitations(media: InstagramMedia, now: number, cachedAgeSeconds: number | null): Limitation[] {
  return [
    ...missingMetrics(media),
    ...missingOwnerFields(media),
    ...missingFields(media),
    ...mediaUrlLimitations(media, now),
    limitation('no_image_understanding', 'data.media', 'not_enabled'),
    ...(cachedAgeSeconds === null
      ? []
      : [{ ...limitation('metrics_stale', 'data.metrics', 'cached'), message: `The counts are ${cachedAgeSeconds} seconds old.` }]),
  ];
}

function missingMetrics(media: InstagramMedia): Limitation[] {
  const { metrics, type } = media;
  const isVideo = type === 'reel' || type === 'video';
  const expected = { likes: true, comments: true, plays: isVideo, views: isVideo, shares: true, reposts: true } satisfies Record<
    keyof typeof metrics,
    boolean
  >;
  return keysOf(expected)
    .filter((name) => expected[name] && metrics[name] === null)
    .map((name) => limitation('metric_unavailable', `data.metrics.${name}`, metricReason(media, name)));
}

/** An author who hides counts hides likes and the plays and views of a video; comments stay visible. */
function metricReason(media: InstagramMedia, name: keyof InstagramMedia['metrics']): ReasonOf<'metric_unavailable'> {
  if (name === 'views' && media.metrics.plays !== null) return 'not_counted';
  const hideable = name === 'likes' || name === 'plays' || name === 'views';
  if (hideable && media.flags.likesHidden === true) return 'hidden_by_author';
  return media.untoldCounts?.[name] ?? 'provider_missing';
}

function missingOwnerFields(media: InstagramMedia): Limitation[] {
  return keysOf(media.owner)
    .filter((name) => media.owner[name] === null && !isWithheld(media, `data.owner.${name}`))
    .map((name) => limitation('owner_field_unavailable', `data.owner.${name}`, 'provider_missing'));
}

function missingFields(media: InstagramMedia): Limitation[] {
  const missing: Limitation[] = [];
  if (media.timestamp === null) missing.push(untold('data.timestamp'));
  if (media.paidPartnership === null) missing.push(untold('data.paidPartnership'));
  if (media.type === 'reel' && media.music === null) missing.push(untold('data.music'));
  if (media.type === 'carousel' && media.children.length === 0) {
    missing.push(untold('data.children'));
  }
  for (const name of keysOf(media.flags)) if (media.flags[name] === null) missing.push(untold(`data.flags.${name}`));
  const videos = media.media.filter((asset) => asset.type === 'video');
  if (media.media.some((asset) => asset.width === null)) missing.push(untold('data.media[].width'));
  if (media.media.some((asset) => asset.height === null)) missing.push(untold('data.media[].height'));
  if (videos.some((asset) => asset.durationSeconds === null)) missing.push(untold('data.media[].durationSeconds'));
  return missing;
}

function untold(path: string): Limitation {
  return limitation('field_unavailable', path, 'provider_missing');
}

function mediaUrlLimitations(media: InstagramMedia, now: number): Limitation[] {
  const found: Limitation[] = [];
  const ahead: number[] = [];
  media.media.forEach((asset, index) => {
    const path = `data.media[${index}].url`;
    if (isWithheld(media, path)) return;
    if (asset.url === null) found.push(limitation('media_url_missing', path, 'provider_missing'));
    else if (asset.expiresAt !== null) {
      const expiry = Date.parse(asset.expiresAt);
      if (expiry <= now) found.push(limitation('media_url_expired', path, 'expired'));
      else ahead.push(expiry);
    }
  });
  if (ahead.length > 0) {
    const earliest = isoTime(Math.min(...ahead));
    const message = `The first media URL stops working at ${earliest}.`;
    found.push({ ...limitation('media_url_short_lived', 'data.media', 'signed_by_platform'), message });
  }
  found.push(...(media.withheldUrls ?? []).map((path) => limitation('media_url_withheld', path, 'foreign_address')));
  return found;
}

function isWithheld(media: InstagramMedia, path: string): boolean {
  return media.withheldUrls?.includes(path) === true;
}

function keysOf<T extends object>(value: T): (keyof T & string)[] {
  // safe because these objects are written out in this file or parsed by a schema: they have no other keys
  return Object.keys(value) as (keyof T & string)[];
}
