import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assembleComment, assembleReply, Comment, type CommentFacts, Reply } from '../../../src/instagram/comment.ts';

const facts: CommentFacts = { shortcode: 'C3L9IQOygAN', id: '18000000000000001', text: 'Which hide is this?', owner: {} };

describe('what is not known', () => {
  test('is null, never a guess', () => {
    expect(assembleComment(facts, null)).toEqual({
      id: '18000000000000001',
      parentId: null,
      text: 'Which hide is this?',
      owner: { id: null, username: null, fullName: null, isVerified: null, isPrivate: null, avatarUrl: null },
      timestamp: null,
      likeCount: null,
      replyCount: null,
      permalink: 'https://www.instagram.com/p/C3L9IQOygAN/c/18000000000000001/',
      isPinned: null,
      flags: { isGif: false, isByPostOwner: null },
    });
  });

  test.each([
    ['−1, which stands for hidden', -1, null],
    ['a fraction', 1.5, null],
    ['beyond exact numbers', 2 ** 53, null],
    ['a true zero', 0, 0],
  ])('a count of %s', (_name, given, count) => {
    expect(assembleComment({ ...facts, likeCount: given, replyCount: given }, null)).toMatchObject({ likeCount: count, replyCount: count });
  });

  test('empty author fields are null, and so is an avatar without an http URL', () => {
    const owner = { id: '', username: '', fullName: '', avatarUrl: 'javascript:alert(1)' };
    expect(assembleComment({ ...facts, owner }, 'heron.watch')).toMatchObject({
      owner: { id: null, username: null, fullName: null, avatarUrl: null },
      flags: { isByPostOwner: null },
    });
  });

  test('a time of zero is null', () => {
    expect(assembleComment({ ...facts, createdAtMs: 0 }, null).timestamp).toBeNull();
    expect(assembleComment({ ...facts, createdAtMs: Date.UTC(2026, 0, 2) }, null).timestamp).toBe('2026-01-02T00:00:00.000Z');
  });
});

describe('flags', () => {
  test.each([
    ['a GIF without words', { text: '', hasGif: true }, true],
    ['nothing at all, which only a GIF or sticker can be', { text: '' }, true],
    ['no text, which may be anything', { text: null }, false],
    ['a GIF without a text', { text: null, hasGif: true }, true],
    ['words', { text: '🪶' }, false],
  ])('%s', (_name, given, isGif) => {
    const comment = assembleComment({ ...facts, ...given }, null);
    expect(comment.flags.isGif).toBe(isGif);
    expect(comment.text).toBe(given.text ?? '');
  });

  test.each([
    ['the owner, in another case', 'Heron.Watch', 'heron.watch', undefined, true],
    ['somebody else', 'mudflat.maps', 'heron.watch', undefined, false],
    ['an unknown author', null, 'heron.watch', undefined, null],
    ['an unknown owner', 'mudflat.maps', null, undefined, null],
    ['an unknown owner, but the vendor knows', 'mudflat.maps', null, true, true],
    ['an unknown owner, and the vendor denies', 'mudflat.maps', null, false, null],
  ])('%s', (_name, username, postOwner, said, expected) => {
    const comment = assembleComment({ ...facts, owner: { username }, isByPostOwner: said }, postOwner);
    expect(comment.flags.isByPostOwner).toBe(expected);
  });
});

test('a reply has its comment’s id, and a permalink below it', () => {
  expect(assembleReply({ ...facts, id: '18000000000000101' }, '18000000000000001', null)).toMatchObject({
    id: '18000000000000101',
    parentId: '18000000000000001',
    permalink: 'https://www.instagram.com/p/C3L9IQOygAN/c/18000000000000001/r/18000000000000101/',
  });
});

test('whatever a vendor sends, the result has the public shape', () => {
  const anyText = fc.option(fc.string({ unit: 'binary' }), { nil: undefined });
  const anyNumber = fc.option(fc.double(), { nil: undefined });
  const anyFlag = fc.option(fc.boolean());
  const anyFacts = fc.record({
    shortcode: fc.constant('C3L9IQOygAN'),
    id: fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
    text: anyText,
    owner: fc.record({ id: anyText, username: anyText, fullName: anyText, isVerified: anyFlag, isPrivate: anyFlag, avatarUrl: anyText }),
    createdAtMs: anyNumber,
    likeCount: anyNumber,
    replyCount: anyNumber,
    isPinned: anyFlag,
    isByPostOwner: anyFlag,
  });
  fc.assert(
    fc.property(anyFacts, fc.option(fc.string()), (given, postOwner) => {
      expect(Comment.safeParse({ ...assembleComment(given, postOwner), replies: [assembleReply(given, '1', postOwner)] }).success).toBe(
        true,
      );
      expect(Reply.safeParse(assembleReply(given, '1', postOwner)).success).toBe(true);
    }),
  );
});
