import { mediaIdFromShortcode } from '../../src/instagram/shortcode.ts';
import type { Cdn } from './cdn.ts';
import { wholeNumber } from '../exact-json.ts';
import type { SamplePost, SampleSlide, SampleUser } from './sample-post.ts';

/** Builds the sample as HikerAPI's flat media: ids as text, except the location's. */
export function hikerapiV1Body(post: SamplePost, cdn: Cdn): string {
  const pk = mediaIdFromShortcode(post.shortcode);
  const [cover] = post.slides;
  const isCarousel = post.kind === 'carousel';
  const isVideo = !isCarousel && cover.type === 'video';
  return JSON.stringify({
    pk,
    id: `${pk}_${post.owner.id}`,
    code: post.shortcode,
    taken_at: new Date(post.takenAt * 1_000).toISOString().replace('.000Z', 'Z'),
    taken_at_ts: post.takenAt,
    media_type: isCarousel ? 8 : isVideo ? 2 : 1,
    product_type: post.kind === 'reel' ? 'clips' : isCarousel ? 'carousel_container' : 'feed',
    ...(isCarousel ? {} : { thumbnail_url: cdn.image(cover.shortcode) }),
    ...(post.location === null ? {} : { location: place(post.location) }),
    user: person(post.owner, cdn),
    comment_count: post.comments,
    comments_disabled: post.commentsDisabled,
    like_count: post.likes,
    play_count: post.plays ?? 0,
    has_liked: false,
    caption_text: post.caption ?? '',
    usertags: post.taggedUsers.map((user) => ({ user: person(user, cdn), x: 0.5, y: 0.5 })),
    sponsor_tags: post.sponsor === null ? [] : [person(post.sponsor, cdn)],
    ...(isVideo ? { video_url: cdn.video(cover.shortcode) } : {}),
    view_count: isVideo ? cover.views : 0,
    video_duration: isVideo ? cover.durationSeconds : 0,
    title: '',
    resources: isCarousel ? post.slides.map((slide) => resource(post, slide, cdn)) : [],
    image_versions: imageVersions(cover, cdn),
    video_versions: isVideo ? videoVersions(cover, cdn) : [],
    clips_metadata: post.music === null ? {} : clipsMetadata(post.music, post.owner, cdn),
    like_and_view_counts_disabled: post.likesHidden,
    coauthor_producers: post.coauthors.map((user) => ({
      ...person(user, cdn),
      pk: wholeNumber(user.id),
      pk_id: user.id,
      strong_id__: user.id,
    })),
    is_paid_partnership: post.sponsor !== null,
  });
}

/** Two sizes of an image, best first. */
export function imageVersions(slide: SampleSlide, cdn: Cdn) {
  return [1, 2].map((divisor) => ({
    estimated_scans_sizes: [27_870, 55_740, 83_610],
    height: Math.floor(slide.height / divisor),
    scans_profile: 'e35',
    url: cdn.image(divisor === 1 ? slide.shortcode : `${slide.shortcode}_small`),
    width: Math.floor(slide.width / divisor),
    is_spatial_image: false,
  }));
}

export function videoVersions(slide: SampleSlide, cdn: Cdn) {
  return [
    {
      bandwidth: 2_315_752,
      height: slide.height,
      id: `${slide.shortcode}v`,
      type: 101,
      url: cdn.video(slide.shortcode),
      url_expiration_timestamp_us: null,
      width: slide.width,
      fallback: null,
    },
  ];
}

/** HikerAPI's music in both versions: a licensed song, or the author's own recording. */
export function clipsMetadata(music: NonNullable<SamplePost['music']>, owner: SampleUser, cdn: Cdn) {
  if (music.isOriginal) {
    return {
      audio_type: 'original_sounds',
      music_info: null,
      original_sound_info: {
        audio_asset_id: wholeNumber(music.audioId),
        original_audio_title: music.title,
        progressive_download_url: cdn.audio(music.audioId),
        ig_artist: { pk: wholeNumber(owner.id), pk_id: owner.id, id: owner.id, username: owner.username, full_name: owner.fullName },
      },
    };
  }
  return {
    audio_type: 'licensed_music',
    music_info: {
      music_canonical_id: null,
      music_asset_info: {
        audio_asset_id: music.audioId,
        audio_cluster_id: music.audioId,
        title: music.title,
        display_artist: music.artist,
        progressive_download_url: cdn.audio(music.audioId),
      },
    },
    original_sound_info: null,
  };
}

function resource(post: SamplePost, slide: SampleSlide, cdn: Cdn) {
  const pk = mediaIdFromShortcode(slide.shortcode);
  return {
    pk,
    id: `${pk}_${post.owner.id}`,
    thumbnail_url: cdn.image(slide.shortcode),
    ...(slide.type === 'video' ? { video_url: cdn.video(slide.shortcode), video_duration: slide.durationSeconds } : {}),
    media_type: slide.type === 'video' ? 2 : 1,
    product_type: 'carousel_item',
    image_versions: imageVersions(slide, cdn),
    video_versions: slide.type === 'video' ? videoVersions(slide, cdn) : [],
    carousel_parent_id: `${mediaIdFromShortcode(post.shortcode)}_${post.owner.id}`,
    commerciality_status: 'not_commercial',
    taken_at: post.takenAt,
  };
}

function place(location: NonNullable<SamplePost['location']>) {
  return {
    pk: wholeNumber(location.id),
    name: location.name,
    phone: '',
    website: '',
    category: '',
    hours: {},
    address: '',
    city: location.city,
    lng: location.longitude,
    lat: location.latitude,
    external_id: location.id,
    external_id_source: 'facebook_places',
  };
}

function person(user: SampleUser, cdn: Cdn) {
  return {
    pk: user.id,
    id: user.id,
    username: user.username,
    full_name: user.fullName,
    profile_pic_url: cdn.image(user.id),
    is_private: false,
    is_verified: user.isVerified,
  };
}
