import { z } from 'zod';

/** Current ids are 17 or 18 digits. */
const MAX_COMMENT_ID_CHARACTERS = 64;

/** A few examples support a finding; more add nothing. */
const MAX_COMMENT_IDS = 20;

export const CommentId = z.string().min(1).max(MAX_COMMENT_ID_CHARACTERS);

/** The comments that support a finding, at least one. */
export const CommentIds = z.array(CommentId).min(1).max(MAX_COMMENT_IDS);

/** Non-blank text of a model, with a limit in UTF-16 units. */
export function phrase(maxCharacters: number) {
  return z.string().regex(/\S/).max(maxCharacters);
}

/**
 * Returns every comment id in an output, at any depth. Id fields are named `commentId` or end in `ommentIds`; a test holds every schema to
 * it.
 */
export function referredCommentIds(output: unknown): readonly string[] {
  if (Array.isArray(output)) return output.flatMap(referredCommentIds);
  if (typeof output !== 'object' || output === null) return [];
  return Object.entries(output).flatMap(([name, value]: [string, unknown]) =>
    /^commentId$|ommentIds$/.test(name) ? [value].flat().filter((id) => typeof id === 'string') : referredCommentIds(value),
  );
}
