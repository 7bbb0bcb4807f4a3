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
  /** Whether the account and the limits of its key allow what would be held now; true for the operator. */
  readonly affordable: boolean;
  /** Null for the operator. */
  readonly available: MicroCredits | null;
};

const amount = z.int().nonnegative();

/** The body of a dry run. */
export const Quote = z
  .object({
    kind: z.literal('quote'),
    quote: z.object({
      maximumMicroCredits: amount.meta({
        description: 'The most this read can cost, whenever it is sent: the price with nothing in the cache.',
      }),
      expectedMicroCredits: amount.meta({
        description: 'The amount that would be reserved now, given what is in the cache. `maxCostMicroCredits` is compared with it.',
      }),
      lines: z.array(z.object({ item: z.string(), maximumMicroCredits: amount, expectedMicroCredits: amount })),
      cache: z.object({
        status: z
          .enum(['hit', 'miss', 'unknown'])
          .meta({ description: 'Of the main part; `unknown` for a share link, which a dry run does not resolve.' }),
        ageSeconds: amount.nullable(),
      }),
      affordable: z.boolean().meta({
        description:
          'Whether the read would be paid for now: the balance, the budgets and ceilings of the key and of every key above it cover ' +
          '`expectedMicroCredits`, and the account is not frozen.',
      }),
      balanceMicroCredits: z.int().nullable().meta({ description: 'Null for the operator, who is not billed.' }),
      priceCardVersion: z.string(),
    }),
    data: z.null(),
  })
  .meta({
    id: 'Quote',
    description: 'The answer with `dryRun=true`: the price of the same request. Nothing is read or charged.',
    example: {
      kind: 'quote',
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
        priceCardVersion: '2026-11-28',
      },
      data: null,
    },
  });

export type QuoteBody = z.infer<typeof Quote>;

export function quoteBody(dryRun: DryRun, priceCardVersion: string): QuoteBody {
  return {
    kind: 'quote',
    quote: {
      maximumMicroCredits: dryRun.maximum,
      expectedMicroCredits: dryRun.expected,
      lines: dryRun.lines.map(({ item, maximum, expected }) => ({ item, maximumMicroCredits: maximum, expectedMicroCredits: expected })),
      cache: dryRun.cache,
      affordable: dryRun.affordable,
      balanceMicroCredits: dryRun.available,
      priceCardVersion,
    },
    data: null,
  };
}
