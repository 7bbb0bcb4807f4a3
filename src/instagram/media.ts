import { z } from 'zod';
import { captionHashtags, captionMentions } from './caption.ts';
import {
  type CountEvidence,
  coordinates,
  countOrNull,
  httpUrl,
  isoOrNull,
  knownOrNull,
  MEDIA_METRICS,
  NONE_OR_NOT_GIVEN,
  NOT_GIVEN,
  nullable,
  settleCounts,
  textOrNull,
  UNTOLD_REASONS,
} from './facts.ts';
import { isPlatformMediaUrl, mediaUrlExpiresAt } from './media-url.ts';

const count = z.int().nonnegative().nullable();

/** A person or brand that a post names. Null is what the provider did not give, never a guess. */
export const InstagramUser = z
  .object({
    id: nullable(z.string(), NOT_GIVEN),
    username: nullable(z.string(), NOT_GIVEN),
    fullName: nullable(z.string(), NOT_GIVEN),
    isVerified: nullable(z.boolean(), NOT_GIVEN),
  })
  .meta({ id: 'InstagramUser' });
export type InstagramUser = z.infer<typeof InstagramUser>;

/** The author of a post. Null is what the provider did not give. */
export const InstagramOwner = z
  .object({
    id: z.string().nullable(),
    username: z.string().nullable(),
    fullName: z.string().nullable(),
    isVerified: z.boolean().nullable(),
    isPrivate: z.boolean().nullable(),
    avatarUrl: z.url().nullable(),
    followers: count,
  })
  .meta({ id: 'InstagramOwner' });
export type InstagramOwner = z.infer<typeof InstagramOwner>;

const assetShape = {
  type: z.enum(['image', 'video']),
  url: z.url().nullable().meta({ description: 'Short-lived: the platform signs it until `expiresAt`.' }),
  thumbnailUrl: nullable(z.url(), 'Null for a picture, and where the provider gives none.'),
  width: z.int().positive().nullable().meta({ description: 'Pixels.' }),
  height: z.int().positive().nullable().meta({ description: 'Pixels.' }),
  durationSeconds: nullable(z.number().nonnegative(), 'Null for a picture.'),
  altText: nullable(z.string(), NONE_OR_NOT_GIVEN),
  expiresAt: z.iso
    .datetime()
    .nullable()
    .meta({ description: 'When `url` stops working, read from the URL itself; null when it does not say.' }),
};

export const MediaAsset = z.object(assetShape).meta({ id: 'MediaAsset' });
export type MediaAsset = z.infer<typeof MediaAsset>;

/** One slide of a carousel, in the author's order. */
export const CarouselChild = z
  .object({ id: nullable(z.string(), NOT_GIVEN), shortcode: nullable(z.string(), NOT_GIVEN), ...assetShape })
  .meta({ id: 'CarouselChild' });
export type CarouselChild = z.infer<typeof CarouselChild>;

/** A post or reel in the common shape of all providers. Ids are strings, because they exceed 2^53. */
export const InstagramMedia = z.object({
  shortcode: z.string(),
  id: z.string(),
  url: z.url(),
  canonicalUrl: z.url(),
  type: z.enum(['image', 'video', 'carousel', 'reel']),
  caption: nullable(z.string(), 'Null where the author wrote none.'),
  hashtags: z.array(z.string()),
  mentions: z.array(z.string()),
  owner: InstagramOwner,
  timestamp: z.iso.datetime().nullable(),
  metrics: z
    .object({
      likes: count,
      comments: count,
      plays: count.meta({
        description:
          'Times a video was played on Instagram alone; null for a picture, and where the provider only has the sum with Facebook.',
      }),
      views: count.meta({
        description: 'Views of a video as the platform counted them before plays; null for a picture and on most reels.',
      }),
      shares: count,
      reposts: count,
    })
    .meta({ id: 'MediaMetrics', description: 'A hidden or unknown count is null, with the reason in `limitations`.' }),
  media: z.array(MediaAsset).meta({ description: 'Every image and video in order; for a carousel, one per child.' }),
  children: z.array(CarouselChild),
  location: z
    .object({
      id: nullable(z.string(), NOT_GIVEN),
      name: nullable(z.string(), NOT_GIVEN),
      city: nullable(z.string(), NONE_OR_NOT_GIVEN),
      latitude: z.number().min(-90).max(90).nullable().meta({ description: 'Degrees; null together with `longitude`.' }),
      longitude: z.number().min(-180).max(180).nullable().meta({ description: 'Degrees; null together with `latitude`.' }),
    })
    .nullable()
    .meta({ description: NONE_OR_NOT_GIVEN }),
  taggedUsers: z.array(InstagramUser),
  coauthors: z.array(InstagramUser),
  paidPartnership: z.boolean().nullable(),
  sponsors: z.array(InstagramUser),
  music: z
    .object({
      title: nullable(z.string(), NOT_GIVEN),
      artist: nullable(z.string(), NOT_GIVEN),
      audioId: nullable(z.string(), NOT_GIVEN),
      isOriginalAudio: nullable(z.boolean(), NOT_GIVEN),
    })
    .nullable()
    .meta({ description: 'Null where there is none, and on a reel also where the provider does not give it.' }),
  audioUrl: nullable(z.url(), NONE_OR_NOT_GIVEN),
  flags: z.object({
    likesHidden: z.boolean().nullable(),
    commentsDisabled: z.boolean().nullable(),
    isPinned: z.boolean().nullable(),
  }),
  /** The fields whose URL was withheld, from the root of a response. Absent where none was; not part of a response. */
  withheldUrls: z.array(z.string()).optional(),
  /** The provider did not say whether the video is a reel: `settleType` decides. Absent where it is known; not part of a response. */
  isReelUntold: z.literal(true).optional(),
  /** Why counts are null although the provider gave a number. Absent where there is none; not part of a response. */
  untoldCounts: z.partialRecord(z.enum(MEDIA_METRICS), z.enum(UNTOLD_REASONS)).optional(),
});
export type InstagramMedia = z.infer<typeof InstagramMedia>;

