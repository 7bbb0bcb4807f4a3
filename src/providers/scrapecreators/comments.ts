import { assembleComment, assembleReply, type CommentFacts, type Reply } from '../../instagram/comment.ts';
import { canonicalUrl } from '../../instagram/media.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { readComments } from '../comments/batch.ts';
import type { CommentPage, CommentSource, CommentThread, MoreReplies, ReplyPage } from '../comments/threads.ts';
import type { CommentsProvider, CommentsRequest, ProviderFailureKind } from '../provider.ts';
import type { Budget } from '../../net/deadline.ts';
import { creditsUsed, scrapeCreatorsProblem, scrapeCreatorsRequest } from './requests.ts';
import { CommentsBody, RepliesBody, type VendorComment, type VendorReply } from './comments-schema.ts';
import type { JsonAnswer } from '../../net/fetch-json.ts';
import { callVendor, type VendorAccess } from '../adapter/call.ts';
import { toldCount } from '../adapter/counts.ts';
import { type CommentCounts, TOLD_COUNTS } from '../adapter/told-counts.ts';
import { toAuthor } from '../adapter/fields.ts';

const PROVIDER = 'scrapecreators';
const COMMENTS = '/v2/instagram/post/comments';

/**
 * One credit per page. `include_replies` on the comments endpoint would cost 15 credits per page, with or without replies, and runs into
 * the vendor's own limit of 29 s.
 */
const REPLIES = '/v1/instagram/post/comment/replies';

const TOLD = TOLD_COUNTS.scrapecreators.comments;

type Subject = { readonly shortcode: string; readonly postOwner: string | null };

/** Reads comments from ScrapeCreators: about 15 per page; replies one page at a time. */
export function fetchScrapeCreatorsComments(
  access: VendorAccess,
  { target, order, postOwner }: CommentsRequest,
  budget: Budget,
): ReturnType<CommentsProvider['fetchComments']> {
  const url = canonicalUrl(target.shortcode, target.hint === 'reel' ? 'reel' : 'image');
  const subject = { shortcode: target.shortcode, postOwner };
  const source: CommentSource = {
    provider: PROVIDER,
    endpoint: COMMENTS,
    fetchPage: (cursor) => {
      const request = scrapeCreatorsRequest(access, COMMENTS, { url, ...(cursor === null ? {} : { cursor }) });
      const read = (answer: JsonAnswer) => readPage(answer, subject);
      const count = (page: CommentPage) => page.threads.length;
      return callVendor(
        access,
        { provider: PROVIDER, endpoint: COMMENTS, body: 'comments', request, read, usage: creditsUsed, count },
        budget,
      );
    },
    fetchReplies: (commentId, cursor) => {
      const query = { url, comment_id: commentId, ...(cursor === null ? {} : { cursor }) };
      const request = scrapeCreatorsRequest(access, REPLIES, query);
      const read = (answer: JsonAnswer) => readReplyPage(answer, commentId, subject);
      const count = (page: ReplyPage) => page.replies.length;
      return callVendor(
        access,
        { provider: PROVIDER, endpoint: REPLIES, body: 'comments', request, read, usage: creditsUsed, count },
        budget,
      );
    },
  };
  return readComments(source, order, budget, access.clock);
}

function readPage(answer: JsonAnswer, subject: Subject): Result<CommentPage, ProviderFailureKind> {
  const problem = scrapeCreatorsProblem(answer);
  if (problem !== null) return err(problem);
  const body = CommentsBody.safeParse(answer.body);
  if (!body.success) return err('bad_response');
  const threads = body.data.comments.map((comment) => toThread(comment, subject));
  return ok({ threads, next: body.data.cursor, isDisabled: false, order: 'unknown' });
}

function readReplyPage(answer: JsonAnswer, commentId: string, subject: Subject): Result<ReplyPage, ProviderFailureKind> {
  const problem = scrapeCreatorsProblem(answer);
  if (problem !== null) return err(problem);
  const body = RepliesBody.safeParse(answer.body);
  if (!body.success) return err('bad_response');
  const { comments: replies, cursor, has_more: hasMore } = body.data;
  const ending: MoreReplies = hasMore === true ? 'unreachable' : 'none';
  const more = cursor === null || hasMore === false ? ending : { cursor };
  return ok({ replies: replies.map((reply) => toReply(reply, commentId, subject)), more });
}

function toThread(comment: VendorComment, subject: Subject): CommentThread {
  const replies = comment.replies ?? [];
  // A null count is unknown. Asking for the replies of each such comment would cost a credit, mostly for nothing.
  const hasMore = comment.has_more_replies === true || (comment.child_comment_count ?? 0) > replies.length;
  return {
    comment: assembleComment(facts(comment, subject, TOLD[COMMENTS]), subject.postOwner),
    replies: replies.map((reply) => toReply(reply, comment.id, subject)),
    more: hasMore ? { cursor: comment.replies_cursor } : 'none',
  };
}

function toReply(reply: VendorReply, parentId: string, subject: Subject): Reply {
  return assembleReply(facts(reply, subject, TOLD[REPLIES]), parentId, subject.postOwner);
}

function facts(comment: VendorReply, { shortcode }: Subject, told: CommentCounts): CommentFacts {
  return {
    shortcode,
    id: comment.id,
    text: comment.text,
    owner: toAuthor(comment.user),
    createdAtMs: comment.created_at,
    likeCount: toldCount(told.likes, comment.comment_like_count),
    replyCount: toldCount(told.replies, comment.child_comment_count),
  };
}
