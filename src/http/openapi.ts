import type { App } from './context.ts';
import { describeRateLimits, RATE_LIMIT_HEADERS } from './rate-limit-openapi.ts';

type Document = ReturnType<App['getOpenAPI31Document']>;

const described = new WeakMap<App, Document>();

/** Builds the OpenAPI 3.1 description of every registered route, once for each app. */
export function openApiDocument(app: App): Document {
  let document = described.get(app);
  if (document === undefined) {
    document = app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'igskill',
        version: '0.1.0',
        description:
          'Reads public Instagram posts, reels and comments for AI agents, and returns normalized JSON. Send the URL of a post with your API key. ' +
          'Reads are paid from a prepaid balance in micro-credits (1,000,000 = US$1): the highest possible price is reserved first, what was ' +
          'delivered is charged, and the rest is refunded. Errors are never charged. Ids are strings. `limitations` gives the reason for every null, except where the description of the field says what null means.',
        license: { name: 'Proprietary', url: 'https://igskill.md/terms' },
      },
      servers: [{ url: '/' }],
      tags: [
        { name: 'Read', description: 'Read posts, reels and comments. Billed.' },
        { name: 'Account', description: 'Accounts, API keys, usage and balance.' },
        { name: 'Top-ups', description: 'Buy credit through Stripe.' },
        { name: 'Prices', description: 'What reads cost.' },
        { name: 'Owner', description: 'For the operator of this deployment, with the operator key.' },
        { name: 'Service', description: 'The state of the deployment. Free, without a key.' },
      ],
    });
    describeRateLimits(document);
    described.set(app, document);
  }
  return document;
}

export function registerSecurity(app: App): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key, sent as `Authorization: Bearer igsk_…`. `POST /v1/signup` returns one.',
  });
}

export function registerRateLimits(app: App): void {
  for (const [name, header] of Object.entries(RATE_LIMIT_HEADERS)) app.openAPIRegistry.registerComponent('headers', name, { ...header });
}
