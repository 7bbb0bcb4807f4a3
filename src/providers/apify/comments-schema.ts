import { z } from 'zod';
import { commentId, number, optional, optionalList, text, time, VendorAuthor } from '../adapter/fields.ts';

const parent = commentId.nullish().catch(null);

const rowFields = {
  id: commentId,
  text,
  timestamp: time,
  likesCount: number,
  repliesCount: number,
  owner: optional(VendorAuthor),
  ownerId: parent,
  ownerUsername: text,
  ownerProfilePicUrl: text,
  media: z.unknown().optional(),
};

export const ApifyReply = z.object(rowFields);
export type ApifyReply = z.infer<typeof ApifyReply>;

/**
 * A row of the data set: a comment, or a reply flattened into its own row. No recording shows how such a row names its comment, so every
 * field that the vendor or the platform uses elsewhere is tried.
 */
export const ApifyRow = z.object({
  ...rowFields,
  postUrl: text,
  commentUrl: text,
  replies: optionalList(ApifyReply),
  parentCommentId: parent,
  parent_comment_id: parent,
  parentId: parent,
  repliedToCommentId: parent,
  replied_to_comment_id: parent,
  replyToCommentId: parent,
});
export type ApifyRow = z.infer<typeof ApifyRow>;
