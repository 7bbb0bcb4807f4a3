import { ENDPOINTS } from '../../endpoints.ts';
import type { App } from '../../http/context.ts';
import { apiDocsPage, errorDocsPage } from './docs-page.ts';
import { DOCS_CONTENT_SECURITY_POLICY } from '../../http/middleware/security-headers.ts';
import { openApiDocument } from '../../http/openapi.ts';

/** Documentation changes only with a deployment. */
const DOCS_MAX_AGE_SECONDS = 300;

const cacheControl = `public, max-age=${DOCS_MAX_AGE_SECONDS}`;

export function registerDocs(app: App): void {
  app.get(ENDPOINTS.openApi.path, (c) => {
    c.header('Cache-Control', cacheControl);
    c.header('Access-Control-Allow-Origin', '*');
    return c.json(openApiDocument(app));
  });
  app.get(ENDPOINTS.docs.path, (c) => {
    c.header('Cache-Control', cacheControl);
    c.header('Content-Security-Policy', DOCS_CONTENT_SECURITY_POLICY);
    return c.html(apiDocsPage());
  });
  app.get(ENDPOINTS.errorDocs.path, (c) => {
    c.header('Cache-Control', cacheControl);
    c.header('Content-Security-Policy', DOCS_CONTENT_SECURITY_POLICY);
    return c.html(errorDocsPage());
  });
  app.get(ENDPOINTS.index.path, (c) => {
    c.header('Link', '</openapi.json>; rel="service-desc", </docs>; rel="service-doc", </health>; rel="status"');
    return c.json({ service: 'igskill.md', docs: '/docs', openapi: '/openapi.json', pricing: '/v1/pricing', errors: '/docs/errors' });
  });
}
