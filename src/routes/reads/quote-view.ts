import { z } from '@hono/zod-openapi';
import type { DryRun } from '../../read/dry-run.ts';

const amount = z.int().nonnegative();

/** What a dry run answers: the price of a read, and no data. */
export const Quote = z
  .object({
    quote: z.object({
      maximumMicroCredits: amount.openapi({ description: 'With nothing in the cache: the most this read can cost, whenever it is sent.' }),
      expectedMicroCredits: amount.openapi({
        description: 'With what is in the cache now: what would be set aside, and compared with `maxCostMicroCredits`.',
      }),
      lines: z.array(z.object({ item: z.string(), maximumMicroCredits: amount, expectedMicroCredits: amount })),
      cache: z.object({
        status: z
          .enum(['hit', 'miss', 'unknown'])
          .openapi({ description: 'Of the main part; `unknown` for a share link, which is not followed.' }),
        ageSeconds: amount.nullable(),
      }),
      affordable: z.boolean().openapi({ description: 'Whether the balance covers `expectedMicroCredits`.' }),
      balanceMicroCredits: z.int().nullable().openapi({ description: 'Null for the owner, who is not billed.' }),
      priceCardVersion: z.string(),
    }),
    data: z.null(),
  })
  .openapi('Quote', {
    description: 'The answer with `dryRun=true`: free, and nothing was read.',
    example: {
      quote: {
        maximumMicroCredits: 6_000,
        expectedMicroCredits: 4_000,
        lines: [
          { item: 'media', maximumMicroCredits: 3_000, expectedMicroCredits: 1_000 },
          { item: 'media_parse', maximumMicroCredits: 3_000, expectedMicroCredits: 3_000 },
        ],
        cache: { status: 'hit', ageSeconds: 840 },
        affordable: true,
        balanceMicroCredits: 4_997_000,
        priceCardVersion: '2026-11-22',
      },
      data: null,
    },
  });

/** A quotation as it is answered. */
export function quoteBody(quotation: DryRun, priceCardVersion: string): z.infer<typeof Quote> {
  return {
    quote: {
      maximumMicroCredits: quotation.maximum,
      expectedMicroCredits: quotation.expected,
      lines: quotation.lines.map(({ item, maximum, expected }) => ({ item, maximumMicroCredits: maximum, expectedMicroCredits: expected })),
      cache: quotation.cache,
      affordable: quotation.affordable,
      balanceMicroCredits: quotation.available,
      priceCardVersion,
    },
    data: null,
  };
}
