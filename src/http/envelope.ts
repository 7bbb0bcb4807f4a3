import { z } from '@hono/zod-openapi';
import { Limitation } from '../read/limitations.ts';
import type { Payment } from '../read/payer.ts';
import type { ReadTrace } from '../read/order.ts';
import type { Reading } from '../read/reader.ts';
import type { AppContext } from './context.ts';

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

/** Renders a reading around its data and its interpretation; says in the headers what `cache` says, and in the log line what it cost. */
export function envelope<T, P>(c: AppContext, reading: Reading, data: T, parse: P) {
  const { provider, cache, payment, limitations } = reading;
  const { status, ttlSeconds, ageSeconds } = cache;
  Object.assign(c.var.event, { provider: provider.id, reservedMicroCredits: payment.reserved, settledMicroCredits: payment.settled });
  // RFC 9211. A miss that was kept says for how long; a stale copy has a negative time left.
  const stored = ttlSeconds === null ? '' : `; stored; ttl=${ttlSeconds}`;
  const said = {
    hit: `hit; ttl=${ttlSeconds ?? 0}`,
    miss: `fwd=uri-miss${stored}`,
    stale: `hit; ttl=${-ageSeconds}; detail=stale-if-error`,
  };
  c.header('Cache-Status', `igskill; ${said[status]}`);
  c.header('Age', String(ageSeconds));
  c.header('Cache-Control', `private, max-age=${status === 'stale' ? 0 : (ttlSeconds ?? 0)}`);
  c.header('Vary', 'Authorization');
  return { data, provider, cache, usage: usageOf(payment, c.var.deps.priceCard.version), limitations: [...limitations], parse };
}

/** Copies what is known of a read into the log line, whether it was delivered or refused. */
export function noteRead(c: AppContext, trace: ReadTrace): void {
  Object.assign(c.var.event, trace);
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
