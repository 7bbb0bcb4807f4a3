import { createMiddleware } from 'hono/factory';
import { secureHeaders } from 'hono/secure-headers';
import type { AppEnv } from '../context.ts';

/** An API answer is never framed, sniffed, scripted or sent on as a referrer. */
export const securityHeaders = secureHeaders({
  crossOriginResourcePolicy: 'cross-origin',
  referrerPolicy: 'no-referrer',
  xFrameOptions: 'DENY',
});

/** Answers load nothing, unless the route has set a policy of its own, as the documentation pages do. */
export const contentSecurityPolicy = createMiddleware<AppEnv>(async function contentSecurityPolicy(c, next) {
  c.header('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
  return next();
});

/** For the documentation pages: scripts and data from this origin only; Swagger UI sets styles inline and draws icons from data URLs. */
export const DOCS_CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/**
 * CORS: what anyone may see, any page may read. Answers to a key are for servers and agents, because a key in a web page
 * is a published key; they carry no CORS headers, so a browser keeps them from the page.
 */
export const openToAnyOrigin = createMiddleware<AppEnv>(async function openToAnyOrigin(c, next) {
  c.header('Access-Control-Allow-Origin', '*');
  return next();
});
