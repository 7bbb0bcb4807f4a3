import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CommentSample,
  HALF_LENGTH_LETTERS,
  largestSample,
  MAX_COMMENT_CHARACTERS,
  MAX_SAMPLE_CHARACTERS,
  MAX_SAMPLE_COMMENTS,
  NOTABLE_QUIET_REPLY_LIKES,
  NOTABLE_REPLY_LIKES,
  rankComments,
  SAMPLE_METHOD,
  SAMPLE_PURPOSES,
  SCORE_POINTS,
  type SamplePurpose,
} from '../../../src/instagram/comment-ranking.ts';
import type { Comment, Reply } from '../../../src/instagram/comment.ts';
import { letterCount, LOW_SIGNAL_REASONS, lowSignalReason, textKey } from '../../../src/instagram/low-signal.ts';

type Facts = Partial<Omit<Reply, 'owner' | 'flags'>> & {
  readonly by?: string | null;
  readonly verified?: boolean | null;
  readonly byOwner?: boolean | null;
};

function reply(id: string, text: string, facts: Facts = {}): Reply {
  const { by = `author_${id}`, verified = null, byOwner = null, ...others } = facts;
  return {
    id,
    parentId: null,
    text,
    owner: { id: null, username: by, fullName: null, isVerified: verified, isPrivate: null, avatarUrl: null },
    timestamp: null,
    likeCount: 0,
    replyCount: 0,
    permalink: `https://www.instagram.com/p/DemoImage01/c/${id}/`,
    isPinned: null,
    flags: { isGif: false, isByPostOwner: byOwner },
    ...others,
  };
}

function comment(id: string, text: string, facts: Facts = {}, replies?: readonly Reply[]): Comment {
  const nested = replies?.map((one) => ({ ...one, parentId: id }));
  return { ...reply(id, text, facts), ...(nested === undefined ? {} : { replies: nested }) };
}

const ids = (comments: readonly Comment[], limit = 100, owner: string | null = null, purpose?: SamplePurpose) =>
  rankComments(comments, owner, limit, purpose).sample.map(({ id }) => id);

describe('the ranking', () => {
  test.each<[string, Facts, Facts]>([
    ['more likes', { likeCount: 40 }, { likeCount: 10 }],
    ['more replies', { replyCount: 6 }, { replyCount: 1 }],
    ['a verified author', { verified: true }, {}],
    ['the owner of the post', { byOwner: true }, {}],
    ['a known like', { likeCount: 1 }, { likeCount: null }],
  ])('puts %s first', (_name, better, worse) => {
    expect(ids([comment('a', 'the same length one', worse), comment('b', 'the same length two', better)])).toEqual(['b', 'a']);
  });

  test('ranks a comment with a reply by the owner first', () => {
    const answered = comment('b', 'is it open on monday', {}, [reply('r', 'from nine on', { byOwner: true })]);
    expect(ids([comment('a', 'is it open on sunday', { likeCount: 3 }), answered])).toEqual(['b', 'r', 'a']);
  });

  test('recognises the owner by name, in any case, where the provider has not marked the comment', () => {
    const comments = [comment('a', 'one thing to say'), comment('b', 'another to say', { by: 'Salt.And.North' })];
    expect(rankComments(comments, 'salt.and.north', 10).sample[0]).toMatchObject({ id: 'b', isByPostOwner: true });
    expect(rankComments(comments, null, 10).sample[0]).toMatchObject({ id: 'a', isByPostOwner: null });
  });

  test('rewards length, with diminishing returns', () => {
    const long = 'a thought that takes a whole sentence to say';
    expect(ids([comment('a', 'short'), comment('b', long)])).toEqual(['b', 'a']);
    expect(ids([comment('a', long, { likeCount: 20 }), comment('b', long.repeat(40))])).toEqual(['a', 'b']);
  });

  test('keeps the input order of equal scores', () => {
    const words = ['alpha', 'gamma', 'delta', 'omega'];
    expect(ids(words.map((word, index) => comment(`${9 - index}`, word)))).toEqual(['9', '8', '7', '6']);
  });

  test.each([
    ['한강 공원 좋아요', 14],
    ['河边的风景', 10],
    ['قطفنا أول تمر', 11],
    ['नदी किनारे', 5],
    ['naïve café 12', 11],
    ['👍🏽 ❤️ !!! …', 0],
  ])('counts the letters of %s as %i', (text, count) => {
    expect(letterCount(text)).toBe(count);
  });
});

