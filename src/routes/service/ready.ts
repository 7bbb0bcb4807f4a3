import { createRoute, z } from '@hono/zod-openapi';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { errorResponses } from '../../http/error-response.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { openToAnyOrigin } from '../../http/middleware/security-headers.ts';

const Readiness = z
  .object({
    status: z.enum(['ready', 'not_ready']),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), problem: z.string().optional() })),
  })
  .openapi('Readiness', {
    example: { status: 'not_ready', checks: [{ name: 'setting LIBSQL_URL', ok: false, problem: 'missing' }] },
  });

const route = createRoute({
  ...operation(
    'getReadiness',
    'Checks the settings, that the database can be read and written, and the content cache, and names what is missing or malformed, never values. Use it after a deployment; for frequent uptime checks use `GET /health`.',
  ),
  middleware: [openToAnyOrigin, strictQuery({})] as const,
  responses: {
    200: { description: 'Reads can be served.', content: { 'application/json': { schema: Readiness } } },
    503: { description: 'Something is missing; `checks` names it.', content: { 'application/json': { schema: Readiness } } },
    ...errorResponses('invalid_request', 'internal'),
  },
});

export function registerReady(app: App): void {
  app.openapi(route, async (c) => {
    const checks = (await c.get('deps').readiness()).map((check) => ({ ...check }));
    if (checks.every((check) => check.ok)) return c.json({ status: 'ready' as const, checks }, 200);
    c.header('Retry-After', '5');
    return c.json({ status: 'not_ready' as const, checks }, 503);
  });
}
