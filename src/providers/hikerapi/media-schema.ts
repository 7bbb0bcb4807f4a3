import { z } from 'zod';
import { flag, id, number, optional, optionalList, Rendition, requiredId, text, time } from '../adapter/fields.ts';
import { vendorSound } from '../adapter/music.ts';
import { vendorUsers } from '../adapter/users.ts';

const MediaType = z.union([z.literal(1), z.literal(2), z.literal(8)]);

const postFields = {
  code: z.string().min(1),
  media_type: MediaType,
  product_type: text,
  gating_info: z.unknown().optional(),
  user: optional(
    z.object({
      pk: id,
      pk_id: id,
      id,
      username: text,
      full_name: text,
      is_verified: flag,
      is_private: flag,
      profile_pic_url: text,
    }),
  ),
  like_count: number,
  comment_count: number,
  play_count: number,
  view_count: number,
  like_and_view_counts_disabled: flag,
  comments_disabled: flag,
  video_duration: number,
  accessibility_caption: text,
  location: optional(z.object({ pk: id, name: text, city: text, lat: number, lng: number })),
  coauthor_producers: vendorUsers,
  is_paid_partnership: flag,
  sponsor_tags: vendorUsers,
  clips_metadata: vendorSound,
};

const flatAsset = {
  media_type: MediaType,
  thumbnail_url: text,
  video_url: text,
  video_duration: number,
  accessibility_caption: text,
  image_versions: optionalList(Rendition),
  video_versions: optionalList(Rendition),
};

export const FlatSlide = z.object({ ...flatAsset, pk: id, code: text });
export type FlatSlide = z.infer<typeof FlatSlide>;

/** `/v1/media/by/code`. `resources` is strict, because a missing slide would go unnoticed. */
export const FlatPost = z.object({
  ...postFields,
  ...flatAsset,
  pk: requiredId,
  taken_at: time,
  taken_at_ts: time,
  caption_text: text,
  usertags: vendorUsers,
  resources: z.array(FlatSlide).nullish(),
});
export type FlatPost = z.infer<typeof FlatPost>;

const rawAsset = {
  media_type: MediaType,
  strong_id__: text,
  id: text,
  pk: id,
  original_width: number,
  original_height: number,
  video_duration: number,
  accessibility_caption: text,
  image_versions2: optional(z.object({ candidates: optionalList(Rendition) })),
  video_versions: optionalList(Rendition),
};

export const RawSlide = z.object({ ...rawAsset, code: text });
export type RawSlide = z.infer<typeof RawSlide>;

/** `media_or_ad` of `/v2/media/info/by/code`, in the platform's private API format. */
export const RawPost = z.object({
  ...postFields,
  ...rawAsset,
  taken_at: time,
  caption: optional(z.object({ text })),
  ig_play_count: number,
  fb_play_count: number,
  preview_comments: optionalList(z.object({})),
  reshare_count: number,
  media_repost_count: number,
  disable_caption_and_comment: flag,
  timeline_pinned_user_ids: optionalList(z.unknown()),
  usertags: vendorUsers,
  music_metadata: vendorSound,
  carousel_media: z.array(RawSlide).nullish(),
});
export type RawPost = z.infer<typeof RawPost>;

export const RawEnvelope = z.object({ media_or_ad: z.unknown().optional() });

/** An error body. `state: false` means no balance, whatever the status. */
export const Refusal = z.object({ exc_type: text, state: flag, detail: text });

export const Gate = z.object({ gating_info: z.unknown().optional() });
