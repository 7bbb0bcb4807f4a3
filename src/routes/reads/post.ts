import { createRoute, z } from '@hono/zod-openapi';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { mediaReadings } from '../../read/response/readings.ts';
import { notModified, readResponse } from './http.ts';
import { errorResponses } from '../../http/error-response.ts';
import { postExample } from './examples.ts';
import { MediaData } from '../../read/response/data.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { mediaPartsOf, mediaCommentsQuery, readHeaders, readQuery } from './query.ts';
import { hasOneShape, shapeQuery, twoShapes } from './shape.ts';
import { readHandler } from './answer.ts';
import { MEDIA_PARSE_MODES } from '../../parse/ports.ts';
import { READ_ERRORS } from '../../errors/from-read.ts';

const Query = z
  .object({
    ...readQuery,
    ...shapeQuery(MediaData),
    parse: z
      .enum(['none', ...MEDIA_PARSE_MODES])
      .optional()
      .openapi({ description: 'AI interpretation of the post.' }),
    ...mediaCommentsQuery,
  })
  .refine(hasOneShape, twoShapes);

const PostReading = mediaReadings('PostReading');

const route = createRoute({
  ...operation(
    'readPost',
    'Returns an image, video or carousel as normalized JSON, optionally with comments and an AI interpretation. Use it for any post; a URL of a reel works too, at ' +
      'the same price. Use /v1/reel when a transcript is needed, and /v1/comments for more than 100 comments. The most the read can cost is reserved first; only ' +
      'delivered parts are charged. Cached parts cost less; see /v1/pricing.',
  ),
  middleware: [strictQuery(Query.shape)] as const,
  request: { query: Query, headers: readHeaders },
  responses: {
    200: readResponse('The post, and what it cost.', PostReading.any, postExample),
    304: notModified,
    ...errorResponses('invalid_request', 'internal', 'misconfigured', ...READ_ERRORS),
  },
});

export function registerPost(app: App): void {
  app.openapi(
    route,
    readHandler((query: z.infer<typeof Query>) => ({ main: 'media', parts: { media: { reelOnly: false }, ...mediaPartsOf(query) } })),
  );
}
