import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';
import type { AppDeps, AppEnv } from './context.ts';

/**
 * One wide line for each request. Only identifiers, amounts and outcomes: never a key, a secret, a caption, a comment or
 * a vendor's body, and the route's pattern instead of the caller's URL.
 */
export type RequestEvent = {
  requestId: string;
  time: string;
  method: string;
  route: string;
  status: number;
  milliseconds: number;
  errorCode?: string;
  role?: 'customer' | 'owner';
  accountId?: string | null;
  targetKind?: string;
  shortcode?: string;
  cache?: string;
  provider?: string;
  /** Who wrote the words down, or why there are none. */
  transcript?: string;
  /** Whether the boundary delivered an interpretation. */
  parse?: string;
  attempts?: readonly object[];
  reservedMicroCredits?: number;
  settledMicroCredits?: number;
  /** An unexpected error: its class and where it happened, not its message, which could quote anything. */
  bug?: { readonly name: string; readonly at: readonly string[] };
};

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
