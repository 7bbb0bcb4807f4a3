import { mediaIdFromShortcode } from '../../src/instagram/shortcode.ts';
import { COMMENT_TEXTS, COMMENTERS, OWNER_REPLIES, REPLIES } from './comment-texts.ts';
import type { SamplePost, SampleUser } from './sample-post.ts';

/** A comment or reply, independent of any provider's format. */
export type SampleComment = {
  readonly id: string;
  readonly text: string;
  readonly isGif: boolean;
  readonly author: SampleUser;
  readonly isByOwner: boolean;
  /** Unix seconds. */
  readonly createdAt: number;
  readonly likes: number;
  readonly isPinned: boolean;
  readonly replies: readonly SampleComment[];
};

/** Comment ids have 17 digits and start like this. */
const FIRST_ID = 17_900_000_000_000_000n;

/** The range of ids per post: fewer than a thousand comments with fewer than a hundred replies each, or one comment with all of them. */
const IDS_A_POST = 100_000n;

/** A prime that spreads posts over the ids. */
const POSTS_SPREAD = 1_000_000_007n;

/** The platform pins at most three. */
const PINNED = [0, 1];

/** The second comment of a larger thread has more replies than any vendor returns at once. */
const MOST_REPLIES = 11;
const SOME_SIZE = 40;

/** Builds the post's thread. Including replies it has exactly as many comments as the post states. */
export function threadOf(post: SamplePost): readonly SampleComment[] {
  const comments: SampleComment[] = [];
  for (let left = post.comments; left > 0;) {
    const comment = commentAt(post, comments.length, left - 1);
    comments.push(comment);
    left -= 1 + comment.replies.length;
  }
  return comments;
}

function commentAt(post: SamplePost, index: number, mostReplies: number): SampleComment {
  const texts = post.commentTexts ?? COMMENT_TEXTS;
  const isGif = index % 14 === 6;
  const replies = Math.min(repliesAt(post, index), mostReplies);
  return {
    ...written(post, index, 0),
    text: isGif ? '' : numbered(pick(texts, index), index),
    isGif,
    author: pick(COMMENTERS, index),
    isByOwner: false,
    likes: PINNED.includes(index) ? 240 - index : (index * 37 + 11) % 97,
    isPinned: PINNED.includes(index),
    replies: Array.from({ length: replies }, (_, reply) => replyAt(post, index, reply)),
  };
}

function replyAt(post: SamplePost, index: number, reply: number): SampleComment {
  const isByOwner = reply === 0 && index % 2 === 0;
  return {
    ...written(post, index, reply + 1),
    text: numbered(pick(isByOwner ? OWNER_REPLIES : REPLIES, index + reply), index),
    isGif: false,
    author: isByOwner ? post.owner : pick(COMMENTERS, index + reply + 4),
    isByOwner,
    likes: (index + reply * 5) % 9,
    isPinned: false,
    replies: [],
  };
}

function repliesAt(post: SamplePost, index: number): number {
  if (post.isOneThread) return post.comments;
  if (index === 1) return post.comments < SOME_SIZE ? 2 : MOST_REPLIES;
  if (index % 9 === 4) return 3;
  return index % 5 === 2 ? 1 : 0;
}

/** Ranked, not by time: times vary as on the platform. */
function written(post: SamplePost, index: number, place: number) {
  const ofPost = (BigInt(mediaIdFromShortcode(post.shortcode)) % POSTS_SPREAD) * IDS_A_POST;
  return {
    id: String(FIRST_ID + ofPost + BigInt(index * 100 + place)),
    createdAt: post.takenAt + 600 + ((index * 7_919) % 5_003) * 60 + place * 45,
  };
}

function numbered(text: string, index: number): string {
  return text.replaceAll('{n}', String(index + 2));
}

function pick<T>(table: readonly T[], index: number): T {
  const found = table[index % table.length];
  if (found === undefined) throw new RangeError('an empty table');
  return found;
}
