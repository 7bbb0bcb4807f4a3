import { z } from 'zod';
import { isPlatformMediaUrl } from './media-url.ts';
import { countOrNull, httpUrl, isoOrNull, textOrNull } from './facts.ts';

const count = z.int().nonnegative().nullable();

/** The author of a comment. Null is what the provider did not say. */
export const CommentAuthor = z
  .object({
    id: z.string().nullable(),
    username: z.string().nullable(),
    fullName: z.string().nullable(),
    isVerified: z.boolean().nullable(),
    isPrivate: z.boolean().nullable(),
    avatarUrl: z.url().nullable(),
  })
  .meta({ id: 'CommentAuthor' });
export type CommentAuthor = z.infer<typeof CommentAuthor>;

const commentShape = {
  id: z.string(),
  parentId: z.string().nullable().meta({ description: 'The comment this one replies to; null at the top level.' }),
  text: z.string().meta({
    description: 'Empty where the comment is a GIF or a sticker (see `flags`), and where the provider gave no text (see `limitations`).',
  }),
  owner: CommentAuthor,
  timestamp: z.iso.datetime().nullable(),
  likeCount: count,
  replyCount: count.meta({
    description: 'Replies that the platform counts, whether delivered or not; null when the provider did not say.',
  }),
  permalink: z.url(),
  isPinned: z.boolean().nullable(),
  flags: z.object({
    isGif: z.boolean().meta({ description: 'A GIF or sticker without text.' }),
    isByPostOwner: z.boolean().nullable().meta({ description: 'Written by the owner of the post; null when the owner is not known.' }),
  }),
};

/** A reply to a comment. The platform nests no deeper. */
export const Reply = z.object(commentShape).meta({ id: 'Reply' });
export type Reply = z.infer<typeof Reply>;

/** A top-level comment. `replies` is present only where replies were requested. */
export const Comment = z.object({ ...commentShape, replies: z.array(Reply).optional() }).meta({ id: 'Comment' });
export type Comment = z.infer<typeof Comment>;

/** A comment as an adapter read it from its vendor, before the rules for all vendors apply. Absent means that the vendor did not say. */
export type CommentFacts = {
  readonly shortcode: string;
  /** Only letters, digits, `_` and `-`, because it becomes part of the permalink. */
  readonly id: string;
  readonly text?: string | null | undefined;
  readonly owner: Partial<{ [K in keyof CommentAuthor]: CommentAuthor[K] | undefined }>;
  readonly createdAtMs?: number | null | undefined;
  readonly likeCount?: number | null | undefined;
  readonly replyCount?: number | null | undefined;
  readonly isPinned?: boolean | null | undefined;
  readonly hasGif?: boolean | undefined;
  /** True where the vendor itself marks the author as the post's owner. */
  readonly isByPostOwner?: boolean | null | undefined;
};

/** Converts a vendor's facts to a top-level comment without replies. `postOwner` is a username, null when unknown. */
export function assembleComment(facts: CommentFacts, postOwner: string | null): Comment {
  return assemble(facts, null, postOwner);
}

/** Converts a vendor's facts to a reply to the comment `parentId`. `postOwner` is a username, null when unknown. */
export function assembleReply(facts: CommentFacts, parentId: string, postOwner: string | null): Reply {
  return assemble(facts, parentId, postOwner);
}

function assemble(facts: CommentFacts, parentId: string | null, postOwner: string | null): Reply {
  const text = facts.text ?? '';
  const username = textOrNull(facts.owner.username);
  return {
    id: facts.id,
    parentId,
    text,
    owner: {
      id: textOrNull(facts.owner.id),
      username,
      fullName: textOrNull(facts.owner.fullName),
      isVerified: facts.owner.isVerified ?? null,
      isPrivate: facts.owner.isPrivate ?? null,
      avatarUrl: httpUrl(facts.owner.avatarUrl),
    },
    timestamp: isoOrNull(facts.createdAtMs),
    likeCount: countOrNull(facts.likeCount),
    replyCount: countOrNull(facts.replyCount),
    permalink: commentUrl(facts.shortcode, facts.id, parentId),
    isPinned: facts.isPinned ?? null,
    flags: {
      // The platform refuses empty comments, so an empty text is a GIF or sticker; a text that the vendor does not give may be anything.
      isGif: facts.hasGif === true || facts.text === '',
      isByPostOwner: facts.isByPostOwner === true ? true : isSameUser(username, postOwner),
    },
  };
}

/**
 * Replaces every picture of an author that does not lead to the platform's own content servers by null, as `withholdForeignUrls` does in a
 * post. Returns null when there is nothing to withhold.
 */
export function withholdForeignAvatars(comments: readonly Comment[]): Comment[] | null {
  const isForeign = ({ owner: { avatarUrl } }: Reply) => avatarUrl !== null && !isPlatformMediaUrl(avatarUrl);
  if (!comments.some((comment) => isForeign(comment) || (comment.replies ?? []).some(isForeign))) return null;
  const checked = <T extends Reply>(comment: T): T =>
    isForeign(comment) ? { ...comment, owner: { ...comment.owner, avatarUrl: null } } : comment;
  return comments.map((comment) => ({
    ...checked(comment),
    ...(comment.replies === undefined ? {} : { replies: comment.replies.map(checked) }),
  }));
}

function commentUrl(shortcode: string, id: string, parentId: string | null): string {
  const thread = `https://www.instagram.com/p/${shortcode}/c/${parentId ?? id}/`;
  return parentId === null ? thread : `${thread}r/${id}/`;
}

/** Usernames are case-insensitive. Null when either is unknown. */
function isSameUser(one: string | null, other: string | null): boolean | null {
  return one === null || other === null ? null : one.toLowerCase() === other.toLowerCase();
}
