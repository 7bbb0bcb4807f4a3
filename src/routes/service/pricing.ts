import { createRoute, z } from '@hono/zod-openapi';
import { inMarkdown } from '../../http/format/content.ts';
import { PRICE_CARD } from '../../billing/price-card.ts';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses } from '../../http/error-response.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { openToAnyOrigin } from '../../http/middleware/security-headers.ts';

/** A price card changes only with a deployment. */
const PRICING_MAX_AGE_SECONDS = 300;

const amount = z.int().nonnegative();

const Pricing = z
  .object({
    version: z.string(),
    effectiveFrom: z.iso.datetime(),
    microCreditsPerUsd: z.int(),
    items: z.array(
      z.object({
        id: z.string(),
        item: z.string().openapi({ description: 'The line of `usage.lines` under which it is charged.' }),
        title: z.string(),
        unit: z.string(),
        upTo: z.int().positive().optional().openapi({ description: 'How many comments or replies it covers, for a price of several.' }),
        freshMicroCredits: amount,
        cachedMicroCredits: amount,
        staleMicroCredits: amount.nullable().openapi({ description: 'Null where a cached result cannot become stale.' }),
      }),
    ),
    minimums: z.array(z.object({ provider: z.string(), unit: z.string(), callMicroCredits: amount, unitMicroCredits: amount })).openapi({
      description:
        'The least that a fresh part costs for each call that a data provider billed for it: `callMicroCredits`, and `unitMicroCredits` for each unit. `providerUnits` of the receipt has the calls.',
    }),
    free: z.array(z.object({ id: z.string(), title: z.string() })),
  })
  .openapi('Pricing');

function pricing(): z.infer<typeof Pricing> {
  // `prices` says the same as `items`, for code.
  const { prices: _prices, ...card } = PRICE_CARD;
  return {
    ...card,
    items: PRICE_CARD.items.map((priced) => ({ ...priced })),
    minimums: PRICE_CARD.minimums.map((minimum) => ({ ...minimum })),
    free: PRICE_CARD.free.map((outcome) => ({ ...outcome })),
  };
}

const route = createRoute({
  ...operation(
    'getPricing',
    'Returns the price card in force, in micro-credits (1,000,000 = US$1). A published card never changes; new prices get a new version. For the price of one particular read, send that read with `dryRun=true`.',
  ),
  middleware: [openToAnyOrigin, strictQuery({})] as const,
  responses: {
    200: {
      description: 'The price card.',
      content: {
        'application/json': { schema: Pricing, example: pricing() },
        ...inMarkdown('- version: 2026-11-28\n- items:\n  | item | miss | hit |\n  | --- | --- | --- |\n  | media | 3000 | 1000 |\n'),
      },
    },
    ...errorResponses('invalid_request', 'internal'),
  },
});

export function registerPricing(app: App): void {
  app.openapi(route, (c) => {
    c.header('Cache-Control', `public, max-age=${PRICING_MAX_AGE_SECONDS}`);
    return c.json(pricing(), 200);
  });
}
