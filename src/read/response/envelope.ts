import { z } from 'zod';
import { Limitation } from '../limitations/catalog.ts';
import type { Payment } from '../pricing/payer.ts';
import { type CommentsData, commentsData, type MediaData, mediaData } from './data.ts';
import { type CommentParseBlock, commentParse, type MediaParseBlock, mediaParse } from './interpretation.ts';
import type { ReadResult } from './result.ts';

const amount = z.int().nonnegative();

const Usage = z
  .object({
    priceCardVersion: z.string(),
    reservedMicroCredits: amount,
    settledMicroCredits: amount.meta({ description: 'The price charged for this request.' }),
    refundedMicroCredits: amount.meta({ description: 'Reserved but not charged: reserved = settled + refunded.' }),
    balanceMicroCredits: z
      .int()
      .nullable()
      .meta({ description: 'The available balance after this request; null for the operator, who is not billed.' }),
    receiptId: z.string().nullable(),
    lines: z.array(
      z.object({
        item: z.string(),
        reservedMicroCredits: amount,
        settledMicroCredits: amount,
        refundedMicroCredits: amount,
        reason: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'Usage' });

/** Describes the body of a paid read around its `data` and `parse`. */
export function envelopeOf<T extends z.ZodType, P extends z.ZodType>(data: T, parse: P, name: string) {
  return z
    .object({
      data,
      provider: z.object({ id: z.string(), billedUnit: z.string(), resultCount: z.int().nonnegative() }).meta({ id: 'Provider' }),
      cache: z
        .object({
          status: z.enum(['hit', 'miss', 'stale']),
          key: z.string(),
          ttlSeconds: z
            .int()
            .nonnegative()
            .nullable()
            .meta({ description: 'How long the cache entry stays fresh; null when the content was not cached.' }),
          ageSeconds: z.int().nonnegative(),
        })
        .meta({
          id: 'Cache',
          description: 'The origin of the main part: the post, or for /v1/comments the comments.',
        }),
      usage: Usage,
      limitations: z.array(Limitation),
      parse,
    })
    .meta({ id: name });
}

/** The two kinds of read, by their main part. */
export type Main = 'media' | 'comments';

type DataOf = { readonly media: z.infer<typeof MediaData>; readonly comments: z.infer<typeof CommentsData> };
type ParseOf = { readonly media: z.infer<typeof MediaParseBlock>; readonly comments: z.infer<typeof CommentParseBlock> };

/** The body of a delivered read. */
export type ReadBody<M extends Main> = {
  data: DataOf[M];
  provider: ReadResult['provider'];
  cache: ReadResult['cache'];
  usage: z.infer<typeof Usage>;
  limitations: Limitation[];
  parse: ParseOf[M];
};

const DATA: { readonly [M in Main]: (result: ReadResult) => DataOf[M] } = { media: mediaData, comments: commentsData };
const PARSE: { readonly [M in Main]: (result: ReadResult) => ParseOf[M] } = { media: mediaParse, comments: commentParse };

/** Renders a result. The order of the fields is part of a stored response, so it must not change. */
export function readBody<M extends Main>(main: M, result: ReadResult, priceCardVersion: string): ReadBody<M> {
  const { provider, cache, payment, limitations } = result;
  const data = DATA[main](result);
  return { data, provider, cache, usage: usageOf(payment, priceCardVersion), limitations: [...limitations], parse: PARSE[main](result) };
}

function usageOf(payment: Payment, priceCardVersion: string): z.infer<typeof Usage> {
  return {
    priceCardVersion,
    reservedMicroCredits: payment.reserved,
    settledMicroCredits: payment.settled,
    refundedMicroCredits: payment.refunded,
    balanceMicroCredits: payment.available,
    receiptId: payment.receiptId,
    lines: payment.lines.map((line) => ({
      item: line.item,
      reservedMicroCredits: line.reserved,
      settledMicroCredits: line.settled,
      refundedMicroCredits: line.refunded,
      ...(line.reason === null ? {} : { reason: line.reason }),
    })),
  };
}
