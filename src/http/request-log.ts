import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';
import type { AppDeps, AppEnv } from './context.ts';
import type { RequestEvent } from './request-event.ts';

/** Gives the request its id and dependencies, answers with `X-Request-Id`, and logs one line when it is done. */
export function requestLog(depsFor: (c: { env: AppEnv['Bindings']; background: (work: Promise<unknown>) => void }) => AppDeps) {
  return createMiddleware<AppEnv>(async function requestLog(c, next) {
    const deps = depsFor({ env: c.env, background: (work) => c.executionCtx.waitUntil(work) });
    const startedAt = deps.clock();
    const requestId = deps.ids('req');
    const event: RequestEvent = {
      requestId,
      time: new Date(startedAt).toISOString(),
      method: c.req.method,
      route: 'none',
      status: 0,
      milliseconds: 0,
    };
    c.set('deps', deps);
    c.set('requestId', requestId);
    c.set('event', event);
    await next();
    c.header('X-Request-Id', requestId);
    event.route = routePath(c, -1);
    event.status = c.res.status;
    event.milliseconds = deps.clock() - startedAt;
    deps.log(event);
  });
}
