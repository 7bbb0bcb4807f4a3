import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../context.ts';
import { refuse } from '../error-response.ts';

/** Refuses while settings are missing; /ready names them. After it, `c.get('service')` is there. */
export const requireService = createMiddleware<AppEnv>(async function requireService(c, next) {
  const { service } = c.get('deps');
  if (!service.ok) return refuse(c, { code: 'misconfigured' });
  c.set('service', service.value);
  if (service.value.shard !== 0) c.get('event').shard = service.value.shard;
  return next();
});
