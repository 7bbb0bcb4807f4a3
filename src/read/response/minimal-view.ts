import { z } from 'zod';
import type { Comment, Reply } from '../../instagram/comment.ts';
import { InstagramMedia, MediaAsset } from '../../instagram/media.ts';
import type { CommentsData, MediaData } from './data.ts';

const count = z.int().nonnegative().nullable();

const shape = {
  id: z.string(),
  username: z.string().nullable(),
  text: z.string(),
  likes: count,
  replies: count.meta({ description: 'Replies that the platform counts, whether delivered or not.' }),
  time: z.iso.datetime().nullable(),
};

const MinimalReply = z.object(shape).omit({ replies: true }).meta({ id: 'MinimalReply' });

const MinimalComment = z
  .object({ ...shape, thread: z.array(MinimalReply).optional().meta({ description: 'The replies, only when requested.' }) })
  .meta({ id: 'MinimalComment' });

const page = {
  truncated: z.boolean().meta({ description: 'Whether fewer comments were delivered than requested.' }),
  nextCursor: z
    .string()
    .nullable()
    .meta({ description: 'Send it as `cursor` to /v1/comments to continue; null when the thread cannot be continued.' }),
};

/** What a reader of a post needs, with the names of the full view where the field is the same. */
export const MinimalMedia = z
  .object({
    shortcode: z.string(),
    url: z.url(),
    type: InstagramMedia.shape.type,
    username: z.string().nullable(),
    caption: z.string().nullable(),
    time: z.iso.datetime().nullable(),
    metrics: z.object({ likes: count, comments: count, plays: count }),
    media: z.array(MediaAsset.pick({ type: true, url: true })),
    transcript: z.string().nullable().optional().meta({ description: 'Its text, only when requested; null when there is none.' }),
    comments: z.array(MinimalComment).optional().meta({ description: 'Only when requested.' }),
    commentsPage: z.object(page).optional(),
  })
  .meta({ id: 'MinimalMedia' });

export const MinimalComments = z.object({ comments: z.array(MinimalComment), ...page }).meta({ id: 'MinimalComments' });

export function minimalMedia(full: z.infer<typeof MediaData>): z.infer<typeof MinimalMedia> {
  const { shortcode, canonicalUrl, type, owner, caption, timestamp, metrics, media, transcript, comments, commentsPage } = full;
  return {
    shortcode,
    url: canonicalUrl,
    type,
    username: owner.username,
    caption,
    time: timestamp,
    metrics: { likes: metrics.likes, comments: metrics.comments, plays: metrics.plays },
    media: media.map((asset) => ({ type: asset.type, url: asset.url })),
    ...(transcript === undefined ? {} : { transcript: transcript?.text ?? null }),
    ...(comments === undefined ? {} : { comments: comments.map(minimalComment) }),
    ...(commentsPage === undefined ? {} : { commentsPage: { truncated: commentsPage.truncated, nextCursor: commentsPage.nextCursor } }),
  };
}

export function minimalComments({ comments, truncated, nextCursor }: z.infer<typeof CommentsData>): z.infer<typeof MinimalComments> {
  return { comments: comments.map(minimalComment), truncated, nextCursor };
}

function minimalComment(comment: Comment): z.infer<typeof MinimalComment> {
  const { time, ...reply } = minimalReply(comment);
  const { replyCount, replies } = comment;
  return { ...reply, replies: replyCount, time, ...(replies === undefined ? {} : { thread: replies.map(minimalReply) }) };
}

function minimalReply({ id, owner, text, likeCount, timestamp }: Reply): z.infer<typeof MinimalReply> {
  return { id, username: owner.username, text, likes: likeCount, time: timestamp };
}
