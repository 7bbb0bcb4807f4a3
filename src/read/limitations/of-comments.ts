import type { Reply } from '../../instagram/comment.ts';
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
  const allReplies = comments.flatMap(({ replies = [] }) => replies);
  const isWithheld = avatarsWithheld === true;
  found.push(...untoldFields(comments, `${path}[]`, isWithheld), ...untoldFields(allReplies, `${path}[].replies[]`, isWithheld));
  const all = [...comments, ...allReplies];
  if (all.some(({ text, flags }) => text === '' && !flags.isGif)) {
    found.push(limitation('comment_text_unavailable', `${path}[].text`, 'provider_missing'));
  }
  if (isWithheld) found.push(limitation('media_url_withheld', `${path}[].owner.avatarUrl`, 'foreign_address'));
  return found;
}

const OWNER_FIELDS = ['id', 'username', 'fullName', 'isVerified', 'isPrivate', 'avatarUrl'] as const;
const FIELDS = ['timestamp', 'likeCount', 'replyCount', 'isPinned'] as const;

/** The fields that the provider left out of some of these comments or replies. Pictures that were withheld have a limitation of their own. */
function untoldFields(comments: readonly Reply[], path: string, isWithheld: boolean): Limitation[] {
  const found: Limitation[] = [];
  const ownerFields = OWNER_FIELDS.filter((name) => name !== 'avatarUrl' || !isWithheld);
  if (comments.some(({ owner }) => ownerFields.some((name) => owner[name] === null))) {
    found.push(limitation('comment_owner_unavailable', `${path}.owner`, 'provider_missing'));
  }
  const missing = FIELDS.filter((name) => comments.some((comment) => comment[name] === null));
  return [...found, ...missing.map((name) => limitation('field_unavailable', `${path}.${name}`, 'provider_missing'))];
}
