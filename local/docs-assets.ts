import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ASSET_HEADERS } from '../src/http/middleware/security-headers.ts';

// Served from this origin, so that the documentation needs no CDN and works under a strict content security policy.
const source = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const root = join(import.meta.dirname, '..', '.build', 'assets');
const target = join(root, 'docs', 'assets');

// The runtime serves assets without asking the Worker, so the Worker's middleware cannot set their headers
// (developers.cloudflare.com/workers/static-assets/headers).
const headers = ['/*', ...Object.entries(ASSET_HEADERS).map(([name, value]) => `  ${name}: ${value}`), ''].join('\n');

const start = `window.onload = () => {
  window.ui = SwaggerUIBundle({
    url: '/openapi.json',
    dom_id: '#reference',
    deepLinking: true,
    persistAuthorization: false,
    validatorUrl: null,
    syntaxHighlight: false,
  });
};
`;

await mkdir(target, { recursive: true });
await Promise.all([
  copyFile(join(source, 'swagger-ui.css'), join(target, 'swagger-ui.css')),
  copyFile(join(source, 'swagger-ui-bundle.js'), join(target, 'swagger-ui-bundle.js')),
  writeFile(join(target, 'start.js'), start),
  writeFile(join(root, '_headers'), headers),
]);
