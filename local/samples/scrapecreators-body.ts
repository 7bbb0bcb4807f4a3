import { mediaIdFromShortcode } from '../../src/instagram/shortcode.ts';
import type { Cdn } from './cdn.ts';
import type { SamplePost, SampleSlide, SampleUser } from './sample-post.ts';

/** The web API's value for hidden likes. */
const HIDDEN = -1;

/** Credits of a new ScrapeCreators account at the fake. */
export const SAMPLE_CREDITS = 25_000;

/** Builds the sample as ScrapeCreators' post: the web's `xdt_shortcode_media` inside the vendor's envelope. */
export function scrapecreatorsBody(post: SamplePost, cdn: Cdn): string {
  return JSON.stringify({
    success: true,
    credits_remaining: SAMPLE_CREDITS,
    credits_charged: 1,
    data: { xdt_shortcode_media: shortcodeMedia(post, cdn) },
    extensions: { is_final: true },
    status: 'ok',
  });
}

/** Builds the media object alone, which the fake's faults modify. */
export function shortcodeMedia(post: SamplePost, cdn: Cdn) {
  const [cover] = post.slides;
  const isCarousel = post.kind === 'carousel';
  const isVideo = !isCarousel && cover.type === 'video';
  return {
    __typename: isCarousel ? 'XDTGraphSidecar' : isVideo ? 'XDTGraphVideo' : 'XDTGraphImage',
    id: mediaIdFromShortcode(post.shortcode),
    shortcode: post.shortcode,
    thumbnail_src: cdn.image(cover.shortcode),
    ...frame(cover, cdn),
    ...(isVideo ? videoFields(post, cover, cdn) : {}),
    is_video: isVideo,
    edge_media_to_tagged_user: {
      edges: post.taggedUsers.map((user) => ({
        node: { user: { full_name: user.fullName, ...person(user, cdn) }, x: 0.5, y: 0.5, id: user.id },
      })),
    },
    owner: {
      ...person(post.owner, cdn),
      full_name: post.owner.fullName,
      is_private: false,
      is_unpublished: false,
      edge_owner_to_timeline_media: { count: post.owner.posts },
      edge_followed_by: { count: post.owner.followers },
    },
    ...(isCarousel ? { edge_sidecar_to_children: { edges: post.slides.map((slide) => ({ node: sidecarChild(slide, cdn) })) } } : {}),
    edge_media_to_caption: {
      edges: post.caption === null ? [] : [{ node: { created_at: String(post.takenAt + 1), text: post.caption, id: '18065011200000017' } }],
    },
    caption_is_edited: false,
    like_and_view_counts_disabled: post.likesHidden,
    edge_media_to_parent_comment: { count: post.comments, page_info: { has_next_page: false, end_cursor: null }, edges: [] },
    edge_media_preview_comment: { count: post.comments, edges: [] },
    comments_disabled: post.commentsDisabled,
    taken_at_timestamp: post.takenAt,
    edge_media_preview_like: { count: post.likesHidden ? HIDDEN : post.likes, edges: [] },
    edge_media_to_sponsor_user: {
      edges: post.sponsor === null ? [] : [{ node: { sponsor: { id: post.sponsor.id, username: post.sponsor.username } } }],
    },
    is_affiliate: false,
    is_paid_partnership: post.sponsor !== null,
    location:
      post.location === null
        ? null
        : { id: post.location.id, has_public_page: true, name: post.location.name, slug: '', address_json: null },
    is_ad: false,
    coauthor_producers: post.coauthors.map((user) => person(user, cdn)),
    pinned_for_users: post.isPinned ? [person(post.owner, cdn)] : [],
  };
}

function frame(slide: SampleSlide, cdn: Cdn) {
  return {
    dimensions: { height: slide.height, width: slide.width },
    gating_info: null,
    sensitivity_friction_info: null,
    display_url: cdn.image(slide.shortcode),
    display_resources: [{ src: cdn.image(slide.shortcode), config_width: slide.width, config_height: slide.height }],
    accessibility_caption: slide.alt,
  };
}

function videoFields(post: SamplePost, slide: SampleSlide, cdn: Cdn) {
  return {
    // False even on reels with sound.
    has_audio: false,
    video_url: cdn.video(slide.shortcode),
    video_view_count: slide.views,
    video_play_count: post.plays,
    // Set only for reels; null for a plain video.
    product_type: post.kind === 'reel' ? 'clips' : null,
    title: '',
    video_duration: slide.durationSeconds,
    clips_music_attribution_info:
      post.music === null
        ? null
        : {
            artist_name: post.music.artist,
            song_name: post.music.title,
            uses_original_audio: post.music.isOriginal,
            should_mute_audio: false,
            should_mute_audio_reason: '',
            audio_id: post.music.audioId,
          },
  };
}

function sidecarChild(slide: SampleSlide, cdn: Cdn) {
  const isVideo = slide.type === 'video';
  return {
    __typename: isVideo ? 'XDTGraphVideo' : 'XDTGraphImage',
    id: mediaIdFromShortcode(slide.shortcode),
    shortcode: slide.shortcode,
    ...frame(slide, cdn),
    // A video inside a carousel has views; its plays are null.
    ...(isVideo ? { has_audio: false, video_url: cdn.video(slide.shortcode), video_view_count: slide.views, video_play_count: null } : {}),
    is_video: isVideo,
    edge_media_to_tagged_user: { edges: [] },
  };
}

function person(user: SampleUser, cdn: Cdn) {
  return { id: user.id, is_verified: user.isVerified, profile_pic_url: cdn.image(user.id), username: user.username };
}
