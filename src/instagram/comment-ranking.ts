import { z } from 'zod';
import type { Comment, Reply } from './comment.ts';
import { letterCount, LOW_SIGNAL_REASONS, lowSignalReason, textKey, type LowSignalReason } from './low-signal.ts';

/** The version of the rules below. Raise it with every change, so that samples under one name are comparable. */
export const SAMPLE_METHOD = 'ranked-sample/1';

/** The most comments and replies in a sample. With ids and counts they are about 10,000 tokens. */
export const MAX_SAMPLE_COMMENTS = 200;

/** The most text in a sample, in UTF-16 units: 200 comments of common length. Bounds the cost of an interpretation. */
export const MAX_SAMPLE_CHARACTERS = 16_000;

/** The most that one comment counts towards the bound. The fence cuts the text there, so that a long one does not displace others. */
export const MAX_COMMENT_CHARACTERS = 500;

/** Points of a comment's score. A thousand points equal a doubling of its likes. */
export const SCORE_POINTS = {
  likesDoubled: 1_000,
  repliesDoubled: 1_500,
  ownerReplied: 4_000,
  byOwner: 3_000,
  verified: 3_000,
  longest: 4_000,
} as const;

/** A comment with this many letters gets half of the points for length; further letters add ever less. */
export const HALF_LENGTH_LETTERS = 40;

/** A reply with this many likes is notable, whoever wrote it. */
export const NOTABLE_REPLY_LIKES = 10;

/** A reply with this many likes is notable if its parent has at most twice as many. */
export const NOTABLE_QUIET_REPLY_LIKES = 3;

/** The share of replies for each purpose, and whether low-signal comments are removed or come first. */
export const SAMPLE_PURPOSES = {
  discussion: { replyShare: 0.25, repliesPerComment: 3, lowSignal: 'filtered' },
  replies: { replyShare: 0.75, repliesPerComment: 10, lowSignal: 'filtered' },
  low_signal: { replyShare: 0.25, repliesPerComment: 3, lowSignal: 'first' },
} as const;
export type SamplePurpose = keyof typeof SAMPLE_PURPOSES;

// safe because the table is not empty
const reasons = Object.keys(LOW_SIGNAL_REASONS) as [LowSignalReason, ...LowSignalReason[]];

/** How a sample was selected. `considered` is the sum of all other counts. */
export const CommentSample = z
  .object({
    method: z.string().meta({ description: 'The ranking and filtering rules, with their version.', example: SAMPLE_METHOD }),
    considered: z.int().nonnegative().meta({ description: 'Comments and replies that were available.' }),
    included: z.int().nonnegative().meta({ description: 'Comments and replies in the sample.' }),
    filtered: z.array(z.object({ reason: z.enum(reasons), count: z.int().positive() })),
    omitted: z.array(z.object({ reason: z.enum(['ordinary_reply', 'sample_size']), count: z.int().positive() })),
  })
  .meta({ id: 'CommentSample', description: 'How the comments were selected.' });
export type CommentSample = z.infer<typeof CommentSample>;

/** A selected comment or reply. `isByPostOwner` is null when the post's owner is unknown. */
export type RankedComment = {
  readonly id: string;
  readonly parentId: string | null;
  readonly username: string | null;
  readonly isVerified: boolean | null;
  readonly isByPostOwner: boolean | null;
  readonly text: string;
  readonly likeCount: number | null;
  readonly replyCount: number | null;
};

/** A sample and how it was selected. Comments by falling score, each followed by its notable replies by falling score. */
export type RankedSample = CommentSample & { readonly sample: readonly RankedComment[] };

/** The most comments and replies that a sample can have, of a batch of at most `limit` top-level comments. */
export function largestSample(limit: number, withReplies: boolean, purpose: SamplePurpose): number {
  const { repliesPerComment } = SAMPLE_PURPOSES[purpose];
  const replies = withReplies ? Math.min(limit * repliesPerComment, roomForReplies(MAX_SAMPLE_COMMENTS, purpose)) : 0;
  return Math.min(MAX_SAMPLE_COMMENTS, limit + replies);
}