describe('the low-signal filter', () => {
  test.each<[string, string, ReturnType<typeof lowSignalReason>]>([
    ['nothing', '', 'empty'],
    ['blanks', ' \n\t ', 'empty'],
    ['invisible characters', '\u200b\u2060\ufe0f', 'empty'],
    ['emoji', '😍😍 👨‍👩‍👧 👍🏽', 'emoji_only'],
    ['keycaps and flags', '1️⃣ 🇵🇹 ❤️', 'emoji_only'],
    ['punctuation', '?!… ♥ ->', 'emoji_only'],
    ['a digit', '10/10', null],
    ['a word with emoji', 'wow 😍', null],
    ['a word in Thai', 'สวยมาก', null],
    ['one Chinese sign', '美', null],
    ['mentions', '@kite.maker @river_boat 👀', 'mentions_only'],
    ['hashtags', '#sunset #夕焼け ＃海', 'mentions_only'],
    ['hashtags with a dot, gershayim and a tsheg', '#il·lusió #צה״ל #བོད་ཡིག', 'mentions_only'],
    ['a mention with a word', '@kite.maker look', null],
    ['a bare link', 'https://kites.example/shop', 'promotion'],
    ['a bare domain to a friend', '@kite.maker kites-and-more.shop/deal 👉', 'promotion'],
    ['own page', 'Check out my page for more!', 'promotion'],
    ['own page in mathematical letters', '𝐂𝐡𝐞𝐜𝐤 𝐦𝐲 𝐛𝐢𝐨', 'promotion'],
    ['own page with hidden joiners', 'ch\u200beck my b\u200bio', 'promotion'],
    ['follow for follow', 'F4F anyone', 'promotion'],
    ['promote it on', 'Promote it on @best.kites 🔥', 'promotion'],
    ['collaboration', 'DM us for collab', 'promotion'],
    ['a messenger with a number', 'WhatsApp me on +44 7700 900123', 'promotion'],
    ['a messenger link', 'join t.me/kite_signals', 'promotion'],
    ['two weak signs', 'I doubled it with crypto, message me', 'promotion'],
    ['Spanish', 'Mira mi perfil 😉', 'promotion'],
    ['Portuguese', 'olha o meu perfil', 'promotion'],
    ['French', 'Abonne-toi et je m’abonne', 'promotion'],
    ['German', 'Schaut mal auf meinem Profil vorbei', 'promotion'],
    ['Russian', 'Взаимная подписка?', 'promotion'],
    ['Arabic', 'تابعني وأتابعك', 'promotion'],
    ['Turkish', 'takibe takip yapalım', 'promotion'],
    ['Japanese', 'フォロバ100です', 'promotion'],
    ['Chinese', '加微信聊', 'promotion'],
    ['Korean', '맞팔해요', 'promotion'],
  ])('finds %s', (_name, text, reason) => {
    expect(lowSignalReason(text)).toBe(reason);
  });

  test.each([
    'Where is the link in bio? I cannot find it.',
    'Please DM me the recipe!',
    'I read about this at https://kites.example/history, worth a look',
    'How much profit do you make with the shop?',
    'I follow you since 2019 and check my phone every morning',
    'My bio teacher would love this page',
    'Send me the pattern, my e-mail is on my profile',
    'Bitcoin was cheaper than these kites',
    'Call the shop, they have it: +49 30 901820',
    'I saw it on Telegram yesterday',
    'Je m’abonne à cette page tout de suite',
    'Wie groß ist mein Profil im Vergleich?',
    'Did you contact us about the order?',
    'Love it. So good.',
    'We met in St.John.in 2010',
  ])('keeps: %s', (text) => {
    expect(lowSignalReason(text)).toBeNull();
  });

  test('never treats the owner or a verified author as an advertiser', () => {
    const text = 'Check out my page for tickets';
    const comments = [comment('a', text), comment('b', text, { byOwner: true }), comment('c', `${text} today`, { verified: true })];
    const { sample, filtered } = rankComments(comments, null, 10);
    expect(sample.map(({ id }) => id)).toEqual(['c', 'b']);
    expect(filtered).toEqual([{ reason: 'promotion', count: 1 }]);
  });

  test('keeps the best-ranked of comments with the same text', () => {
    const comments = [
      comment('a', 'So beautiful!!'),
      comment('b', '@friend so BEAUTIFUL 😍', { likeCount: 5 }),
      comment('c', 'ＳＯ ｂｅａｕｔｉｆｕｌ'),
      comment('d', 'so beautiful indeed'),
    ];
    const { sample, filtered } = rankComments(comments, null, 10);
    expect(sample.map(({ id }) => id)).toEqual(['b', 'd']);
    expect(filtered).toEqual([{ reason: 'repeated_text', count: 2 }]);
  });

  test('compares texts without regard to the locale', () => {
    expect(textKey('INSTAGRAM İSTANBUL')).toBe(textKey('instagram i\u0307stanbul'));
    expect(textKey('cafe\u0301')).toBe(textKey('CAFÉ'));
  });

  test('judges a huge text quickly', () => {
    const texts = ['@'.repeat(100_000), 'a.'.repeat(50_000), '+1 '.repeat(30_000), 'telegram '.repeat(10_000), 'http://'.repeat(20_000)];
    const startedAt = performance.now();
    for (const text of texts) lowSignalReason(text);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});

describe('replies', () => {
  const parent = (replies: readonly Reply[], facts: Facts = { likeCount: 8 }) => comment('p', 'what is the line made of', facts, replies);

  test.each<[string, Facts, boolean]>([
    ['of the owner', { byOwner: true }, true],
    ['of a verified author', { verified: true }, true],
    ['with many likes', { likeCount: NOTABLE_REPLY_LIKES }, true],
    ['liked half as often as the comment', { likeCount: 4 }, true],
    ['liked less', { likeCount: 3 }, false],
    ['without likes', {}, false],
  ])('a reply %s', (_name, facts, isNotable) => {
    const { sample, omitted } = rankComments([parent([reply('r', 'it is flax', facts)])], null, 10);
    expect(sample.map(({ id }) => id)).toEqual(isNotable ? ['p', 'r'] : ['p']);
    expect(omitted).toEqual(isNotable ? [] : [{ reason: 'ordinary_reply', count: 1 }]);
  });

  test('follow their parent with its id, the best first', () => {
    const replies = [reply('r', 'linen', { likeCount: 12 }), reply('s', 'flax and hemp', { byOwner: true, likeCount: 12 })];
    const { sample } = rankComments([comment('a', 'hello there'), parent(replies)], null, 100);
    expect(sample.map(({ id, parentId }) => [id, parentId])).toEqual([
      ['p', null],
      ['s', 'p'],
      ['r', 'p'],
      ['a', null],
    ]);
  });

  test('stay when their parent is filtered', () => {
    const comments = [comment('p', '🔥🔥', {}, [reply('r', 'thank you, more tomorrow', { byOwner: true })])];
    expect(ids(comments)).toEqual(['r']);
  });

  test('take no more than their share of the sample', () => {
    const comments = Array.from({ length: 40 }, (_, at) =>
      comment(
        `c${at}`,
        `comment number ${at}`,
        {},
        [1, 2, 3, 4, 5].map((n) => reply(`r${at}-${n}`, `answer ${n} to ${at}`, { byOwner: true })),
      ),
    );
    const repliesIn = (purpose: SamplePurpose) =>
      rankComments(comments, null, 20, purpose).sample.filter(({ parentId }) => parentId !== null).length;
    expect(repliesIn('discussion')).toBe(5);
    expect(repliesIn('replies')).toBe(15);
  });
});

describe('the purpose of a sample', () => {
  const comments = [comment('a', 'a real thought', { likeCount: 50 }), comment('b', 'f4f'), comment('c', '🔥'), comment('d', '')];

  test('spam puts low-signal comments first and filters only empty ones', () => {
    const { sample, filtered } = rankComments(comments, null, 10, 'low_signal');
    expect(sample.map(({ id }) => id)).toEqual(['b', 'c', 'a']);
    expect(filtered).toEqual([{ reason: 'empty', count: 1 }]);
  });

  test('replies put threads with replies first', () => {
    const quiet = comment('q', 'how long', {}, [reply('r', 'two metres', { byOwner: true })]);
    expect(ids([comment('a', 'a real thought', { likeCount: 5_000 }), quiet], 10, null, 'replies')).toEqual(['q', 'r', 'a']);
  });
});

const texts = fc.oneof(
  fc.constantFrom('f4f', '🔥', '', '@a', 'so good', 'So good!', 'https://a.example', 'una pregunta: ¿dónde?', '川の風', 'x'.repeat(3_000)),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);
const facts = fc.record({
  likeCount: fc.option(fc.nat(5_000)),
  replyCount: fc.option(fc.nat(50)),
  verified: fc.option(fc.boolean()),
  byOwner: fc.option(fc.boolean()),
});
const threads = fc.array(fc.tuple(texts, facts, fc.array(fc.tuple(texts, facts), { maxLength: 4 })), { maxLength: 60 }).map((list) =>
  list.map(([text, known, replies], at) =>
    comment(
      `${at}`,
      text,
      known,
      replies.map(([text, known], n) => reply(`${at}-${n}`, text, known)),
    ),
  ),
);
const purposes = fc.constantFrom(...(Object.keys(SAMPLE_PURPOSES) as SamplePurpose[])); // safe because these are the table's own keys

describe('every sample', () => {
  test('holds only given comments, once each, within all bounds, and accounts for every one', () => {
    fc.assert(
      fc.property(threads, fc.integer({ min: 1, max: 500 }), purposes, (comments, limit, purpose) => {
        const given = new Map(comments.flatMap((one) => [one, ...(one.replies ?? [])]).map((one) => [one.id, one]));
        const ranked = rankComments(comments, 'someone', limit, purpose);
        const { sample, ...metadata } = ranked;
        expect(CommentSample.parse(metadata)).toEqual(metadata);
        expect(new Set(sample.map(({ id }) => id)).size).toBe(sample.length);
        for (const { id, text, parentId } of sample) expect(given.get(id)).toMatchObject({ text, parentId });
        expect(sample.length).toBeLessThanOrEqual(Math.min(limit, MAX_SAMPLE_COMMENTS));
        const withReplies = comments.some(({ replies = [] }) => replies.length > 0);
        expect(sample.length).toBeLessThanOrEqual(largestSample(comments.length, withReplies, purpose));
        const characters = sample.reduce((sum, { text }) => sum + Math.min(text.length, MAX_COMMENT_CHARACTERS), 0);
        expect(characters).toBeLessThanOrEqual(MAX_SAMPLE_CHARACTERS);
        const others = [...ranked.filtered, ...ranked.omitted].reduce((sum, { count }) => sum + count, 0);
        expect(ranked.considered).toBe(given.size);
        expect(ranked.included + others).toBe(given.size);
        expect(rankComments(structuredClone(comments), 'someone', limit, purpose)).toEqual(ranked);
      }),
    );
  });

  test('does not depend on the given order where no two scores are equal', () => {
    const comments = Array.from({ length: 12 }, (_, at) => comment(`${at}`, `thought ${'of'.repeat(at)} one`, { likeCount: 2 ** at }));
    fc.assert(
      fc.property(fc.shuffledSubarray(comments, { minLength: 12 }), (shuffled) => {
        expect(ids(shuffled)).toEqual(ids(comments));
      }),
    );
  });

  test('of 3,000 comments and replies is taken quickly', () => {
    const comments = Array.from({ length: 500 }, (_, at) =>
      comment(
        `${at}`,
        `a thought about number ${at} ${'and so on '.repeat(10)}`,
        { likeCount: at % 7 },
        [1, 2, 3, 4, 5].map((n) => reply(`${at}-${n}`, `answer ${n} about ${at}`)),
      ),
    );
    const startedAt = performance.now();
    expect(rankComments(comments, null, 500).considered).toBe(3_000);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});

describe('docs/reference/comment-sampling.md', () => {
  const document = readFileSync(join(import.meta.dirname, '../../../docs/reference/comment-sampling.md'), 'utf8').replace(/\s+/g, ' ');

  test.each([
    ...Object.entries(LOW_SIGNAL_REASONS).map(([reason, meaning]) => `| \`${reason}\` | ${meaning} |`),
    `| ${SCORE_POINTS.likesDoubled} | each doubling of its likes: ${SCORE_POINTS.likesDoubled} × log₂(1 + likes) |`,
    `| ${SCORE_POINTS.repliesDoubled} | each doubling of its replies: ${SCORE_POINTS.repliesDoubled} × log₂(1 + replies) |`,
    `| ${SCORE_POINTS.ownerReplied} | a reply by the owner`,
    `| ${SCORE_POINTS.byOwner} | being written by the owner`,
    `| ${SCORE_POINTS.verified} | being written by a verified author`,
    `| ${SCORE_POINTS.longest} | length, with diminishing returns: ${SCORE_POINTS.longest} × letters ÷ (letters + ${HALF_LENGTH_LETTERS}) |`,
    `at least ${NOTABLE_REPLY_LIKES} likes, or with at least ${NOTABLE_QUIET_REPLY_LIKES} likes`,
    `at most ${MAX_SAMPLE_COMMENTS} comments and replies and ${MAX_SAMPLE_CHARACTERS} characters of text, of which one comment counts at most ${MAX_COMMENT_CHARACTERS}`,
  ])('says %s', (said) => {
    expect(document).toContain(said);
  });

  test.each(Object.entries(SAMPLE_PURPOSES))('describes the purpose %s', (purpose, { replyShare, repliesPerComment, lowSignal }) => {
    const row = new RegExp(`\\| \`${purpose}\` \\|[^|]*\\|([^|]*)\\|([^|]*)\\|([^|]*)\\|`).exec(document)?.slice(1) ?? [];
    expect(row.map((cell) => cell.trim())).toEqual([
      `${replyShare}`,
      `${repliesPerComment}`,
      expect.stringMatching(new RegExp(`^${lowSignal}`)),
    ]);
  });

  test('names the method that samples carry', () => {
    expect(rankComments([], null, 20)).toEqual({
      method: SAMPLE_METHOD,
      sample: [],
      considered: 0,
      included: 0,
      filtered: [],
      omitted: [],
    });
  });
});
