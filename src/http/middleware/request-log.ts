import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';
import type { AppEnv, DepsFor } from '../context.ts';
import type { RequestEvent } from '../request-event.ts';
import { traceIdOf } from './trace-id.ts';

/** Gives the request its id and dependencies, and logs one line when it is done. */
export function requestLog(depsFor: DepsFor) {
  return createMiddleware<AppEnv>(async function requestLog(c, next) {
    const hints = {
      method: c.req.method,
      path: c.req.path,
      authorization: c.req.header('Authorization'),
      idempotencyKey: c.req.header('Idempotency-Key'),
      shard: c.req.query('shard'),
    };
    const deps = depsFor({ env: c.env, background: (work) => c.executionCtx.waitUntil(work), hints });
    const startedAt = deps.clock();
    const requestId = deps.ids('req');
    const traceId = traceIdOf(c.req.header('traceparent'));
    const event: RequestEvent = {
      requestId,
      ...(traceId === undefined ? {} : { traceId }),
      time: new Date(startedAt).toISOString(),
      method: c.req.method,
      route: 'none',
      status: 0,
      milliseconds: 0,
    };
    c.set('deps', deps);
    c.set('requestId', requestId);
    c.set('event', event);
    c.header('X-Request-Id', requestId);
    await next();
    event.route = routePath(c, -1);
    event.status = c.res.status;
    event.milliseconds = deps.clock() - startedAt;
    deps.log(event);
  });
}