type Place = NonNullable<InstagramMedia['location']>;

/** A post as an adapter read it from its vendor, before the rules for all vendors apply. Absent means that the vendor did not say. */
export type MediaFacts = {
  readonly shortcode: string;
  readonly id: string;
  readonly type: InstagramMedia['type'];
  /** The vendor did not say whether the video is a reel. */
  readonly isReelUntold?: boolean | undefined;
  readonly caption?: string | null | undefined;
  readonly owner: Partial<{ [K in keyof InstagramOwner]: InstagramOwner[K] | undefined }>;
  readonly takenAtMs?: number | null | undefined;
  readonly metrics: CountEvidence['given'];
  /** Numbers that the vendor gave but that are not known to be the count. */
  readonly untold?: CountEvidence['untold'] | undefined;
  /** Comments that came with the post. */
  readonly commentsSeen?: number | undefined;
  readonly assets: readonly AssetFacts[];
  /** Null for anything but a carousel. In the author's order; `assets` is ignored when there is at least one. */
  readonly children: readonly (AssetFacts & { id?: string | null | undefined; shortcode?: string | null | undefined })[] | null;
  readonly location?: Partial<{ [K in keyof Place]: Place[K] | undefined }> | null | undefined;
  readonly taggedUsers?: readonly InstagramUser[] | null | undefined;
  readonly coauthors?: readonly InstagramUser[] | null | undefined;
  readonly paidPartnership?: boolean | null | undefined;
  readonly sponsors?: readonly InstagramUser[] | null | undefined;
  readonly music?: InstagramMedia['music'] | undefined;
  readonly audioUrl?: string | null | undefined;
  readonly flags: Partial<{ [K in keyof InstagramMedia['flags']]: boolean | null | undefined }>;
};

/** One image or video as a vendor describes it. Sizes in pixels. */
export type AssetFacts = {
  readonly type: 'image' | 'video';
  readonly url?: string | null | undefined;
  readonly thumbnailUrl?: string | null | undefined;
  readonly width?: number | null | undefined;
  readonly height?: number | null | undefined;
  readonly durationSeconds?: number | null | undefined;
  readonly altText?: string | null | undefined;
};

/**
 * Converts a vendor's facts to the common shape with the rules for all vendors: an empty caption is null, a negative count is hidden, a
 * count that others contradict is null, hashtags and mentions come from the caption.
 */
export function assembleMedia(facts: MediaFacts): InstagramMedia {
  const caption = textOrNull(facts.caption);
  const children = (facts.children ?? []).map((child) => ({
    id: child.id ?? null,
    shortcode: child.shortcode ?? null,
    ...assembleAsset(child),
  }));
  // Some vendors give a carousel's cover but not its slides; the cover is then shown.
  const assets = children.length === 0 ? facts.assets.map(assembleAsset) : children.map(({ id: _id, shortcode: _code, ...asset }) => asset);
  const { metrics, untold } = settleCounts({
    given: facts.metrics,
    untold: facts.untold ?? {},
    isVideo: facts.type === 'video' || facts.type === 'reel',
    isHidden: likesHidden(facts) === true,
    commentsSeen: facts.commentsSeen ?? 0,
  });
  const permalink = `https://www.instagram.com/p/${facts.shortcode}/`;
  return {
    shortcode: facts.shortcode,
    id: facts.id,
    url: permalink,
    canonicalUrl: canonicalUrl(facts.shortcode, facts.type),
    type: facts.type,
    caption,
    hashtags: caption === null ? [] : captionHashtags(caption),
    mentions: caption === null ? [] : captionMentions(caption),
    owner: assembleOwner(facts.owner),
    timestamp: isoOrNull(facts.takenAtMs),
    metrics,
    media: assets,
    children,
    location: assembleLocation(facts.location),
    taggedUsers: assembleUsers(facts.taggedUsers),
    coauthors: assembleUsers(facts.coauthors),
    paidPartnership: facts.paidPartnership ?? null,
    sponsors: assembleUsers(facts.sponsors),
    music: knownOrNull(facts.music),
    audioUrl: httpUrl(facts.audioUrl),
    flags: {
      likesHidden: likesHidden(facts),
      commentsDisabled: facts.flags.commentsDisabled ?? null,
      isPinned: facts.flags.isPinned ?? null,
    },
    ...(Object.keys(untold).length === 0 ? {} : { untoldCounts: untold }),
    ...(facts.isReelUntold === true ? { isReelUntold: true } : {}),
  };
}

