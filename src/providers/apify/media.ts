import { assembleMedia, type AssetFacts, type InstagramMedia } from '../../instagram/media.ts';
import type { ApifyPost, ApifySlide } from './media-schema.ts';
import { textOrNull } from '../../instagram/facts.ts';
import { toldMetrics } from '../adapter/counts.ts';
import { type Kind, kindOf, typeFacts } from '../adapter/kind.ts';
import { TOLD_COUNTS } from '../adapter/told-counts.ts';
import { likesHidden, mediaId } from '../adapter/fields.ts';

/** Converts an item of the data set. Null without a media id. */
export function apifyMedia(post: ApifyPost): InstagramMedia | null {
  const id = mediaId(post.id);
  if (id === null) return null;
  const slides = toSlides(post);
  const kind = apifyKind(post);
  return assembleMedia({
    shortcode: post.shortCode,
    id,
    ...typeFacts(kind, post.productType),
    caption: post.caption,
    owner: { id: post.ownerId, username: textOrNull(post.ownerUsername), fullName: textOrNull(post.ownerFullName) },
    takenAtMs: post.timestamp,
    ...toldMetrics(TOLD_COUNTS.apify.posts['apify~instagram-api-scraper'], {
      likes: post.likesCount,
      comments: post.commentsCount,
      plays: post.videoPlayCount,
      views: post.videoViewCount,
      shares: post.sharesCount,
    }),
    commentsSeen: post.latestComments?.length,
    assets: [toAsset(post)],
    // A carousel without slides keeps its cover.
    children: kind === 'carousel' && slides.length > 0 ? slides : null,
    location: { id: post.locationId, name: post.locationName },
    taggedUsers: post.taggedUsers,
    coauthors: post.coauthorProducers,
    paidPartnership: post.paidPartnership ?? post.isSponsored,
    sponsors: post.sponsors,
    music: post.musicInfo?.music,
    audioUrl: textOrNull(post.audioUrl) ?? post.musicInfo?.audioUrl,
    flags: {
      likesHidden: likesHidden(null, post.likesCount),
      commentsDisabled: post.isCommentsDisabled,
      isPinned: post.isPinned,
    },
  });
}

const KINDS = { Image: 'image', Video: 'video', Sidecar: 'carousel' } as const satisfies Record<ApifyPost['type'], Kind>;

/** The vendor has said `Image` of a reel with its file and duration. */
function apifyKind(media: ApifyPost | ApifySlide): Kind {
  const said = KINDS[media.type];
  const productType = 'productType' in media ? media.productType : null;
  const slides = 'childPosts' in media ? media.childPosts : null;
  return kindOf({ said, productType, videoUrl: media.videoUrl, durationSeconds: media.videoDuration, slides }) ?? said;
}

function toAsset(media: ApifyPost | ApifySlide): AssetFacts {
  const shared = {
    width: media.dimensionsWidth ?? media.originalWidth,
    height: media.dimensionsHeight ?? media.originalHeight,
    altText: media.alt,
  };
  if (apifyKind(media) !== 'video') return { type: 'image', url: media.displayUrl, ...shared };
  return { type: 'video', url: media.videoUrl, thumbnailUrl: media.displayUrl, durationSeconds: media.videoDuration, ...shared };
}

/** Falls back to `images`, which has only the images' URLs, where `childPosts` is empty. */
function toSlides(post: ApifyPost): readonly (AssetFacts & { id: string | null; shortcode: string | null })[] {
  const slides = post.childPosts ?? [];
  if (slides.length > 0) {
    return slides.map((slide) => ({ id: mediaId(slide.id), shortcode: textOrNull(slide.shortCode), ...toAsset(slide) }));
  }
  return (post.images ?? []).map((url) => ({ id: null, shortcode: null, type: 'image', url }));
}
