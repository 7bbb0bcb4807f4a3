import { createMiddleware } from 'hono/factory';
import type { AppContext, AppEnv } from '../context.ts';

/** Notes what the account can spend after this request, for `X-Credits-Remaining`; `used` is what the request cost. Micro-credits. */
export function noteCredits(c: AppContext, remaining: number | null, used = 0): void {
  c.set('credits', { used, remaining });
}

/**
 * Says on every answer of a request whose key was read what it cost and what is left, errors too. What is left is not said where only
 * another question to the database would tell.
 */
export const creditHeaders = createMiddleware<AppEnv>(async function creditHeaders(c, next) {
  await next();
  if (c.get('event').role === undefined || c.res.status === 401) return;
  // Hono's types promise what was never set.
  const credits = c.get('credits') as AppEnv['Variables']['credits'] | undefined;
  // Set on the answer itself: `c.header` would make a copy of the whole answer for each of them.
  const { headers } = c.res;
  headers.set('X-Credits-Used', String(credits?.used ?? 0));
  if (credits != null && credits.remaining !== null) headers.set('X-Credits-Remaining', String(credits.remaining));
});