function roomForReplies(limit: number, purpose: SamplePurpose): number {
  return Math.max(1, Math.floor(limit * SAMPLE_PURPOSES[purpose].replyShare));
}

type Entry = {
  readonly comment: RankedComment;
  readonly score: number;
  /** Position in the input; replies follow their parent. */
  readonly order: number;
  readonly lowSignal: Exclude<LowSignalReason, 'repeated_text'> | null;
  readonly textKey: string;
};

type Thread = { readonly head: Entry; readonly replies: readonly Entry[] };

/**
 * Selects the most informative comments: at most `limit`, MAX_SAMPLE_COMMENTS and MAX_SAMPLE_CHARACTERS. Deterministic: the same input
 * gives the same sample everywhere, ties go by input order. Ids in `comments` must be unique. `postOwnerUsername` is null when unknown.
 * docs/reference/comment-sampling.md explains the rules.
 */
export function rankComments(
  comments: readonly Comment[],
  postOwnerUsername: string | null,
  limit: number,
  purpose: SamplePurpose = 'discussion',
): RankedSample {
  const threads = readThreads(comments, postOwnerUsername);
  const all = threads.flatMap(({ head, replies }) => [head, ...replies]);
  const lowSignal = lowSignalOf(all);
  const keepsAll = SAMPLE_PURPOSES[purpose].lowSignal === 'first';
  const isOut = (entry: Entry) => lowSignal.has(entry.comment.id) && (!keepsAll || entry.lowSignal === 'empty');
  const chosen = choose(threads, isOut, (entry) => keepsAll && lowSignal.has(entry.comment.id), purpose);
  const sample = withinBounds(chosen.threads, Math.min(limit, MAX_SAMPLE_COMMENTS), purpose);
  const filtered = reasons
    .map((reason) => ({ reason, count: all.filter((entry) => isOut(entry) && lowSignal.get(entry.comment.id) === reason).length }))
    .filter(({ count }) => count > 0);
  const out = filtered.reduce((sum, { count }) => sum + count, 0);
  const omitted = [
    { reason: 'ordinary_reply' as const, count: chosen.ordinaryReplies },
    { reason: 'sample_size' as const, count: all.length - out - chosen.ordinaryReplies - sample.length },
  ].filter(({ count }) => count > 0);
  return { method: SAMPLE_METHOD, sample, considered: all.length, included: sample.length, filtered, omitted };
}

function readThreads(comments: readonly Comment[], postOwner: string | null): Thread[] {
  let order = 0;
  return comments.map((comment) => {
    const replies = comment.replies ?? [];
    const ownerReplied = replies.some((reply) => isByOwner(reply, postOwner) === true);
    const head = readEntry(comment, postOwner, { order: order++, replyCount: replies.length, ownerReplied });
    return { head, replies: replies.map((reply) => readEntry(reply, postOwner, { order: order++, replyCount: 0, ownerReplied: false })) };
  });
}

function readEntry(
  comment: Reply,
  postOwner: string | null,
  seen: { readonly order: number; readonly replyCount: number; readonly ownerReplied: boolean },
): Entry {
  const byOwner = isByOwner(comment, postOwner);
  const { isVerified } = comment.owner;
  const replyCount = Math.max(comment.replyCount ?? 0, seen.replyCount);
  const points = SCORE_POINTS;
  const letters = letterCount(comment.text);
  // Rounded, so that the sum does not depend on the order of addition.
  const score =
    Math.round(points.likesDoubled * Math.log2(1 + (comment.likeCount ?? 0))) +
    Math.round(points.repliesDoubled * Math.log2(1 + replyCount)) +
    (seen.ownerReplied ? points.ownerReplied : 0) +
    (byOwner === true ? points.byOwner : 0) +
    (isVerified === true ? points.verified : 0) +
    Math.round((points.longest * letters) / (letters + HALF_LENGTH_LETTERS));
  const reason = lowSignalReason(comment.text);
  const isTrusted = byOwner === true || isVerified === true;
  const { id, parentId, text, likeCount } = comment;
  return {
    comment: {
      id,
      parentId,
      username: comment.owner.username,
      isVerified,
      isByPostOwner: byOwner,
      text,
      likeCount,
      replyCount: comment.replyCount,
    },
    score,
    order: seen.order,
    lowSignal: reason === 'promotion' && isTrusted ? null : reason,
    textKey: textKey(text),
  };
}

