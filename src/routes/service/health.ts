import { createRoute, z } from '@hono/zod-openapi';
import { isoTime } from '../../core/clock.ts';
import type { App } from '../../http/context.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { openToAnyOrigin } from '../../http/middleware/security-headers.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses } from '../../http/error-response.ts';

const Health = z
  .object({ status: z.literal('ok'), service: z.literal('igskill.md'), version: z.string(), timestamp: z.iso.datetime() })
  .openapi('Health', {
    example: { status: 'ok', service: 'igskill.md', version: 'dev', timestamp: '2026-06-28T00:00:00.000Z' },
  });

const route = createRoute({
  ...operation(
    'getHealth',
    'Answers while the Worker runs, without touching the database. Use it for uptime checks; to know whether reads work, use `GET /ready`.',
  ),
  middleware: [openToAnyOrigin, strictQuery({})] as const,
  responses: {
    200: { description: 'The service is running.', content: { 'application/json': { schema: Health } } },
    ...errorResponses('invalid_request', 'internal'),
  },
});

export function registerHealth(app: App): void {
  app.openapi(route, (c) => {
    const { clock, version } = c.get('deps');
    return c.json({ status: 'ok' as const, service: 'igskill.md' as const, version, timestamp: isoTime(clock()) }, 200);
  });
}
