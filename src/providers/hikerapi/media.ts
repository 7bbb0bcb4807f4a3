import { assembleMedia, type AssetFacts, type InstagramMedia, type MediaFacts } from '../../instagram/media.ts';
import type { FlatPost, FlatSlide, RawPost, RawSlide } from './media-schema.ts';
import { textOrNull } from '../../instagram/facts.ts';
import { toldMetrics } from '../adapter/counts.ts';
import { type Kind, kindOf, typeFacts } from '../adapter/kind.ts';
import { TOLD_COUNTS } from '../adapter/told-counts.ts';
import { hasEntries, largest, likesHidden, mediaId, type Rendition } from '../adapter/fields.ts';

const TOLD = TOLD_COUNTS.hikerapi.posts;

/** Converts a v1 post. Null without a media id. */
export function hikerFlatMedia(post: FlatPost): InstagramMedia | null {
  const id = mediaId(post.pk);
  if (id === null) return null;
  return assembleMedia({
    ...sharedFacts(post),
    id,
    caption: post.caption_text,
    takenAtMs: post.taken_at_ts ?? post.taken_at,
    ...toldMetrics(TOLD['/v1/media/by/code'], {
      likes: post.like_count,
      comments: post.comment_count,
      plays: post.play_count,
      views: post.view_count,
    }),
    assets: [flatAsset(post)],
    children: slides(post, post.resources, flatSlide),
    taggedUsers: post.usertags,
    music: post.clips_metadata?.music,
    flags: { ...sharedFlags(post), commentsDisabled: post.comments_disabled },
  });
}

/** Converts a v2 post. Null without a media id. */
export function hikerRawMedia(post: RawPost): InstagramMedia | null {
  const id = rawId(post);
  if (id === null) return null;
  const sound = post.clips_metadata ?? post.music_metadata;
  return assembleMedia({
    ...sharedFacts(post),
    id,
    caption: post.caption?.text,
    takenAtMs: post.taken_at,
    ...rawCounts(post),
    commentsSeen: post.preview_comments?.length,
    assets: [rawAsset(post)],
    children: slides(post, post.carousel_media, rawSlide),
    taggedUsers: post.usertags,
    music: sound?.music,
    audioUrl: sound?.audioUrl,
    flags: {
      ...sharedFlags(post),
      commentsDisabled: post.comments_disabled ?? post.disable_caption_and_comment,
      isPinned: hasEntries(post.timeline_pinned_user_ids),
    },
  });
}

function sharedFacts(post: FlatPost | RawPost) {
  const user = post.user;
  const place = post.location;
  return {
    shortcode: post.code,
    ...typeFacts(hikerKind(post), post.product_type),
    owner: {
      id: user?.pk_id ?? user?.pk ?? user?.id,
      username: user?.username,
      fullName: textOrNull(user?.full_name),
      isVerified: user?.is_verified,
      isPrivate: user?.is_private,
      avatarUrl: user?.profile_pic_url,
    },
    location: { id: place?.pk, name: place?.name, city: place?.city, latitude: place?.lat, longitude: place?.lng },
    coauthors: post.coauthor_producers,
    paidPartnership: post.is_paid_partnership,
    sponsors: post.sponsor_tags,
  };
}

function sharedFlags(post: FlatPost | RawPost) {
  return { likesHidden: likesHidden(post.like_and_view_counts_disabled, post.like_count) };
}

const KINDS = { 1: 'image', 2: 'video', 8: 'carousel' } as const satisfies Record<FlatPost['media_type'], Kind>;

function hikerKind(media: FlatPost | RawPost | FlatSlide | RawSlide): Kind {
  const said = KINDS[media.media_type];
  const file = largest(media.video_versions)?.url ?? ('video_url' in media ? media.video_url : null);
  const slides = 'resources' in media ? media.resources : 'carousel_media' in media ? media.carousel_media : null;
  const productType = 'product_type' in media ? media.product_type : null;
  return kindOf({ said, productType, videoUrl: file, durationSeconds: media.video_duration, slides }) ?? said;
}

/** `play_count` is the sum with Facebook, so it is plays on Instagram only where Facebook's part is known. */
function rawCounts(post: RawPost): Pick<MediaFacts, 'metrics' | 'untold'> {
  const { play_count: sum, fb_play_count: onFacebook } = post;
  const plays = post.ig_play_count ?? (sum == null || onFacebook == null ? null : sum - onFacebook);
  const { metrics, untold } = toldMetrics(TOLD['/v2/media/info/by/code'], {
    likes: post.like_count,
    comments: post.comment_count,
    plays,
    views: post.view_count,
    shares: post.reshare_count,
    reposts: post.media_repost_count,
  });
  return { metrics, untold: plays === null && sum != null ? { ...untold, plays: 'facebook_included' } : untold };
}

/** An album without slides keeps its cover. */
function slides<S, F>(post: FlatPost | RawPost, given: readonly S[] | null | undefined, toSlide: (slide: S) => F): readonly F[] | null {
  return hikerKind(post) === 'carousel' && given != null && given.length > 0 ? given.map(toSlide) : null;
}

function flatAsset(media: FlatPost | FlatSlide): AssetFacts {
  const still = largest(media.image_versions);
  const film = largest(media.video_versions);
  const thumbnailUrl = still?.url ?? media.thumbnail_url;
  if (hikerKind(media) !== 'video') return { type: 'image', url: thumbnailUrl, ...sizeOf(still), altText: media.accessibility_caption };
  return {
    type: 'video',
    url: film?.url ?? media.video_url,
    thumbnailUrl,
    ...sizeOf(film ?? still),
    durationSeconds: duration(media.video_duration),
    altText: media.accessibility_caption,
  };
}

function flatSlide(slide: FlatSlide) {
  return { id: mediaId(slide.pk), shortcode: textOrNull(slide.code), ...flatAsset(slide) };
}

function rawAsset(media: RawPost | RawSlide): AssetFacts {
  const still = largest(media.image_versions2?.candidates);
  const film = largest(media.video_versions);
  const kind = hikerKind(media);
  const best = kind === 'video' ? (film ?? still) : still;
  const shared = {
    width: media.original_width ?? best?.width,
    height: media.original_height ?? best?.height,
    altText: media.accessibility_caption,
  };
  if (kind !== 'video') return { type: 'image', url: still?.url, ...shared };
  return { type: 'video', url: film?.url, thumbnailUrl: still?.url, durationSeconds: duration(media.video_duration), ...shared };
}

function rawSlide(slide: RawSlide) {
  return { id: rawId(slide), shortcode: textOrNull(slide.code), ...rawAsset(slide) };
}

/** Prefers the string ids; `pk` is a number, exact only because net/fetch-json.ts keeps its digits. */
function rawId(media: RawPost | RawSlide): string | null {
  return mediaId(media.strong_id__) ?? mediaId(media.pk) ?? mediaId(media.id);
}

function sizeOf(rendition: Rendition | null): Pick<AssetFacts, 'width' | 'height'> {
  return { width: rendition?.width, height: rendition?.height };
}

/** The vendor sends 0 for an unknown duration. */
function duration(seconds: number | null | undefined): number | null {
  return seconds == null || seconds === 0 ? null : seconds;
}
