import { describe, expect, test } from 'vitest';
import { assembleComment, assembleReply, type Comment, type CommentFacts } from '../../../src/instagram/comment.ts';
import type { CommentBatch } from '../../../src/providers/provider.ts';
import { commentLimitations } from '../../../src/read/limitations/of-comments.ts';

const facts: CommentFacts = {
  shortcode: 'C3L9IQOygAN',
  id: '18000000000000001',
  owner: {
    id: '7',
    username: 'heron.watch',
    fullName: 'Heron Watch',
    isVerified: false,
    isPrivate: false,
    avatarUrl: 'https://scontent.cdninstagram.com/v/heron.jpg',
  },
  createdAtMs: Date.UTC(2026, 2, 4),
  likeCount: 1,
  replyCount: 0,
  isPinned: false,
};

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

describe('a field that the provider did not give', () => {
  test.each([
    ['createdAtMs', 'field_unavailable', 'timestamp'],
    ['likeCount', 'field_unavailable', 'likeCount'],
    ['replyCount', 'field_unavailable', 'replyCount'],
    ['isPinned', 'field_unavailable', 'isPinned'],
    ['owner', 'comment_owner_unavailable', 'owner'],
  ] as const)('is announced, in a comment and in a reply: %s', (name, code, field) => {
    const { [name]: _left, ...rest } = facts;
    const less = { ...rest, text: 'Which hide?', owner: name === 'owner' ? { ...facts.owner, fullName: undefined } : facts.owner };
    expect(codes([assembleComment(less, null)])).toEqual([`${code} data.comments[].${field}`]);
    const thread = { ...assembleComment({ ...facts, text: 'Which hide?' }, null), replies: [assembleReply(less, facts.id, null)] };
    expect(codes([thread])).toEqual([`${code} data.comments[].replies[].${field}`]);
  });
});
