import { sha256Hex } from '../../core/sha256.ts';
import { MAX_COMMENT_CHARACTERS, type RankedComment } from '../../instagram/comment-ranking.ts';
import type { ParsedPost, ParseRequest } from '../ports.ts';

/** Longer captions are cut. UTF-16 units; the platform allows 2,200. */
export const MAX_CAPTION_CHARACTERS = 2_500;

/** Longer transcripts are cut. UTF-16 units; about ten minutes of speech. */
export const MAX_PARSED_TRANSCRIPT_CHARACTERS = 10_000;

/** Longer names, types and languages are cut. The platform's usernames have at most 30 characters. */
const MAX_NAME_CHARACTERS = 64;

/** 128 bits, which cannot be guessed. */
const NONCE_DIGITS = 32;

/** Invisible characters: controls, line separators, joiners, direction marks, tag characters, variation selectors. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Untrusted data between two marker lines. `nonce` is part of both. */
export type Fenced = { readonly nonce: string; readonly content: string };

/**
 * Encloses text that Instagram users wrote as one line of JSON between two lines with a nonce. Invisible characters and line breaks are
 * JSON escapes, so that the line decodes to the same text. The nonce is derived from the data and the idempotency key: equal requests give
 * equal bodies, and a text that contained its nonce would have to contain its own hash. Texts are cut at the limits above, and `cut` names
 * them.
 */
export function fence(request: ParseRequest, idempotencyKey: string): Fenced {
  const data = visibleJson(request.subject === 'media' ? mediaData(request.post, request.comments) : commentsData(request));
  const nonce = sha256Hex(`${idempotencyKey}\n${data}`).slice(0, NONCE_DIGITS);
  return { nonce, content: `${fenceStart(nonce)}\n${data}\n${fenceEnd(nonce)}` };
}

/** Returns the line before the data. */
export function fenceStart(nonce: string): string {
  return `BEGIN UNTRUSTED DATA ${nonce}`;
}

/** Returns the line after the data. */
export function fenceEnd(nonce: string): string {
  return `END UNTRUSTED DATA ${nonce}`;
}

function mediaData(post: ParsedPost, comments: readonly RankedComment[] | null): object {
  const caption = shortened(post.caption, MAX_CAPTION_CHARACTERS);
  const transcript = shortened(post.transcript?.text ?? null, MAX_PARSED_TRANSCRIPT_CHARACTERS);
  return {
    post: {
      type: shortened(post.type, MAX_NAME_CHARACTERS).text,
      owner: shortened(post.ownerUsername, MAX_NAME_CHARACTERS).text,
      timestamp: post.timestamp,
      caption: caption.text,
      transcript: transcript.text,
      transcriptLanguage: shortened(post.transcript?.language ?? null, MAX_NAME_CHARACTERS).text,
      metrics: post.metrics,
      cut: [...(caption.isCut ? ['caption'] : []), ...(transcript.isCut ? ['transcript'] : [])],
    },
    comments: comments === null ? null : comments.map(commentData),
  };
}

function commentsData(request: Extract<ParseRequest, { readonly subject: 'comments' }>): object {
  return { post: null, comments: request.comments.map(commentData) };
}

/** Omits unknown and false fields, which hundreds of comments would repeat. */
function commentData(comment: RankedComment): object {
  const text = shortened(comment.text, MAX_COMMENT_CHARACTERS);
  return {
    id: comment.id,
    ...(comment.parentId === null ? {} : { replyTo: comment.parentId }),
    ...(comment.username === null ? {} : { by: shortened(comment.username, MAX_NAME_CHARACTERS).text }),
    ...(comment.isVerified === true ? { verified: true } : {}),
    ...(comment.isByPostOwner === true ? { postOwner: true } : {}),
    ...(comment.likeCount === null ? {} : { likes: comment.likeCount }),
    ...(comment.replyCount === null ? {} : { replies: comment.replyCount }),
    text: text.text,
    ...(text.isCut ? { cut: true } : {}),
  };
}

function shortened<T extends string | null>(text: T, limit: number): { readonly text: string | T; readonly isCut: boolean } {
  if (text === null || text.length <= limit) return { text, isCut: false };
  // Does not cut a surrogate pair in half.
  return { text: text.slice(0, limit).replace(/[\uD800-\uDBFF]$/, ''), isCut: true };
}

function visibleJson(data: object): string {
  return JSON.stringify(data).replace(UNSEEN, (sign) =>
    sign
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