/**
 * Decides for one request whether a video is a reel, where no provider said so: it is one where the request's URL or endpoint is a reel's.
 * Cached copies keep the question open, so that the answer does not depend on who asked first.
 */
export function settleType(media: InstagramMedia, isReelAsked: boolean): InstagramMedia {
  if (media.isReelUntold !== true) return media;
  const type = isReelAsked ? 'reel' : 'video';
  return { ...media, type, canonicalUrl: canonicalUrl(media.shortcode, type) };
}

/**
 * Replaces every URL that does not lead to the platform's own content servers by null, and lists where. Applied to fresh and to cached posts,
 * whose URLs may be older than a rule. Returns the same post when there is nothing to withhold.
 */
export function withholdForeignUrls(media: InstagramMedia): InstagramMedia {
  const withheld: string[] = [];
  const checked = (url: string | null, path: string): string | null => {
    if (url === null || isPlatformMediaUrl(url)) return url;
    withheld.push(path);
    return null;
  };
  const checkedAsset = <T extends MediaAsset>(asset: T, path: string): T => {
    const url = checked(asset.url, `${path}.url`);
    const thumbnailUrl = checked(asset.thumbnailUrl, `${path}.thumbnailUrl`);
    return { ...asset, url, thumbnailUrl, expiresAt: url === null ? null : asset.expiresAt };
  };
  const owner = { ...media.owner, avatarUrl: checked(media.owner.avatarUrl, 'data.owner.avatarUrl') };
  const assets = media.media.map((asset, index) => checkedAsset(asset, `data.media[${index}]`));
  const children = media.children.map((child, index) => checkedAsset(child, `data.children[${index}]`));
  const audioUrl = checked(media.audioUrl, 'data.audioUrl');
  if (withheld.length === 0) return media;
  return { ...media, owner, media: assets, children, audioUrl, withheldUrls: [...(media.withheldUrls ?? []), ...withheld] };
}

/** Returns the platform's own URL of a post of this type. */
export function canonicalUrl(shortcode: string, type: InstagramMedia['type']): string {
  return `https://www.instagram.com/${type === 'reel' ? 'reel' : 'p'}/${shortcode}/`;
}

/** Leaves out a user without an id or a name: it names nobody. */
function assembleUsers(users: MediaFacts['taggedUsers']): InstagramUser[] {
  return (users ?? []).flatMap(({ id, username, fullName, isVerified }) => {
    const named = knownOrNull({ id: textOrNull(id), username: textOrNull(username), fullName: textOrNull(fullName) });
    return named === null ? [] : [{ ...named, isVerified }];
  });
}

function assembleLocation(place: MediaFacts['location']): Place | null {
  return knownOrNull({
    id: textOrNull(place?.id),
    name: textOrNull(place?.name),
    city: textOrNull(place?.city),
    ...coordinates(place?.latitude, place?.longitude),
  });
}

function assembleOwner(owner: MediaFacts['owner']): InstagramOwner {
  return {
    id: textOrNull(owner.id),
    username: textOrNull(owner.username),
    fullName: textOrNull(owner.fullName),
    isVerified: owner.isVerified ?? null,
    isPrivate: owner.isPrivate ?? null,
    avatarUrl: httpUrl(owner.avatarUrl),
    followers: countOrNull(owner.followers),
  };
}

/** A negative count always means a hidden one, so it outweighs a flag that says otherwise. */
function likesHidden({ flags, metrics }: MediaFacts): boolean | null {
  if (metrics.likes == null) return flags.likesHidden ?? null;
  return metrics.likes < 0 || (flags.likesHidden ?? false);
}

function assembleAsset(asset: AssetFacts): MediaAsset {
  const url = httpUrl(asset.url);
  return {
    type: asset.type,
    url,
    thumbnailUrl: httpUrl(asset.thumbnailUrl),
    width: positiveOrNull(asset.width),
    height: positiveOrNull(asset.height),
    durationSeconds:
      asset.durationSeconds != null && Number.isFinite(asset.durationSeconds) && asset.durationSeconds >= 0 ? asset.durationSeconds : null,
    altText: textOrNull(asset.altText),
    expiresAt: url === null ? null : isoOrNull(mediaUrlExpiresAt(url)),
  };
}

function positiveOrNull(value: number | null | undefined): number | null {
  return value != null && Number.isSafeInteger(value) && value > 0 ? value : null;
}
