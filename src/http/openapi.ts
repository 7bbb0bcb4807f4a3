import type { App } from './context.ts';
import { describeRateLimits, RATE_LIMIT_HEADERS } from './rate-limit-openapi.ts';

type Document = ReturnType<App['getOpenAPI31Document']>;

const described = new WeakMap<App, Document>();

/** The OpenAPI 3.1 description of every registered route. Built once for each app. */
export function openApiDocument(app: App): Document {
  let document = described.get(app);
  if (document === undefined) {
    document = app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'igskill',
        version: '0.1.0',
        description:
          'Public Instagram posts as normalized JSON, for AI agents, paid per read. Send the URL of a public post with your key and get normalized JSON back. Every read is paid from a prepaid balance in micro-credits ' +
          '(1,000,000 = US$1): the price is set aside before anything is spent, and what was not delivered is given back. Ids are strings. ' +
          'A null is always explained in `limitations`.',
        license: { name: 'Proprietary', url: 'https://igskill.md/terms' },
      },
      servers: [{ url: '/' }],
      tags: [
        { name: 'Read', description: 'Paid reads.' },
        { name: 'Account', description: 'Accounts, keys and balance.' },
        { name: 'Top-ups', description: 'Money in, through Stripe.' },
        { name: 'Prices', description: 'What things cost.' },
        { name: 'Owner', description: 'For the operator of the service, with the owner key.' },
        { name: 'Service', description: 'State of the service; free, without a key.' },
      ],
    });
    describeRateLimits(document);
    described.set(app, document);
  }
  return document;
}

/** Declares how a request proves who it is from. */
export function registerSecurity(app: App): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'bearer',
    description: 'Your API key: `Authorization: Bearer igsk_…`.',
  });
}

/** Declares the headers that tell about rate limits. */
export function registerRateLimits(app: App): void {
  for (const [name, header] of Object.entries(RATE_LIMIT_HEADERS)) app.openAPIRegistry.registerComponent('headers', name, { ...header });
}
