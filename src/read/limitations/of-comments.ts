import type { CommentBatch } from '../../providers/provider.ts';
import { type Limitation, limitation, LIMITATIONS } from './catalog.ts';

/** Everything that is missing or weak in a batch of comments and their replies. */
export function commentLimitations(batch: CommentBatch, requested: number): Limitation[] {
  const path = 'data.comments';
  const { comments, shortfall, order, repliesIncomplete, repliesEndedBy, avatarsWithheld } = batch;
  const found: Limitation[] = [];
  if (shortfall !== null) {
    const counted = `${comments.length} of ${requested} comments were delivered.`;
    const message = `${counted} ${LIMITATIONS.comments_incomplete.reasons[shortfall]}`;
    found.push({ ...limitation('comments_incomplete', path, shortfall), message });
  }
  if (comments.length > 0 && order !== 'newest') {
    found.push(limitation('comments_order_unverified', path, order === 'ranked' ? 'platform_ranking' : 'unknown_order'));
  }
  if (repliesIncomplete) found.push(limitation('replies_incomplete', `${path}[].replies`, repliesEndedBy ?? 'provider_limit'));
  if (comments.some(({ owner }) => owner.username === null || owner.isVerified === null)) {
    found.push(limitation('comment_owner_unavailable', `${path}[].owner`, 'provider_missing'));
  }
  const all = comments.flatMap((comment) => [comment, ...(comment.replies ?? [])]);
  if (all.some(({ text, flags }) => text === '' && !flags.isGif)) {
    found.push(limitation('comment_text_unavailable', `${path}[].text`, 'provider_missing'));
  }
  if (avatarsWithheld === true) found.push(limitation('media_url_withheld', `${path}[].owner.avatarUrl`, 'foreign_address'));
  return found;
}
