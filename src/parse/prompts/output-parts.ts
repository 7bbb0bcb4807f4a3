import { z } from 'zod';

/** Ids of comments are digits today; the bound leaves room. */
const MAX_COMMENT_ID_CHARACTERS = 64;

/** A finding is shown by examples; more say no more. */
const MAX_COMMENT_IDS = 20;

/** An id of a comment in the request's sample. */
export const CommentId = z.string().min(1).max(MAX_COMMENT_ID_CHARACTERS);

/** The comments that a finding rests on, at least one. */
export const CommentIds = z.array(CommentId).min(1).max(MAX_COMMENT_IDS);

/** Text of a model: not blank, at most so many UTF-16 units. */
export function phrase(maxCharacters: number) {
  return z.string().regex(/\S/).max(maxCharacters);
}

/**
 * Every comment id that an output refers to, wherever it stands. Fields for ids are called `commentId` or end in `ommentIds`;
 * a test holds every schema to that.
 */
export function referredCommentIds(output: unknown): readonly string[] {
  if (Array.isArray(output)) return output.flatMap(referredCommentIds);
  if (typeof output !== 'object' || output === null) return [];
  return Object.entries(output).flatMap(([name, value]: [string, unknown]) =>
    /^commentId$|ommentIds$/.test(name) ? [value].flat().filter((id) => typeof id === 'string') : referredCommentIds(value),
  );
}
