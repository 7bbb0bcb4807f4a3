import { z } from 'zod';
import { Comment } from '../../instagram/comment.ts';
import { InstagramMedia } from '../../instagram/media.ts';
import { Transcript } from '../../instagram/transcript.ts';
import type { ReadResult } from './result.ts';

/** How many comments came, in which order, and why not more. */
const CommentsPage = z
  .object({
    truncated: z.boolean().meta({ description: 'Whether fewer came than were asked for.' }),
    nextCursor: z
      .string()
      .nullable()
      .meta({ description: 'Send it as `cursor` of /v1/comments to go on; null where there is no more to go on with.' }),
    sampling: z.object({
      requested: z.int().positive(),
      delivered: z.int().nonnegative(),
      order: z.enum(['ranked', 'newest', 'unknown']),
      reason: z.enum(['end_of_thread', 'disabled', 'deadline', 'provider_limit', 'provider_failed']).nullable(),
      note: z.string(),
    }),
  })
  .meta({ id: 'CommentsPage' });
type CommentsPage = z.infer<typeof CommentsPage>;

/** A post or reel as an endpoint answers it: with what was asked for beside it. */
export const MediaData = InstagramMedia.extend({
  transcript: Transcript.nullable().optional().meta({ description: 'Only where one was asked for; null when there is none.' }),
  comments: z.array(Comment).optional().meta({ description: 'Only where they were asked for.' }),
  commentsPage: CommentsPage.optional(),
}).meta({ id: 'InstagramMedia' });

/** A batch of comments. */
export const CommentsData = z.object({ comments: z.array(Comment), ...CommentsPage.shape }).meta({ id: 'Comments' });

const ORDER_NOTES = {
  ranked: 'Comments are in the order in which the platform ranks them for its viewers; it is not by time.',
  newest: 'Comments are in order of time, the newest first.',
  unknown: 'The data provider does not say how it orders comments.',
} as const;

/** The data of a reading whose main part is a post. */
export function mediaData(reading: ReadResult): z.infer<typeof MediaData> {
  const { media, comments, transcript } = reading.outcome;
  if (media === null) throw new Error('a reading of a post has the post');
  return {
    ...media.value,
    ...(transcript === null ? {} : { transcript: transcript.kind === 'transcript' ? transcript.transcript : null }),
    ...(comments === null || comments.kind === 'missing'
      ? {}
      : { comments: [...comments.delivered.value.comments], commentsPage: commentsPage(reading) }),
  };
}

/** The data of a reading whose main part is a batch of comments. */
export function commentsData(reading: ReadResult): z.infer<typeof CommentsData> {
  const { comments } = reading.outcome;
  if (comments === null || comments.kind === 'missing') throw new Error('a reading of comments has the comments');
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
