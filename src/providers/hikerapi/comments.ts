import { assembleComment, assembleReply, type CommentFacts, type Reply } from '../../instagram/comment.ts';
import { mediaIdFromShortcode } from '../../instagram/shortcode.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { readComments } from '../comments/batch.ts';
import type { CommentPage, CommentSource, CommentThread, MoreReplies, ReplyPage } from '../comments/threads.ts';
import { hikerRefusal, hikerRequest, requestsUsed } from './requests.ts';
import { type HikerComment, HikerCommentsBody, HikerRepliesBody, type HikerReply } from './comments-schema.ts';
import { Refusal } from './media-schema.ts';
import type { CommentsProvider, CommentsRequest, ProviderFailureKind } from '../provider.ts';
import type { Budget } from '../../net/deadline.ts';
import type { JsonAnswer } from '../../net/fetch-json.ts';
import { callVendor, type VendorAccess } from '../adapter/call.ts';
import { toldCount } from '../adapter/counts.ts';
import { type CommentCounts, TOLD_COUNTS } from '../adapter/told-counts.ts';
import { toAuthor } from '../adapter/fields.ts';

const PROVIDER = 'hikerapi';
const COMMENTS = '/v2/media/comments';
const REPLIES = '/v2/media/comments/replies';

const TOLD = TOLD_COUNTS.hikerapi.comments;

type Subject = { readonly shortcode: string; readonly postOwner: string | null };

/** Reads comments from HikerAPI: 15 per page with the first replies of each; further replies one page at a time. */
export function fetchHikerComments(
  access: VendorAccess,
  { target, order, postOwner }: CommentsRequest,
  budget: Budget,
): ReturnType<CommentsProvider['fetchComments']> {
  return readComments(hikerSource(access, { shortcode: target.shortcode, postOwner }, budget), order, budget, access.clock);
}

function hikerSource(access: VendorAccess, subject: Subject, budget: Budget): CommentSource {
  // Decoded from the shortcode: the vendor's look-up would be another billed request.
  const mediaId = mediaIdFromShortcode(subject.shortcode);
  return {
    provider: PROVIDER,
    endpoint: COMMENTS,
    fetchPage: (cursor) => {
      const paging = cursor === null ? {} : { page_id: cursor };
      const request = hikerRequest(access, COMMENTS, { id: mediaId, ...paging, can_support_threading: 'true', safe_int: 'true' });
      const read = (answer: JsonAnswer) => readPage(answer, subject);
      const count = (page: CommentPage) => page.threads.length;
      return callVendor(
        access,
        { provider: PROVIDER, endpoint: COMMENTS, body: 'comments', request, read, usage: requestsUsed, count },
        budget,
      );
    },
    fetchReplies: (commentId, cursor) => {
      const paging = cursor === null ? {} : { min_id: cursor };
      const request = hikerRequest(access, REPLIES, { media_id: mediaId, comment_id: commentId, ...paging });
      const read = (answer: JsonAnswer) => readReplyPage(answer, commentId, subject);
      const count = (page: ReplyPage) => page.replies.length;
      return callVendor(
        access,
        { provider: PROVIDER, endpoint: REPLIES, body: 'comments', request, read, usage: requestsUsed, count },
        budget,
      );
    },
  };
}

const NO_COMMENTS: CommentPage = { threads: [], next: null, isDisabled: false, order: 'unknown' };

/** Reads disabled comments and a post without any, which the vendor sends as refusals, as an empty page. */
function readPage(answer: JsonAnswer, subject: Subject): Result<CommentPage, ProviderFailureKind> {
  const refused = Refusal.safeParse(answer.body);
  const { exc_type: name, detail } = refused.success ? refused.data : { exc_type: null, detail: null };
  if (name === 'CommentsDisabled') return ok({ ...NO_COMMENTS, isDisabled: true });
  if (name === 'NotFoundError' && /entries not found/i.test(detail ?? '')) return ok(NO_COMMENTS);
  const refusal = hikerRefusal(answer);
  if (refusal !== null) return err(refusal);
  const body = HikerCommentsBody.safeParse(answer.body);
  if (!body.success) return err('bad_response');
  const { comments, is_ranked: isRanked } = body.data.response;
  return ok({
    threads: comments.map((comment) => toThread(comment, subject)),
    next: body.data.next_page_id,
    isDisabled: false,
    order: isRanked === true ? 'ranked' : 'unknown',
  });
}

function readReplyPage(answer: JsonAnswer, commentId: string, subject: Subject): Result<ReplyPage, ProviderFailureKind> {
  const refusal = hikerRefusal(answer);
  if (refusal !== null) return err(refusal);
  const body = HikerRepliesBody.safeParse(answer.body);
  if (!body.success) return err('bad_response');
  const { child_comments: replies, next_min_child_cursor: cursor } = body.data;
  const more = hasMore(body.data) ? (cursor === null ? 'unreachable' : { cursor }) : 'none';
  return ok({ replies: replies.map((reply) => toReply(reply, commentId, subject)), more });
}

function toThread(comment: HikerComment, subject: Subject): CommentThread {
  const previews = comment.preview_child_comments ?? [];
  // No count means no replies, but a comment with a preview and without a count has been seen.
  const replyCount = Math.max(comment.child_comment_count ?? 0, previews.length);
  const more: MoreReplies = hasMore(comment) || replyCount > previews.length ? { cursor: null } : 'none';
  return {
    comment: assembleComment(
      { ...facts({ ...comment, child_comment_count: replyCount }, subject, TOLD[COMMENTS]), isPinned: comment.is_pinned },
      subject.postOwner,
    ),
    replies: previews.map((reply) => toReply(reply, comment.pk, subject)),
    more,
  };
}

function toReply(reply: HikerReply, parentId: string, subject: Subject): Reply {
  return assembleReply(facts(reply, subject, TOLD[REPLIES]), parentId, subject.postOwner);
}

function facts(comment: HikerReply, { shortcode }: Subject, told: CommentCounts): CommentFacts {
  return {
    shortcode,
    id: comment.pk,
    text: comment.text,
    owner: toAuthor(comment.user),
    createdAtMs: comment.created_at ?? comment.created_at_utc,
    likeCount: toldCount(told.likes, comment.comment_like_count ?? comment.like_count),
    // The vendor leaves the field out where there are none.
    replyCount: toldCount(told.replies, comment.child_comment_count ?? 0),
    hasGif: comment.giphy_media_info != null,
    isByPostOwner: comment.is_created_by_media_owner,
  };
}

type Ends = Pick<HikerComment, 'has_more_tail_child_comments' | 'has_more_head_child_comments'>;

/** The vendor starts in the middle of a thread, so either end may have more. */
function hasMore(ends: Ends): boolean {
  return ends.has_more_tail_child_comments === true || ends.has_more_head_child_comments === true;
}
