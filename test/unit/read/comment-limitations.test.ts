import { describe, expect, test } from 'vitest';
import { assembleComment, assembleReply, type Comment, type CommentFacts } from '../../../src/instagram/comment.ts';
import type { CommentBatch } from '../../../src/providers/provider.ts';
import { commentLimitations } from '../../../src/read/limitations/of-comments.ts';

const facts: CommentFacts = { shortcode: 'C3L9IQOygAN', id: '18000000000000001', owner: { username: 'heron.watch', isVerified: false } };

function codes(comments: readonly Comment[]): string[] {
  const batch: CommentBatch = { comments, shortfall: null, next: null, order: 'newest', repliesIncomplete: false };
  return commentLimitations(batch, 20).map(({ code, path }) => `${code} ${path}`);
}

describe('a text that the provider did not give', () => {
  const announced = 'comment_text_unavailable data.comments[].text';

  test('is announced, in a comment and in a reply', () => {
    expect(codes([assembleComment({ ...facts, text: null }, null)])).toEqual([announced]);
    const thread = { ...assembleComment({ ...facts, text: 'Which hide?' }, null), replies: [assembleReply(facts, facts.id, null)] };
    expect(codes([thread])).toEqual([announced]);
  });

  test.each([
    ['words', { text: 'Which hide?' }],
    ['an empty text, which is a sticker', { text: '' }],
    ['a GIF', { text: null, hasGif: true }],
  ])('is not announced for %s', (_name, given) => {
    expect(codes([assembleComment({ ...facts, ...given }, null)])).toEqual([]);
  });
});
