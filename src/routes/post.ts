import { createRoute, z } from '@hono/zod-openapi';
import type { App } from '../http/context.ts';
import { envelope, envelopeOf, noteRead } from '../http/envelope.ts';
import { errorResponses, refuse } from '../http/error-response.ts';
import { payerOf } from '../http/paid-request.ts';
import { onlyQuery } from '../http/query.ts';
import { InstagramMedia } from '../instagram/media.ts';
import { exampleMedia } from '../instagram/media-example.ts';
import { mediaLimitations } from '../read/limitations.ts';
import type { ReadTrace } from '../read/delivery.ts';
import { READ_ERRORS } from '../read/refusals.ts';

/** An option that exists in the contract but not yet here: anything but leaving it out is refused, so that nobody pays for less than they asked. */
const notYet = (option: string) =>
  z.literal('none', { error: `The option "${option}" is not available yet; leave it out or send "none".` }).optional();

const Query = z.object({
  url: z
    .string({ error: 'The parameter "url" is required.' })
    .min(1, 'The parameter "url" is empty.')
    .openapi({
      param: { name: 'url', in: 'query' },
      description: 'URL of a post, carousel or reel in any spelling, or a bare shortcode. Percent-encode it.',
      example: 'https://www.instagram.com/p/DemoImage01/',
    }),
  parse: notYet('parse').openapi({ description: 'Hosted AI interpretation; not available yet.' }),
  comments: notYet('comments').openapi({ description: 'Latest comments; not available yet.' }),
  commentLimit: z
    .enum(['20', '100'], { error: 'commentLimit is 20 or 100; larger batches come with /v1/comments.' })
    .optional()
    .openapi({ description: 'How many comments; without effect while `comments` is none.' }),
});

const example = {
  data: exampleMedia,
  provider: { id: 'scrapecreators', billedUnit: 'credit', resultCount: 1 },
  cache: { status: 'miss' as const, key: 'media:v1:5f0c9f2b7e31a4d8860e1f3c2b9d7a64', ttlSeconds: 21600, ageSeconds: 0 },
  usage: {
    priceCardVersion: '2026-11-22',
    reservedMicroCredits: 3000,
    settledMicroCredits: 3000,
    refundedMicroCredits: 0,
    balanceMicroCredits: 4997000,
    receiptId: 'req_01JZ0000000000000000000000',
    lines: [{ item: 'media', reservedMicroCredits: 3000, settledMicroCredits: 3000, refundedMicroCredits: 0 }],
  },
  limitations: mediaLimitations(exampleMedia, Date.UTC(2026, 5, 28), null),
  parse: null,
};

const route = createRoute({
  method: 'get',
  path: '/v1/post',
  operationId: 'readPost',
  tags: ['Read'],
  summary: 'Read a public post',
  description:
    'Returns an image, video or carousel as normalized JSON; a URL that turns out to be a reel is answered with type `reel` at the same price. ' +
    'The price is set aside before anything is spent, taken when the post is delivered, and given back whole when it is not. ' +
    'A copy from the cache costs the cached price; see /v1/pricing.',
  security: [{ apiKey: [] }],
  middleware: [onlyQuery(Object.keys(Query.shape))] as const,
  request: { query: Query },
  responses: {
    200: {
      description: 'The post, and what it cost.',
      content: { 'application/json': { schema: envelopeOf(InstagramMedia, 'PostReading'), example } },
    },
    ...errorResponses('invalid_request', 'internal', 'misconfigured', ...READ_ERRORS),
  },
});

export function registerPost(app: App): void {
  app.openapi(route, async (c) => {
    const payer = await payerOf(c);
    if (!payer.ok) return refuse(c, payer.error);
    const trace: ReadTrace = {};
    const reading = await c.var.service.reader.read({ endpoint: '/v1/post', input: c.req.valid('query').url, payer: payer.value }, trace);
    noteRead(c, trace);
    return reading.ok ? c.json(envelope(c, reading.value, c.var.deps.priceCard.version), 200) : refuse(c, reading.error);
  });
}
