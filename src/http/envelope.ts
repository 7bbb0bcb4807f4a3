import { z } from '@hono/zod-openapi';
import { Limitation } from '../read/limitations.ts';
import type { Payment } from '../read/payer.ts';
import type { ReadTrace } from '../read/delivery.ts';
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

/** The envelope of every paid answer around its `data`. */
export function envelopeOf<T extends z.ZodType>(data: T, name: string) {
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
            .openapi({ description: 'How long the copy stays usable; null when it was not kept.' }),
          ageSeconds: z.int().nonnegative(),
        })
        .openapi('Cache'),
      usage: Usage,
      limitations: z.array(Limitation),
      parse: z.null().openapi({ description: 'Null: no hosted AI interpretation was asked for.' }),
    })
    .openapi(name);
}

/** Renders a reading and notes in the log line what it was and what it cost. */
export function envelope(c: AppContext, reading: Reading, priceCardVersion: string) {
  const { data, provider, cache, payment, limitations } = reading;
  Object.assign(c.var.event, {
    provider: provider.id,
    reservedMicroCredits: payment.reserved,
    settledMicroCredits: payment.settled,
  });
  return { data, provider, cache, usage: usageOf(payment, priceCardVersion), limitations: [...limitations], parse: null };
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
