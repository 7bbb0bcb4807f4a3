import { z } from 'zod';
import { flag, id, number, optional, optionalList, requiredId, text, time } from '../adapter/fields.ts';
import { vendorSound } from '../adapter/music.ts';
import { vendorUsers } from '../adapter/users.ts';

// The post in the platform's web GraphQL format, which ScrapeCreators passes through. A "reduced" carousel and a trimmed response omit much
// of it; only the id and the shortcode are always present.

const Edges = <T extends z.ZodType>(node: T) => optional(z.object({ edges: optionalList(z.object({ node })) }));

const EdgeCount = optional(z.object({ count: number }));

const assetFields = {
  __typename: text,
  is_video: flag,
  display_url: text,
  thumbnail_src: text,
  video_url: text,
  video_duration: number,
  accessibility_caption: text,
  dimensions: optional(z.object({ width: number, height: number })),
};

/** A slide of a carousel. Its id is not always a media id. */
export const SlideNode = z.object({ ...assetFields, id, shortcode: text });
export type SlideNode = z.infer<typeof SlideNode>;

/** `xdt_shortcode_media`. */
export const PostNode = z.object({
  ...assetFields,
  id: requiredId,
  shortcode: z.string().min(1),
  product_type: text,
  gating_info: z.unknown().optional(),
  owner: optional(
    z.object({
      id,
      username: text,
      full_name: text,
      is_verified: flag,
      is_private: flag,
      profile_pic_url: text,
      edge_followed_by: EdgeCount,
    }),
  ),
  taken_at_timestamp: time,
  edge_media_to_caption: Edges(z.object({ text })),
  like_and_view_counts_disabled: flag,
  edge_media_preview_like: EdgeCount,
  edge_media_to_parent_comment: optional(z.object({ count: number, edges: optionalList(z.object({ node: z.object({}) })) })),
  edge_media_preview_comment: EdgeCount,
  edge_media_to_comment: EdgeCount,
  comment_count: number,
  comments_disabled: flag,
  video_play_count: number,
  video_view_count: number,
  clips_music_attribution_info: vendorSound,
  location: optional(z.object({ id, name: text })),
  edge_media_to_tagged_user: vendorUsers,
  coauthor_producers: vendorUsers,
  is_paid_partnership: flag,
  edge_media_to_sponsor_user: vendorUsers,
  pinned_for_users: optionalList(z.unknown()),
  // Strict: dropping an unreadable slide would go unnoticed.
  edge_sidecar_to_children: z.object({ edges: z.array(z.object({ node: SlideNode })) }).nullish(),
});
export type PostNode = z.infer<typeof PostNode>;

const PrivateOwner = optional(z.object({ is_private: flag }));

const Held = z.object({ xdt_shortcode_media: z.unknown().optional(), owner: PrivateOwner });

/** The envelope of a post: usually under `data`, at the top level in a trimmed response. */
export const PostEnvelope = z.object({
  ...Held.shape,
  data: optional(Held),
});

/** What is readable of a post without media: whether and why it is withheld. */
export const Withheld = z.object({ gating_info: z.unknown().optional(), owner: PrivateOwner, display_url: text, video_url: text });
