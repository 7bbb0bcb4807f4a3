import { z } from 'zod';
import type { MicroCredits } from '../../core/money.ts';

/** What a read would cost. */
export type DryRun = {
  /** With nothing in the cache: the most it can cost whenever it is sent. */
  readonly maximum: MicroCredits;
  /** With what is in the cache now: what would be held. */
  readonly expected: MicroCredits;
  readonly lines: readonly { readonly item: string; readonly maximum: MicroCredits; readonly expected: MicroCredits }[];
  /** Of the main part; `unknown` for a share link that was not resolved yet. */
  readonly cache: { readonly status: 'hit' | 'miss' | 'unknown'; readonly ageSeconds: number | null };
  /** Whether the balance covers what would be held now; true for the operator. */
  readonly affordable: boolean;
  /** Null for the operator. */
  readonly available: MicroCredits | null;
};

const amount = z.int().nonnegative();

/** What a dry run answers: the price of a read, and no data. */
export const Quote = z
  .object({
    quote: z.object({
      maximumMicroCredits: amount.meta({ description: 'With nothing in the cache: the most this read can cost, whenever it is sent.' }),
      expectedMicroCredits: amount.meta({
        description: 'With what is in the cache now: what would be set aside, and compared with `maxCostMicroCredits`.',
      }),
      lines: z.array(z.object({ item: z.string(), maximumMicroCredits: amount, expectedMicroCredits: amount })),
      cache: z.object({
        status: z
          .enum(['hit', 'miss', 'unknown'])
          .meta({ description: 'Of the main part; `unknown` for a share link, which is not followed.' }),
        ageSeconds: amount.nullable(),
      }),
      affordable: z.boolean().meta({ description: 'Whether the balance covers `expectedMicroCredits`.' }),
      balanceMicroCredits: z.int().nullable().meta({ description: 'Null for the owner, who is not billed.' }),
      priceCardVersion: z.string(),
    }),
    data: z.null(),
  })
  .meta({
    id: 'Quote',
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

export type QuoteBody = z.infer<typeof Quote>;

export function quoteBody(quotation: DryRun, priceCardVersion: string): QuoteBody {
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
