import { exampleMedia, exampleReel } from '../../instagram/media-example.ts';
import { untrustedIn } from '../../read/response/untrusted.ts';
import { mediaLimitations } from '../../read/limitations/of-media.ts';

const RECEIPT = 'req_01JZ0000000000000000000000';
const NOW = Date.UTC(2026, 5, 28);

const line = (item: string, amount: number, refunded = 0, reason?: string) => ({
  item,
  reservedMicroCredits: amount,
  settledMicroCredits: amount - refunded,
  refundedMicroCredits: refunded,
  ...(reason === undefined ? {} : { reason }),
});

function usage(...lines: ReturnType<typeof line>[]) {
  const sum = (of: (one: ReturnType<typeof line>) => number) => lines.reduce((total, one) => total + of(one), 0);
  return {
    priceCardVersion: '2026-11-28',
    reservedMicroCredits: sum((one) => one.reservedMicroCredits),
    settledMicroCredits: sum((one) => one.settledMicroCredits),
    refundedMicroCredits: sum((one) => one.refundedMicroCredits),
    balanceMicroCredits: 5_000_000 - sum((one) => one.settledMicroCredits),
    receiptId: RECEIPT,
    lines,
  };
}

function withUntrusted<T extends { readonly data: unknown; readonly parse: null }>(answer: T) {
  const { parse, ...rest } = answer;
  return { ...rest, untrusted: untrustedIn(answer), parse };
}

const READING = { kind: 'reading' as const, view: 'full' as const };

/** Examples for the API description; all content is invented. */
export const postExample = withUntrusted({
  ...READING,
  data: exampleMedia,
  provider: { id: 'scrapecreators', billedUnit: 'credit', resultCount: 1 },
  cache: { status: 'miss' as const, key: 'media:v2:5f0c9f2b7e31a4d8860e1f3c2b9d7a64', ttlSeconds: 21600, ageSeconds: 0 },
  usage: usage(line('media', 3_000)),
  limitations: mediaLimitations(exampleMedia, NOW, null),
  parse: null,
});

export const reelExample = withUntrusted({
  ...READING,
  data: {
    ...exampleReel,
    transcript: {
      text: 'Fold it once, fold it twice, and let it rest.',
      source: 'hosted' as const,
      language: 'en',
      segments: [{ startSeconds: 0.4, endSeconds: 3.1, text: 'Fold it once, fold it twice, and let it rest.' }],
    },
  },
  provider: { id: 'hikerapi', billedUnit: 'request', resultCount: 1 },
  cache: { status: 'miss' as const, key: 'media:v2:0b61c2a94d7f4e3f9a5c8e21d7b6f013', ttlSeconds: 21600, ageSeconds: 0 },
  usage: usage(line('media', 3_000), line('transcript', 15_000)),
  limitations: mediaLimitations(exampleReel, NOW, null),
  parse: null,
});

/** A short thread, charged the page that was read. */
export const commentsExample = withUntrusted({
  ...READING,
  data: {
    comments: [
      {
        id: '18043000000000001',
        parentId: null,
        text: 'Where is this harbour?',
        owner: { id: '42000000011', username: 'tide.table', fullName: 'Tide Table', isVerified: false, isPrivate: false, avatarUrl: null },
        timestamp: '2026-06-27T05:01:44.000Z',
        likeCount: 4,
        replyCount: 1,
        permalink: 'https://www.instagram.com/p/DemoImage01/c/18043000000000001/',
        isPinned: false,
        flags: { isGif: false, isByPostOwner: false },
      },
    ],
    truncated: true,
    nextCursor: null,
    sampling: {
      requested: 20,
      delivered: 1,
      order: 'ranked' as const,
      reason: 'end_of_thread' as const,
      note: 'Comments are in the order in which the platform ranks them for its viewers, not by time.',
    },
  },
  provider: { id: 'hikerapi', billedUnit: 'request', resultCount: 1 },
  cache: { status: 'miss' as const, key: 'comments:v2:9d2f7f1c63a04b5e8c1d90b4e6a2375f', ttlSeconds: 21600, ageSeconds: 0 },
  usage: usage(line('comments', 4_000, 3_000, 'end_of_thread')),
  limitations: [
    {
      code: 'comments_incomplete' as const,
      path: 'data.comments',
      reason: 'end_of_thread',
      message: '1 of 20 comments were delivered. There are no more comments that the data provider can see.',
    },
  ],
  parse: null,
});
