import { z } from '@hono/zod-openapi';
import { Limitation } from '../../read/limitations/catalog.ts';
import type { Payment } from '../../read/pricing/payer.ts';
import type { ReadTrace } from '../../read/model/trace.ts';
import type { ReadResult } from '../../read/result.ts';
import type { AppContext } from '../../http/context.ts';
import { noteCredits } from '../../http/middleware/credit-headers.ts';
import { Quote } from './quote-view.ts';

const amount = z.int().nonnegative();

const Usage = z
  .object({
    priceCardVersion: z.string(),
    reservedMicroCredits: amount,
    settledMicroCredits: amount.openapi({ description: 'What this request cost.' }),
    refundedMicroCredits: amount.openapi({ description: 'What was set aside and given back: reserved = settled + refunded.' }),
    balanceMicroCredits: z.int().nullable().openapi({ description: 'What is left to spend; null for the owner, who is not billed.' }),
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
  .openapi('Usage');

/** The success of a paid read in the API description: the reading, or with `dryRun=true` its quotation. */
export function readResponse<T extends z.ZodType, E>(description: string, reading: T, example: E) {
  return { description, content: { 'application/json': { schema: z.union([reading, Quote]), example } } };
}

/** The envelope of every paid answer around its `data` and its `parse`. */
export function envelopeOf<T extends z.ZodType, P extends z.ZodType>(data: T, parse: P, name: string) {
  return z
    .object({
      data,
      provider: z.object({ id: z.string(), billedUnit: z.string(), resultCount: z.int().nonnegative() }).openapi('Provider'),
      cache: z
        .object({
          status: z.enum(['hit', 'miss', 'stale']),
          key: z.string(),
          ttlSeconds: z
            .int()
            .nonnegative()
            .nullable()
            .openapi({ description: 'How long the copy stays fresh; null when it was not kept.' }),
          ageSeconds: z.int().nonnegative(),
        })
        .openapi('Cache', { description: 'Where the main part came from: the post, or the comments of /v1/comments.' }),
      usage: Usage,
      limitations: z.array(Limitation),
      parse,
    })
    .openapi(name);
}

/** What surrounds the data of a reading; writes into the log line where it came from and what it cost. */
export function envelopeBody(c: AppContext, reading: ReadResult) {
  const { provider, cache, payment, limitations } = reading;
  Object.assign(c.get('event'), { provider: provider.id, reservedMicroCredits: payment.reserved, settledMicroCredits: payment.settled });
  // data and parse come in their places, whoever fills them: the order of fields is part of the answer that a replay repeats.
  return {
    data: null,
    provider,
    cache,
    usage: usageOf(payment, c.get('deps').priceCard.version),
    limitations: [...limitations],
    parse: null,
  };
}

/** The headers that say in HTTP what `cache` says. */
export function cacheHeaders({ cache: { status, ttlSeconds, ageSeconds } }: ReadResult) {
  // RFC 9211. A miss that was kept says for how long; a stale copy has a negative time left.
  const stored = ttlSeconds === null ? '' : `; stored; ttl=${ttlSeconds}`;
  const said = {
    hit: `hit; ttl=${ttlSeconds ?? 0}`,
    miss: `fwd=uri-miss${stored}`,
    stale: `hit; ttl=${-ageSeconds}; detail=stale-if-error`,
  };
  return {
    'Cache-Status': `igskill; ${said[status]}`,
    Age: String(ageSeconds),
    'Cache-Control': `private, max-age=${status === 'stale' ? 0 : (ttlSeconds ?? 0)}`,
    Vary: 'Authorization',
  };
}

/** Copies what is known of a read into the log line, whether it was delivered or refused; the balance is for the headers alone. */
export function noteRead(c: AppContext, { available = null, ...trace }: ReadTrace): void {
  noteCredits(c, available);
  Object.assign(c.get('event'), trace);
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
