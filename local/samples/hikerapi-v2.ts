import { mediaIdFromShortcode } from '../../src/instagram/shortcode.ts';
import type { Cdn } from './cdn.ts';
import { clipsMetadata, imageVersions, videoVersions } from './hikerapi-v1.ts';
import type { SamplePost, SampleSlide, SampleUser } from './sample-post.ts';
import { wholeNumber } from '../exact-json.ts';

/** Builds the sample as HikerAPI's version 2: the app's own media object, whose `pk` is a number beyond 2^53. */
export function hikerapiV2Body(post: SamplePost, cdn: Cdn): string {
  const [cover] = post.slides;
  const isCarousel = post.kind === 'carousel';
  return JSON.stringify({
    media_or_ad: {
      ...identity(post.shortcode, post.owner),
      code: post.shortcode,
      taken_at: post.takenAt,
      media_type: isCarousel ? 8 : cover.type === 'video' ? 2 : 1,
      product_type: post.kind === 'reel' ? 'clips' : isCarousel ? 'carousel_container' : 'feed',
      disable_caption_and_comment: post.commentsDisabled,
      timeline_pinned_user_ids: post.isPinned ? [wholeNumber(post.owner.id)] : [],
      original_width: cover.width,
      original_height: cover.height,
      image_versions2: { candidates: imageVersions(cover, cdn) },
      ...(isCarousel
        ? { carousel_media_count: post.slides.length, carousel_media: post.slides.map((slide) => child(post, slide, cdn)) }
        : videoFields(cover, cdn)),
      ...(post.plays === null ? {} : { play_count: post.plays, ig_play_count: post.plays }),
      caption: caption(post, cdn),
      comment_count: post.comments,
      like_count: post.likes,
      like_and_view_counts_disabled: post.likesHidden,
      reshare_count: post.shares,
      media_repost_count: post.reposts,
      is_paid_partnership: post.sponsor !== null,
      // No recording has a sponsor; this follows the flat version's user.
      ...(post.sponsor === null ? {} : { sponsor_tags: [user(post.sponsor, cdn)] }),
      coauthor_producers: post.coauthors.map((coauthor) => user(coauthor, cdn)),
      ...(post.taggedUsers.length === 0
        ? {}
        : { usertags: { in: post.taggedUsers.map((tagged) => ({ position: [0.5, 0.5], user: user(tagged, cdn) })) } }),
      ...(post.location === null ? {} : { location: place(post.location) }),
      clips_metadata: post.music === null ? null : clipsMetadata(post.music, post.owner, cdn),
      accessibility_caption: cover.alt,
      user: user(post.owner, cdn),
      has_liked: false,
    },
    status: 'ok',
  });
}

function identity(shortcode: string, owner: SampleUser) {
  const pk = mediaIdFromShortcode(shortcode);
  return { strong_id__: `${pk}_${owner.id}`, id: `${pk}_${owner.id}`, pk: wholeNumber(pk), fbid: wholeNumber('18065011277000017') };
}

function videoFields(slide: SampleSlide, cdn: Cdn) {
  if (slide.type === 'image') return {};
  return { has_audio: true, view_count: slide.views, video_duration: slide.durationSeconds, video_versions: videoVersions(slide, cdn) };
}

function child(post: SamplePost, slide: SampleSlide, cdn: Cdn) {
  return {
    ...identity(slide.shortcode, post.owner),
    code: slide.shortcode,
    media_type: slide.type === 'video' ? 2 : 1,
    product_type: 'carousel_item',
    image_versions2: { candidates: imageVersions(slide, cdn) },
    original_width: slide.width,
    original_height: slide.height,
    ...(slide.type === 'video' ? { video_duration: slide.durationSeconds, video_versions: videoVersions(slide, cdn) } : {}),
    accessibility_caption: slide.alt,
    carousel_parent_id: `${mediaIdFromShortcode(post.shortcode)}_${post.owner.id}`,
    commerciality_status: 'not_commercial',
  };
}

function caption(post: SamplePost, cdn: Cdn) {
  if (post.caption === null) return null;
  return {
    strong_id__: '18065011200000017',
    pk: '18065011200000017',
    created_at: post.takenAt + 1,
    content_type: 'comment',
    media_id: wholeNumber(mediaIdFromShortcode(post.shortcode)),
    status: 'Active',
    text: post.caption,
    user: user(post.owner, cdn),
  };
}

function place(location: NonNullable<SamplePost['location']>) {
  return {
    pk: wholeNumber(location.id),
    facebook_places_id: wholeNumber(location.id),
    external_source: 'facebook_places',
    name: location.name,
    short_name: location.name,
    address: '',
    city: location.city,
    lng: location.longitude,
    lat: location.latitude,
  };
}

function user(person: SampleUser, cdn: Cdn) {
  return {
    strong_id__: person.id,
    pk: wholeNumber(person.id),
    pk_id: person.id,
    id: person.id,
    username: person.username,
    full_name: person.fullName,
    is_private: false,
    is_verified: person.isVerified,
    profile_pic_url: cdn.image(person.id),
  };
}
