import { wholeNumber } from '../exact-json.ts';
import { mediaIdFromShortcode } from '../../src/instagram/shortcode.ts';
import type { Cdn } from './cdn.ts';
import type { SamplePost, SampleUser } from './sample-post.ts';
import type { SampleComment } from './thread.ts';
import type { ThreadPage } from './thread-pages.ts';

const PREVIEWED_REPLIES = 1;

/** A cursor like the recorded ones: JSON in a text, opaque to the caller. */
function serverCursor(token: string): string {
  return JSON.stringify({ server_cursor: token, is_server_cursor_inverse: true });
}

/** Builds `/v2/media/comments`, the app's own page. The rest lies towards the head of the list, as in the recordings. */
export function hikerapiCommentsV2(post: SamplePost, page: ThreadPage, cdn: Cdn): string {
  const next = page.next === null ? null : serverCursor(page.next);
  return JSON.stringify({
    response: {
      comment_likes_enabled: true,
      comments: page.comments.map((comment) => topLevel(post, comment, cdn)),
      comment_count: post.comments,
      caption_is_edited: false,
      has_more_comments: false,
      has_more_headload_comments: next !== null,
      preview_comments: [],
      initiate_at_top: true,
      ...(next === null ? {} : { next_min_id: next }),
      status: 'ok',
    },
    next_page_id: next,
  });
}

/** Builds `/v2/media/comments/replies`: a page of one comment's replies, oldest first. */
export function hikerapiReplies(post: SamplePost, parent: SampleComment, page: ThreadPage, cdn: Cdn): string {
  return JSON.stringify({
    child_comment_count: parent.replies.length,
    child_comments: page.comments.map((reply) => replyTo(post, parent, reply, cdn)),
    has_more_head_child_comments: page.next !== null,
    has_more_tail_child_comments: false,
    ...(page.next === null ? {} : { next_min_child_cursor: serverCursor(page.next) }),
    is_ranked_replies: false,
    parent_comment: common(post, parent, cdn),
    status: 'ok',
  });
}

/** Builds `/v1/media/comments/chunk`: the flat comments and the two cursors. */
export function hikerapiCommentsV1(page: ThreadPage, cdn: Cdn): string {
  const items = page.comments.map((comment) => ({
    pk: comment.id,
    text: comment.text,
    user: { ...flatUser(comment.author, cdn), full_name: comment.author.fullName, is_private: false },
    created_at_utc: new Date(comment.createdAt * 1_000).toISOString().replace('.000Z', 'Z'),
    content_type: 'comment',
    status: 'Active',
    has_liked: false,
    like_count: comment.likes,
  }));
  return JSON.stringify([items, page.next, null]);
}

/** Builds `/gql/comments`: a flat list in the web's old format, with the replies inside. */
export function hikerapiGqlComments(comments: readonly SampleComment[], cdn: Cdn): string {
  const node = (comment: SampleComment) => ({
    pk: comment.id,
    text: comment.text,
    created_at: comment.createdAt,
    did_report_as_spam: false,
    user: flatUser(comment.author, cdn),
    viewer_has_liked: false,
    edge_liked_by: { count: comment.likes },
  });
  const items = comments.map((comment) => ({
    ...node(comment),
    edge_threaded_comments: {
      count: comment.replies.length,
      page_info: { has_next_page: false, end_cursor: null },
      edges: comment.replies.map((reply) => ({ node: node(reply) })),
    },
  }));
  return JSON.stringify(items);
}

function topLevel(post: SamplePost, comment: SampleComment, cdn: Cdn) {
  const previewed = comment.replies.slice(0, PREVIEWED_REPLIES);
  return {
    ...common(post, comment, cdn),
    // Present only on pinned comments, and for replies only where there are some.
    ...(comment.isPinned ? { is_pinned: true } : {}),
    ...(comment.replies.length === 0 ? {} : { child_comment_count: comment.replies.length }),
    preview_child_comments: previewed.map((reply) => replyTo(post, comment, reply, cdn)),
    other_preview_users: [],
  };
}

function replyTo(post: SamplePost, parent: SampleComment, reply: SampleComment, cdn: Cdn) {
  return {
    ...common(post, reply, cdn),
    type: 2,
    parent_comment_id: parent.id,
    replied_to_comment_id: parent.id,
    ...(reply.isByOwner ? { is_created_by_media_owner: true } : {}),
  };
}

function common(post: SamplePost, comment: SampleComment, cdn: Cdn) {
  return {
    bit_flags: 0,
    comment_like_count: comment.likes,
    content_type: 'comment',
    created_at: comment.createdAt,
    created_at_utc: comment.createdAt,
    did_report_as_spam: false,
    has_liked_comment: false,
    is_covered: false,
    is_ranked_comment: true,
    media_id: wholeNumber(mediaIdFromShortcode(post.shortcode)),
    pk: comment.id,
    strong_id__: comment.id,
    status: 'Active',
    text: comment.text,
    // Named like the web's field; no recording of this endpoint has a GIF.
    ...(comment.isGif ? { giphy_media_info: { id: `gif${comment.id}` } } : {}),
    type: 0,
    user: {
      ...flatUser(comment.author, cdn),
      pk_id: comment.author.id,
      full_name: comment.author.fullName,
      is_private: false,
      strong_id__: comment.author.id,
    },
    user_id: wholeNumber(comment.author.id),
    has_liked: false,
    like_count: comment.likes,
  };
}

function flatUser(user: SampleUser, cdn: Cdn) {
  return { pk: user.id, id: user.id, username: user.username, is_verified: user.isVerified, profile_pic_url: cdn.image(user.id) };
}
