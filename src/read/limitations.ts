import { z } from '@hono/zod-openapi';
import { isoTime } from '../clock.ts';
import type { InstagramMedia } from '../instagram/media.ts';

/** The only list of limitations: code, its reasons, and what each means. The table in docs/limitations.md comes from here. */
export const LIMITATIONS = {
  metric_unavailable: {
    meaning: 'A count is null. It was not zero; it is not known.',
    reasons: {
      hidden_by_author: 'The author hides this count.',
      provider_missing: 'The data provider did not give this count.',
      not_counted: 'The platform counts plays instead of views here.',
    },
  },
  owner_field_unavailable: {
    meaning: "A field of the post's owner is null.",
    reasons: { provider_missing: 'The data provider did not give this field.' },
  },
  field_unavailable: {
    meaning: 'Another field of the post is null although posts of this kind have it.',
    reasons: { provider_missing: 'The data provider did not give this field.' },
  },
  media_url_short_lived: {
    meaning: "Media addresses are signed by the platform and stop working at the asset's `expiresAt`: download what you need before.",
    reasons: { signed_by_platform: 'The address carries its own expiry.' },
  },
  media_url_expired: {
    meaning: 'Media addresses had already expired when they were delivered: they answer 403. Read fresh to get new ones.',
    reasons: { expired: 'The expiry that the address carries is past.' },
  },
  media_url_missing: {
    meaning: 'A picture or video is listed without an address.',
    reasons: { provider_missing: 'The data provider did not give an address.' },
  },
  no_image_understanding: {
    meaning:
      'Pictures and videos were not looked at: text and objects in them are not part of the answer. Alt texts come from the platform.',
    reasons: { not_enabled: 'Reading text or objects from pictures is not enabled.' },
  },
  metrics_stale: {
    meaning: 'The counts are as old as the cached copy, `cache.ageSeconds`.',
    reasons: { cached: 'The answer came from the cache.' },
  },
} as const satisfies Record<string, { meaning: string; reasons: Record<string, string> }>;

export type LimitationCode = keyof typeof LIMITATIONS;
type ReasonOf<C extends LimitationCode> = keyof (typeof LIMITATIONS)[C]['reasons'] & string;

/** A typed reason why something in an answer is missing or weaker than it looks. */
export const Limitation = z
  .object({
    code: z.enum(Object.keys(LIMITATIONS) as [LimitationCode, ...LimitationCode[]]), // safe because the table above is not empty
    path: z.string().openapi({ description: 'What it is about, from the root of the answer.', example: 'data.metrics.likes' }),
    reason: z.string().openapi({ example: 'hidden_by_author' }),
    message: z.string(),
  })
  .openapi('Limitation');
export type Limitation = z.infer<typeof Limitation>;

function limitation<C extends LimitationCode>(code: C, path: string, reason: ReasonOf<C>, message?: string): Limitation {
  // safe because ReasonOf<C> only allows the keys of this row
  const reasons = LIMITATIONS[code].reasons as Readonly<Record<string, string>>;
  return { code, path, reason, message: message ?? reasons[reason] ?? '' };
}

/**
 * Everything that is missing or weak in one post, derived from the post itself, so that a cached copy is explained as
 * a fresh one is. `now` in unix milliseconds; `cachedAgeSeconds` is null for a fresh read.
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
      : [limitation('metrics_stale', 'data.metrics', 'cached', `The counts are ${cachedAgeSeconds} seconds old.`)]),
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

/** An author who hides counts hides likes and, with them, the counts of a video; comments stay visible. */
function metricReason(media: InstagramMedia, name: keyof InstagramMedia['metrics']): ReasonOf<'metric_unavailable'> {
  if (name === 'views' && media.metrics.plays !== null) return 'not_counted';
  const hideable = name === 'likes' || name === 'plays' || name === 'views';
  return hideable && media.flags.likesHidden === true ? 'hidden_by_author' : 'provider_missing';
}

function missingOwnerFields(media: InstagramMedia): Limitation[] {
  return keysOf(media.owner)
    .filter((name) => media.owner[name] === null)
    .map((name) => limitation('owner_field_unavailable', `data.owner.${name}`, 'provider_missing'));
}

function missingFields(media: InstagramMedia): Limitation[] {
  const missing: Limitation[] = [];
  if (media.timestamp === null) missing.push(limitation('field_unavailable', 'data.timestamp', 'provider_missing'));
  if (media.paidPartnership === null) missing.push(limitation('field_unavailable', 'data.paidPartnership', 'provider_missing'));
  if (media.type === 'reel' && media.music === null) missing.push(limitation('field_unavailable', 'data.music', 'provider_missing'));
  if (media.type === 'carousel' && media.children.length === 0) {
    missing.push(limitation('field_unavailable', 'data.children', 'provider_missing'));
  }
  return missing;
}

function mediaUrlLimitations(media: InstagramMedia, now: number): Limitation[] {
  const found: Limitation[] = [];
  const ahead: number[] = [];
  media.media.forEach((asset, index) => {
    const path = `data.media[${index}].url`;
    if (asset.url === null) found.push(limitation('media_url_missing', path, 'provider_missing'));
    else if (asset.expiresAt !== null) {
      const expiry = Date.parse(asset.expiresAt);
      if (expiry <= now) found.push(limitation('media_url_expired', path, 'expired'));
      else ahead.push(expiry);
    }
  });
  if (ahead.length > 0) {
    const earliest = isoTime(Math.min(...ahead));
    found.push(
      limitation('media_url_short_lived', 'data.media', 'signed_by_platform', `The first media address stops working at ${earliest}.`),
    );
  }
  return found;
}

function keysOf<T extends object>(value: T): (keyof T & string)[] {
  // safe because these objects are written out in this file or parsed by a schema: they have no other keys
  return Object.keys(value) as (keyof T & string)[];
}
