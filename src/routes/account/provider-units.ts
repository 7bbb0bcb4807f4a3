import { z } from '@hono/zod-openapi';
import type { StoredReceipt } from '../../billing/ledger/receipt.ts';

/** The calls to data providers in a receipt. */
export const ProviderUnits = z
  .array(
    z.object({
      item: z
        .string()
        .nullable()
        .openapi({ description: 'The line that the call counts towards; null in a receipt from before that was kept.' }),
      provider: z.string(),
      billedUnit: z.string(),
      units: z.number().nonnegative(),
      billed: z.boolean().openapi({ description: 'Whether the provider billed the call. A billed call may have no units.' }),
    }),
  )
  .openapi({
    description:
      'The calls to data providers that it made, in their own units. `minimums` of `GET /v1/pricing` says the least that they cost.',
  });

/** What a provider costs the service is not shown beyond what the price card says. */
export function providerUnitsOf(upstream: NonNullable<StoredReceipt['upstream']>): z.infer<typeof ProviderUnits> {
  return upstream.map(({ item = null, provider, billedUnit, billedUnits, estimatedCostMicros }) => {
    return { item, provider, billedUnit, units: billedUnits, billed: estimatedCostMicros > 0 };
  });
}
