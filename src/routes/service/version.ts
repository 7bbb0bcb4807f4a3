import { createRoute, z } from '@hono/zod-openapi';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses } from '../../http/error-response.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { openToAnyOrigin } from '../../http/middleware/security-headers.ts';

const Version = z
  .object({ service: z.literal('igskill.md'), version: z.string(), priceCardVersion: z.string() })
  .openapi('Version', { example: { service: 'igskill.md', version: 'dev', priceCardVersion: '2026-11-28' } });

const route = createRoute({
  ...operation('getVersion', 'Returns the version of the deployment and of the price card, for a bug report or to notice new prices.'),
  middleware: [openToAnyOrigin, strictQuery({})] as const,
  responses: {
    200: { description: 'The deployed version and the price card in force.', content: { 'application/json': { schema: Version } } },
    ...errorResponses('invalid_request', 'internal'),
  },
});

export function registerVersion(app: App): void {
  app.openapi(route, (c) => {
    const { version, priceCard } = c.get('deps');
    return c.json({ service: 'igskill.md' as const, version, priceCardVersion: priceCard.version }, 200);
  });
}