function isByOwner(comment: Reply, postOwner: string | null): boolean | null {
  if (comment.flags.isByPostOwner !== null) return comment.flags.isByPostOwner;
  const author = comment.owner.username;
  return postOwner === null || author === null ? null : author.toLowerCase() === postOwner.toLowerCase();
}

/** Maps the id of each low-signal entry to its reason. Among entries with the same text, the best-ranked one is not repeated text. */
function lowSignalOf(entries: readonly Entry[]): ReadonlyMap<string, LowSignalReason> {
  const found = new Map<string, LowSignalReason>();
  const best = new Map<string, Entry>();
  for (const entry of entries) {
    if (entry.lowSignal !== null) {
      found.set(entry.comment.id, entry.lowSignal);
      continue;
    }
    if (entry.textKey === '') continue;
    const other = best.get(entry.textKey);
    const isBetter = other === undefined || byRank(entry, other) < 0;
    if (isBetter) best.set(entry.textKey, entry);
    if (other !== undefined) found.set((isBetter ? other : entry).comment.id, 'repeated_text');
  }
  return found;
}

/** Removes filtered comments and ordinary replies and sorts the rest. A notable reply stays when its parent is filtered. */
function choose(
  threads: readonly Thread[],
  isOut: (entry: Entry) => boolean,
  isFirst: (entry: Entry) => boolean,
  purpose: SamplePurpose,
): { readonly threads: readonly Thread[]; readonly ordinaryReplies: number } {
  let ordinaryReplies = 0;
  const chosen: Thread[] = [];
  for (const { head, replies } of threads) {
    const left = replies.filter((reply) => !isOut(reply));
    const notable = left.filter((reply) => isNotable(reply.comment, head.comment) || isFirst(reply)).sort(byRank);
    ordinaryReplies += left.length - notable.length;
    const [top, ...others] = notable;
    if (!isOut(head)) chosen.push({ head, replies: notable });
    else if (top !== undefined) chosen.push({ head: top, replies: others });
  }
  // A sample of replies starts with threads that have some.
  const precedence = ({ head, replies }: Thread) =>
    purpose === 'replies' ? Number(replies.length > 0 || head.comment.parentId !== null) : Number(isFirst(head));
  return { threads: chosen.sort((a, b) => precedence(b) - precedence(a) || byRank(a.head, b.head)), ordinaryReplies };
}

function isNotable(reply: RankedComment, parent: RankedComment): boolean {
  if (reply.isByPostOwner === true || reply.isVerified === true) return true;
  const likes = reply.likeCount ?? 0;
  return likes >= NOTABLE_REPLY_LIKES || (likes >= NOTABLE_QUIET_REPLY_LIKES && 2 * likes >= (parent.likeCount ?? 0));
}

/** Takes from the front until a comment does not fit. Replies get only a share of the room, so that they do not displace comments. */
function withinBounds(threads: readonly Thread[], limit: number, purpose: SamplePurpose): readonly RankedComment[] {
  const { repliesPerComment } = SAMPLE_PURPOSES[purpose];
  const sample: RankedComment[] = [];
  let characters = 0;
  let repliesLeft = roomForReplies(limit, purpose);
  const add = ({ comment }: Entry): boolean => {
    const length = Math.min(comment.text.length, MAX_COMMENT_CHARACTERS);
    if (sample.length >= limit || characters + length > MAX_SAMPLE_CHARACTERS) return false;
    characters += length;
    sample.push(comment);
    return true;
  };
  for (const { head, replies } of threads) {
    if (!add(head)) break;
    for (const reply of replies.slice(0, Math.min(repliesPerComment, repliesLeft))) {
      if (!add(reply)) break;
      repliesLeft -= 1;
    }
  }
  return sample;
}

function byRank(a: Entry, b: Entry): number {
  if (a.score !== b.score) return b.score - a.score;
  if (a.order !== b.order) return a.order - b.order;
  return a.comment.id < b.comment.id ? -1 : 1;
}
