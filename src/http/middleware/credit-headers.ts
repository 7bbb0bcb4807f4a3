import { createMiddleware } from 'hono/factory';
import type { AppContext, AppEnv } from '../context.ts';

/** Sets the values of `X-Credits-Remaining` and `X-Credits-Used`. Micro-credits. */
export function recordCredits(c: AppContext, remaining: number | null, used = 0): void {
  c.set('credits', { used, remaining });
}

/**
 * Sets the credit headers on every answer to a known key, errors included. `X-Credits-Remaining` is left out where only another query
 * would tell.
 */
export const creditHeaders = createMiddleware<AppEnv>(async function creditHeaders(c, next) {
  await next();
  if (c.get('event').role === undefined || c.res.status === 401) return;
  // Hono's types promise a value that may never have been set.
  const credits = c.get('credits') as AppEnv['Variables']['credits'] | undefined;
  // Set on the answer itself: `c.header` copies the whole answer each time.
  const { headers } = c.res;
  headers.set('X-Credits-Used', String(credits?.used ?? 0));
  if (credits != null && credits.remaining !== null) headers.set('X-Credits-Remaining', String(credits.remaining));
});
