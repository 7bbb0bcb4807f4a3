import { createMiddleware } from 'hono/factory';
import { secureHeaders } from 'hono/secure-headers';
import type { AppEnv } from '../context.ts';

export const securityHeaders = secureHeaders({
  crossOriginResourcePolicy: 'cross-origin',
  referrerPolicy: 'no-referrer',
  xFrameOptions: 'DENY',
});

const CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** The headers of static assets, which the runtime serves without the Worker. They reach it as a file: see `local/docs-assets.ts`. */
export const ASSET_HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=15552000; includeSubDomains',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;

/** The default; the documentation pages set a policy of their own. */
export const contentSecurityPolicy = createMiddleware<AppEnv>(async function contentSecurityPolicy(c, next) {
  c.header('Content-Security-Policy', CONTENT_SECURITY_POLICY);
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
