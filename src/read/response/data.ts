import { z } from 'zod';
import { Comment } from '../../instagram/comment.ts';
import { InstagramMedia } from '../../instagram/media.ts';
import { Transcript } from '../../instagram/transcript.ts';
import type { ReadResult } from './result.ts';

const CommentsPage = z
  .object({
    truncated: z.boolean().meta({ description: 'Whether fewer comments were delivered than requested.' }),
    nextCursor: z
      .string()
      .nullable()
      .meta({ description: 'Send it as `cursor` to /v1/comments to continue; null when the thread cannot be continued.' }),
    sampling: z.object({
      requested: z.int().positive(),
      delivered: z.int().nonnegative(),
      order: z.enum(['ranked', 'newest', 'unknown']),
      reason: z
        .enum(['end_of_thread', 'disabled', 'deadline', 'price_limit', 'provider_limit', 'provider_failed'])
        .nullable()
        .meta({ description: 'Why fewer comments were delivered than requested; null when none is missing.' }),
      note: z.string(),
    }),
  })
  .meta({ id: 'CommentsPage' });
type CommentsPage = z.infer<typeof CommentsPage>;

/** A post or reel with the parts that were requested with it. */
export const MediaData = InstagramMedia.omit({ withheldUrls: true, untoldCounts: true, isReelUntold: true })
  .extend({
    transcript: Transcript.nullable().optional().meta({ description: 'Only when requested; null when there is none.' }),
    comments: z.array(Comment).optional().meta({ description: 'Only when requested.' }),
    commentsPage: CommentsPage.optional(),
  })
  .meta({ id: 'InstagramMedia' });

export const CommentsData = z.object({ comments: z.array(Comment), ...CommentsPage.shape }).meta({ id: 'Comments' });

const ORDER_NOTES = {
  ranked: 'Comments are in the order in which the platform ranks them for its viewers, not by time.',
  newest: 'Comments are ordered by time, newest first.',
  unknown: 'The data provider does not say how it orders comments.',
} as const;

export function mediaData(reading: ReadResult): z.infer<typeof MediaData> {
  const { media, comments, transcript } = reading.outcome;
  if (media === null) throw new Error('a read of a post has the post');
  const { withheldUrls: _withheldUrls, untoldCounts: _untoldCounts, isReelUntold: _isReelUntold, ...post } = media.value;
  return {
    ...post,
    ...(transcript === null ? {} : { transcript: transcript.kind === 'transcript' ? transcript.transcript : null }),
    ...(comments === null || comments.kind === 'missing'
      ? {}
      : { comments: [...comments.delivered.value.comments], commentsPage: commentsPage(reading) }),
  };
}

export function commentsData(reading: ReadResult): z.infer<typeof CommentsData> {
  const { comments } = reading.outcome;
  if (comments === null || comments.kind === 'missing') throw new Error('a read of comments has the comments');
  return { comments: [...comments.delivered.value.comments], ...commentsPage(reading) };
}

function commentsPage(reading: ReadResult): CommentsPage {
  const { comments } = reading.outcome;
  const requested = reading.request.parts.comments?.limit ?? 0;
  if (comments === null || comments.kind === 'missing') throw new Error('there is no page without comments');
  const { value } = comments.delivered;
  const delivered = value.comments.length;
  return {
    truncated: delivered < requested,
    nextCursor: comments.nextCursor,
    sampling: { requested, delivered, order: value.order, reason: value.shortfall, note: ORDER_NOTES[value.order] },
  };
}
