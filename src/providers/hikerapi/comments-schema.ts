import { z } from 'zod';
import { commentId, cursor, flag, mainList, number, optional, optionalList, text, time, VendorAuthor } from '../adapter/fields.ts';

const commentFields = {
  pk: commentId,
  text,
  created_at: time,
  created_at_utc: time,
  comment_like_count: number,
  like_count: number,
  /** Absent when zero. */
  child_comment_count: number,
  is_created_by_media_owner: flag,
  giphy_media_info: z.unknown().optional(),
  user: optional(VendorAuthor),
};

export const HikerReply = z.object(commentFields);
export type HikerReply = z.infer<typeof HikerReply>;

/** A comment in the platform's private API format. */
export const HikerComment = z.object({
  ...commentFields,
  is_pinned: flag,
  preview_child_comments: optionalList(HikerReply),
  has_more_tail_child_comments: flag,
  has_more_head_child_comments: flag,
});
export type HikerComment = z.infer<typeof HikerComment>;

/** `/v2/media/comments`. `is_ranked` is present only on ranked lists. */
export const HikerCommentsBody = z.object({
  response: z.object({ comments: mainList(HikerComment), is_ranked: flag }),
  next_page_id: cursor,
});

/** `/v2/media/comments/replies`. The cursor follows the platform's own API; no recording has one. */
export const HikerRepliesBody = z.object({
  child_comments: mainList(HikerReply),
  has_more_tail_child_comments: flag,
  has_more_head_child_comments: flag,
  next_min_child_cursor: cursor,
});
