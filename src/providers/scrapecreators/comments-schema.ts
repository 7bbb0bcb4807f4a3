import { z } from 'zod';
import { commentId, cursor, flag, mainList, number, optional, optionalList, text, time, VendorAuthor } from '../adapter/fields.ts';

const commentFields = {
  id: commentId,
  text,
  created_at: time,
  comment_like_count: number,
  child_comment_count: number,
  user: optional(VendorAuthor),
};

export const VendorReply = z.object(commentFields);
export type VendorReply = z.infer<typeof VendorReply>;

/** A comment. `replies` is empty unless the page was requested with them. */
export const VendorComment = z.object({
  ...commentFields,
  replies: optionalList(VendorReply),
  replies_cursor: cursor,
  has_more_replies: flag,
});
export type VendorComment = z.infer<typeof VendorComment>;

/** `/v2/instagram/post/comments`. */
export const CommentsBody = z.object({ comments: mainList(VendorComment), cursor });

/** `/v1/instagram/post/comment/replies`. */
export const RepliesBody = z.object({ comments: mainList(VendorReply), cursor, has_more: flag });
