import { createRoute, z } from '@hono/zod-openapi';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { mediaReadings } from '../../read/response/readings.ts';
import { notModified, readResponse } from './http.ts';
import { errorResponses } from '../../http/error-response.ts';
import { reelExample } from './examples.ts';
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
    transcript: z.enum(['false', 'provider', 'true']).optional().openapi({
      description:
        '`false`, the default, reads none; `provider` uses the one that the data provider supplies; `true` falls back to hosted transcription, which costs more.',
    }),
    parse: z
      .enum(['none', ...MEDIA_PARSE_MODES])
      .optional()
      .openapi({ description: 'AI interpretation of caption and transcript.' }),
    ...mediaCommentsQuery,
  })
  .refine(hasOneShape, twoShapes);

const TRANSCRIPTS = {
  false: {},
  provider: { transcript: { source: 'provider' } },
  true: { transcript: { source: 'provider_or_hosted' } },
} as const;

const ReelReading = mediaReadings('ReelReading');

const route = createRoute({
  ...operation(
    'readReel',
    'Returns a reel as normalized JSON, optionally with its transcript, comments and an AI interpretation. A reel without speech is still delivered: the transcript ' +
      'is refunded, and `limitations` says why there is none. Any other post is refused with `not_a_reel`, free of charge; read it with /v1/post.',
  ),
  middleware: [strictQuery(Query.shape)] as const,
  request: { query: Query, headers: readHeaders },
  responses: {
    200: readResponse('The reel, and what it cost.', ReelReading.any, reelExample),
    304: notModified,
    ...errorResponses('invalid_request', 'internal', 'misconfigured', ...READ_ERRORS),
  },
});

export function registerReel(app: App): void {
  app.openapi(
    route,
    readHandler((query: z.infer<typeof Query>) => {
      const parts = { media: { reelOnly: true }, ...TRANSCRIPTS[query.transcript ?? 'false'], ...mediaPartsOf(query) };
      return { main: 'media', parts };
    }),
  );
}
