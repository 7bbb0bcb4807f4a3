import { countTokens } from 'gpt-tokenizer';
import { commentLimitations } from '../../src/read/limitations/of-comments.ts';
import { mediaLimitations } from '../../src/read/limitations/of-media.ts';
import type { CommentBatch } from '../../src/providers/provider.ts';
import type { InstagramMedia } from '../../src/instagram/media.ts';
import { createHikerApi } from '../../src/providers/hikerapi/hikerapi.ts';
import { contentOf, readBody } from '../../src/read/response/envelope.ts';
import type { View } from '../../src/read/response/readings.ts';
import type { ReadResult } from '../../src/read/response/result.ts';
import { PRICE_CARD } from '../../src/billing/price-card.ts';
import { microCredits } from '../../src/core/money.ts';
import { readingMarkdown } from '../../src/http/format/reading.ts';
import { hikerapiFake } from '../fakes/hikerapi.ts';
import { createSamples } from '../samples/samples.ts';

/** A fixed time, so that the table changes only with the code. */
const NOW = Date.UTC(2026, 5, 28);
const clock = () => NOW;
/** The time for one read of the samples. */
export const budget = { deadlineAt: NOW + 60_000 };
const UNLIMITED = Number.MAX_SAFE_INTEGER;

/** What one read delivers, in every view and format. */
export type Sized = { readonly name: string; readonly json: Readonly<Record<View, string>>; readonly markdown: string };

/** Prints the tokens (o200k) of one post and of 100 and 500 comments of the samples, in each view and format. */
export async function tokenTable(): Promise<string> {
  const rows = (await sampleAnswers()).map(({ name, json, markdown }) => {
    const counts = [json.full, json.standard, json.minimal, markdown].map((text) => countTokens(text).toLocaleString('en-US'));
    return `| ${[name, ...counts].join(' | ')} |`;
  });
  return ['| Read | `full` | `standard` | `minimal` | Markdown |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

/** Reads the samples through an adapter, without a network. */
export async function sampleAnswers(): Promise<readonly Sized[]> {
  const target = (shortcode: string) => ({ kind: 'media', shortcode, hint: 'unknown' }) as const;
  const post = await sampleProvider.fetchMedia(target('DemoReel_01'), budget);
  if (!post.ok) throw new Error(`the sample post: ${post.error.kind}`);
  const batches = await Promise.all(
    ([100, 500] as const).map(async (limit) => {
      const order = { limit, includeReplies: false, position: null, maxCostMicros: { comments: UNLIMITED, replies: 0 } };
      const read = await sampleProvider.fetchComments({ target: target('DemoThread1'), order, postOwner: null }, budget);
      if (!read.ok) throw new Error(`the sample comments: ${read.error.kind}`);
      return sizedComments(`${limit} comments`, read.value.value, limit);
    }),
  );
  return [sizedPost('a reel', post.value.value), ...batches];
}

/** Renders a post in every view and format. */
export function sizedPost(name: string, media: InstagramMedia): Sized {
  const delivered = { value: media, provider: PROVIDER, status: 'miss', key: KEY, storedAt: NOW, ttlSeconds: TTL_SECONDS } as const;
  return sized(name, 'media', {
    ...shared('media', 3_000),
    request: { main: 'media', parts: { media: { reelOnly: false } } },
    outcome: { ...NOTHING, media: delivered },
    limitations: mediaLimitations(media, NOW, null),
  });
}

/** Renders a batch of comments in every view and format. */
export function sizedComments(name: string, batch: CommentBatch, limit: 20 | 100 | 500): Sized {
  const delivered = { value: batch, provider: PROVIDER, status: 'miss', key: KEY, storedAt: NOW, ttlSeconds: TTL_SECONDS } as const;
  return sized(name, 'comments', {
    ...shared('comments', 10_000),
    request: { main: 'comments', parts: { comments: { limit, includeReplies: false, cursor: null } } },
    outcome: { ...NOTHING, comments: { kind: 'delivered', delivered, nextCursor: CURSOR } },
    limitations: commentLimitations(batch, limit),
  });
}

const PROVIDER = { id: 'hikerapi', billedUnit: 'request', resultCount: 7 } as const;
const KEY = 'comments:v2:9d2f7f1c63a04b5e8c1d90b4e6a2375f';
const TTL_SECONDS = 21_600;
/** As long as a real one. */
const CURSOR = `${'eyJzaG9ydGNvZGUiOiJEZW1vVGhyZWFkMSIs'.repeat(6)}.${'c2lnbmVkIGJ5IHRoaXMgc2Vydmlj'.repeat(2)}`;
const NOTHING = { media: null, comments: null, replies: null, transcript: null, parse: null } as const;

function shared(item: string, price: number): Omit<ReadResult, 'request' | 'outcome' | 'limitations'> {
  const amount = microCredits(price);
  const lines = [{ item, reserved: amount, settled: amount, refunded: microCredits(0), reason: null }];
  const receiptId = 'req_01JZ0000000000000000000000';
  return {
    target: { kind: 'media', shortcode: 'DemoThread1', hint: 'unknown' },
    provider: PROVIDER,
    cache: { status: 'miss', key: KEY, ttlSeconds: TTL_SECONDS, ageSeconds: 0 },
    payment: { reserved: amount, settled: amount, refunded: microCredits(0), available: microCredits(4_990_000), receiptId, lines },
  };
}

function sized(name: string, main: 'media' | 'comments', result: ReadResult): Sized {
  const jsonOf = (view: View) => JSON.stringify(readBody(contentOf({ main, shape: { view } }, result), result, PRICE_CARD.version));
  const minimal = jsonOf('minimal');
  return {
    name,
    json: { minimal, standard: jsonOf('standard'), full: jsonOf('full') },
    markdown: readingMarkdown(JSON.parse(minimal), minimal),
  };
}

const answer = hikerapiFake({ payloads: createSamples(clock), clock });

/** The adapter over its stand-in, called as a function. */
export const sampleProvider = createHikerApi({
  baseUrl: 'https://hikerapi.example',
  key: 'k',
  clock,
  mediaVersion: 'v2',
  fetch: async (url, { method = 'GET', headers }) => {
    const sent = new Headers(headers);
    const reply = answer({ method, url: new URL(url), header: (name) => sent.get(name), body: '' });
    if (reply.kind !== 'answer') throw new Error('a sample is answered');
    return new Response(reply.answer.body, { status: reply.answer.status, headers: { ...reply.answer.headers } });
  },
});
