import { createMiddleware } from 'hono/factory';
import { secureHeaders } from 'hono/secure-headers';
import type { AppEnv } from '../context.ts';

export const securityHeaders = secureHeaders({
  crossOriginResourcePolicy: 'cross-origin',
  referrerPolicy: 'no-referrer',
  xFrameOptions: 'DENY',
});

/** The default; the documentation pages set a policy of their own. */
export const contentSecurityPolicy = createMiddleware<AppEnv>(async function contentSecurityPolicy(c, next) {
  c.header('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
  return next();
});

/** Swagger UI sets inline styles and draws icons from data URLs. */
export const DOCS_CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/**
 * Allows CORS for what needs no key. Answers to a key have no CORS headers, so a browser keeps them from a page: a key in a web page is
 * a published key.
 */
export const openToAnyOrigin = createMiddleware<AppEnv>(async function openToAnyOrigin(c, next) {
  c.header('Access-Control-Allow-Origin', '*');
  return next();
});
