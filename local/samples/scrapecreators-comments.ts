import { mediaIdFromShortcode } from '../../src/instagram/shortcode.ts';
import type { Cdn } from './cdn.ts';
import type { SamplePost } from './sample-post.ts';
import { SAMPLE_CREDITS } from './scrapecreators-body.ts';
import type { SampleComment } from './thread.ts';
import { repliesCursor, type ThreadPage } from './thread-pages.ts';

/** The price of a page with replies, in credits; without replies it is one. */
const CREDITS_WITH_REPLIES = 15;

/** Replies included in a comment if requested; the rest has its own endpoint. */
const REPLIES_INSIDE = 5;

/** Builds `/v2/instagram/post/comments`: a page, with the first replies inside if requested. */
export function scrapecreatorsComments(page: ThreadPage, withReplies: boolean, cdn: Cdn): string {
  const comments = page.comments.map((comment) => ({
    ...common(comment, cdn),
    ...(withReplies
      ? {
          replies: comment.replies.slice(0, REPLIES_INSIDE).map((reply) => ({ ...common(reply, cdn), parent_comment_id: comment.id })),
          replies_cursor: repliesCursor(comment.replies, REPLIES_INSIDE),
          has_more_replies: comment.replies.length > REPLIES_INSIDE,
        }
      : {}),
  }));
  return envelope({ credits_charged: withReplies ? CREDITS_WITH_REPLIES : 1, comments, cursor: page.next });
}

/** Builds `/v1/instagram/post/comment/replies`: a page of one comment's replies. */
export function scrapecreatorsReplies(parent: SampleComment, page: ThreadPage, cdn: Cdn): string {
  const comments = page.comments.map((reply) => ({ ...common(reply, cdn), parent_comment_id: parent.id }));
  return envelope({ credits_charged: 1, comments, cursor: page.next, has_more: page.next !== null });
}

/** Builds `/v2/instagram/media/transcript`: one entry per video; null without speech. */
export function scrapecreatorsTranscript(post: SamplePost, text: string | null): string {
  const entry = { id: mediaIdFromShortcode(post.shortcode), shortcode: post.shortcode, text };
  return JSON.stringify({ success: true, transcripts: text === null ? null : [entry] });
}

function envelope(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ success: true, credits_remaining: SAMPLE_CREDITS, ...fields });
}

function common(comment: SampleComment, cdn: Cdn) {
  const { author } = comment;
  return {
    id: comment.id,
    text: comment.text,
    created_at: new Date(comment.createdAt * 1_000).toISOString(),
    // Sometimes null, as in the vendor's own example.
    comment_like_count: comment.likes === 0 ? null : comment.likes,
    child_comment_count: comment.replies.length,
    user: {
      is_verified: author.isVerified,
      id: author.id,
      pk: author.id,
      is_unpublished: null,
      profile_pic_url: cdn.image(author.id),
      username: author.username,
    },
  };
}
