import { html } from 'hono/html';
import { ERROR_ROWS } from '../../errors.ts';
import { LIMITATIONS } from '../../read/limitations/catalog.ts';

/** Swagger UI from this origin's static assets. */
export function apiDocsPage() {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <link rel="icon" href="data:," />
        <title>igskill API</title>
        <link rel="stylesheet" href="/docs/assets/swagger-ui.css" />
      </head>
      <body>
        <noscript>Without JavaScript, read the reference as data: <a href="/openapi.json">/openapi.json</a>.</noscript>
        <div id="reference"></div>
        <script src="/docs/assets/swagger-ui-bundle.js"></script>
        <script src="/docs/assets/start.js"></script>
      </body>
    </html>`;
}

/** The page to which an error's `docUrl` leads, with an anchor for every code. */
export function errorDocsPage() {
  const errors = Object.entries(ERROR_ROWS).filter(([, row]) => row.reserved !== true);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <link rel="icon" href="data:," />
        <title>igskill errors and limitations</title>
        <style>
          body {
            font:
              16px/1.5 system-ui,
              sans-serif;
            max-width: 46rem;
            margin: 2rem auto;
            padding: 0 1rem;
          }
          h2 {
            font-family: ui-monospace, monospace;
            font-size: 1.1rem;
            margin: 2rem 0 0;
          }
          p {
            margin: 0.25rem 0;
          }
        </style>
      </head>
      <body>
        <h1>Errors</h1>
        <p>Errors are never billed. See also the <a href="/docs">API reference</a>.</p>
        ${errors.map(
          ([code, row]) =>
            html`<section id="${code}">
              <h2>${code} (${row.status})</h2>
              <p>${withCode(row.summary)}</p>
              <p><strong>What to do:</strong> ${withCode(row.callerAction)}</p>
            </section>`,
        )}
        <h1>Limitations</h1>
        ${Object.entries(LIMITATIONS).map(
          ([code, row]) =>
            html`<section id="${code}">
              <h2>${code}</h2>
              <p>${withCode(row.meaning)}</p>
              <ul>
                ${Object.entries(row.reasons).map(([reason, meaning]) => html`<li><code>${reason}</code>: ${withCode(meaning)}</li>`)}
              </ul>
            </section>`,
        )}
      </body>
    </html>`;
}

/** Renders the names that a text of a table has in backticks as code. */
function withCode(text: string) {
  return text.split('`').map((piece, index) => (index % 2 === 1 ? html`<code>${piece}</code>` : piece));
}
