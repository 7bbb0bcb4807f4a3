import { assembleComment, assembleReply, type Comment } from '../../instagram/comment.ts';
import type { CommentBatch } from '../../providers/provider.ts';
import type { SampleRequest } from '../model/part.ts';
import { SAMPLE_OWNER } from './outputs.ts';

/** How a sample batch differs from a full one: nothing is known of the people who commented, or of what they wrote. */
type BatchSample = Partial<Omit<CommentBatch, 'comments' | 'next'>> & { readonly commentersUnknown?: true; readonly textsUnknown?: true };

/** A batch, or why there is none. */
export type CommentsSample = BatchSample | { readonly missing: 'provider_failed' | 'provider_none' };

type BatchRequest = SampleRequest<BatchSample>;

/** How many comments an incomplete batch has. */
const FEW_COMMENTS = 3;

/** Invents a batch of comments. */
export function sampleBatch(
  { limit, includeReplies }: { readonly limit: number; readonly includeReplies: boolean },
  request: BatchRequest,
): CommentBatch {
  const { variant } = request;
  const shortfall = variant?.shortfall ?? null;
  const count = shortfall === null ? limit : shortfall === 'disabled' ? 0 : FEW_COMMENTS;
  return {
    comments: Array.from({ length: count }, (_, index) => sampleComment(index, includeReplies, request)),
    shortfall,
    next: null,
    order: variant?.order ?? 'newest',
    repliesIncomplete: includeReplies && variant?.repliesIncomplete === true,
    ...(includeReplies && variant?.repliesEndedBy !== undefined ? { repliesEndedBy: variant.repliesEndedBy } : {}),
  };
}

function sampleComment(index: number, includeReplies: boolean, { shortcode, now, variant }: BatchRequest): Comment {
  const id = String(18_043_000_000_000_001n + BigInt(index));
  const who = { id: String(42_000_000_011 + index), username: `reader.${index + 1}`, fullName: `Reader ${index + 1}` };
  const known = { ...who, isVerified: false, isPrivate: false };
  const facts = {
    shortcode,
    id,
    text: variant?.textsUnknown === true ? null : `Which flour is this? Question ${index + 1} of the sandbox.`,
    owner: variant?.commentersUnknown === true ? {} : known,
    createdAtMs: now - (index + 1) * 1_000,
    likeCount: 4,
    replyCount: index === 0 ? 1 : 0,
    isPinned: false,
  };
  const comment = assembleComment(facts, SAMPLE_OWNER);
  if (!includeReplies) return comment;
  const reply = {
    ...facts,
    id: `${id}0`,
    text: 'Rye, from the mill next door.',
    owner: { ...known, username: SAMPLE_OWNER },
    replyCount: 0,
  };
  return { ...comment, replies: index === 0 ? [assembleReply(reply, id, SAMPLE_OWNER)] : [] };
}
