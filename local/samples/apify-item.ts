import { mediaIdFromShortcode } from '../../src/instagram/shortcode.ts';
import type { Cdn } from './cdn.ts';
import type { SamplePost, SampleSlide, SampleUser } from './sample-post.ts';

/** Apify's value for hidden likes. */
const HIDDEN = -1;

/**
 * Builds the sample as a dataset item of Apify's Instagram scrapers, without the fields that its items sometimes lack and without a null
 * transcript.
 */
export function apifyItem(post: SamplePost, cdn: Cdn, transcript: string | null): string {
  const [cover] = post.slides;
  const isCarousel = post.kind === 'carousel';
  return JSON.stringify({
    inputUrl: `https://www.instagram.com/p/${post.shortcode}/`,
    id: mediaIdFromShortcode(post.shortcode),
    type: isCarousel ? 'Sidecar' : cover.type === 'video' ? 'Video' : 'Image',
    shortCode: post.shortcode,
    caption: post.caption ?? '',
    // Apify cuts tags at the first letter that is not Latin, so its own list is unreliable.
    hashtags: [...(post.caption ?? '').matchAll(/#([A-Za-z0-9_]+)/g)].map((match) => match[1]),
    mentions: [...(post.caption ?? '').matchAll(/@([A-Za-z0-9_.]+)/g)].map((match) => match[1]),
    url: `https://www.instagram.com/p/${post.shortcode}/`,
    commentsCount: post.comments,
    firstComment: '',
    latestComments: [],
    dimensionsHeight: cover.height,
    dimensionsWidth: cover.width,
    displayUrl: cdn.image(cover.shortcode),
    images: isCarousel ? post.slides.map((slide) => cdn.image(slide.shortcode)) : [],
    alt: cover.alt,
    likesCount: post.likesHidden ? HIDDEN : post.likes,
    ...(isCarousel ? {} : videoFields(post, cover, cdn)),
    timestamp: new Date(post.takenAt * 1_000).toISOString(),
    childPosts: isCarousel ? post.slides.map((slide) => childPost(slide, cdn)) : [],
    ...(post.location === null ? {} : { locationName: post.location.name, locationId: post.location.id }),
    ownerFullName: post.owner.fullName,
    ownerUsername: post.owner.username,
    ownerId: post.owner.id,
    ...(post.kind === 'reel' ? { productType: 'clips' } : post.kind === 'carousel' ? {} : { productType: 'feed' }),
    paidPartnership: post.sponsor !== null,
    ...(post.sponsor === null ? {} : { sponsors: [{ id: post.sponsor.id, username: post.sponsor.username }] }),
    ...(post.taggedUsers.length === 0
      ? {}
      : { taggedUsers: post.taggedUsers.map((user) => ({ full_name: user.fullName, ...coauthor(user, cdn) })) }),
    ...(post.coauthors.length === 0 ? {} : { coauthorProducers: post.coauthors.map((user) => coauthor(user, cdn)) }),
    ...(post.isPinned ? { isPinned: true } : {}),
    isCommentsDisabled: post.commentsDisabled,
    ...(transcript === null ? {} : { transcript }),
  });
}

function videoFields(post: SamplePost, slide: SampleSlide, cdn: Cdn) {
  if (slide.type === 'image') return {};
  return {
    videoUrl: cdn.video(slide.shortcode),
    audioUrl: cdn.audio(slide.shortcode),
    videoViewCount: slide.views,
    videoPlayCount: post.plays,
    videoDuration: slide.durationSeconds,
    ...(post.music === null
      ? {}
      : {
          musicInfo: {
            artist_name: post.music.artist,
            song_name: post.music.title,
            uses_original_audio: post.music.isOriginal,
            should_mute_audio: false,
            should_mute_audio_reason: '',
            audio_id: post.music.audioId,
          },
        }),
  };
}

function childPost(slide: SampleSlide, cdn: Cdn) {
  return {
    id: mediaIdFromShortcode(slide.shortcode),
    type: slide.type === 'video' ? 'Video' : 'Image',
    shortCode: slide.shortcode,
    caption: '',
    hashtags: [],
    mentions: [],
    url: `https://www.instagram.com/p/${slide.shortcode}/`,
    commentsCount: 0,
    firstComment: '',
    latestComments: [],
    dimensionsHeight: slide.height,
    dimensionsWidth: slide.width,
    displayUrl: cdn.image(slide.shortcode),
    images: [],
    ...(slide.type === 'video' ? { videoUrl: cdn.video(slide.shortcode), videoViewCount: slide.views } : {}),
    alt: slide.alt,
    likesCount: null,
    timestamp: null,
    childPosts: [],
    ownerId: null,
  };
}

function coauthor(user: SampleUser, cdn: Cdn) {
  return { id: user.id, is_verified: user.isVerified, profile_pic_url: cdn.image(user.id), username: user.username };
}
