import { createRoute, z } from '@hono/zod-openapi';
import type { App } from '../../http/context.ts';
import { operation } from '../../endpoints.ts';
import { commentsReadings } from '../../read/response/readings.ts';
import { notModified, readResponse } from './http.ts';
import { errorResponses } from '../../http/error-response.ts';
import { commentsExample } from './examples.ts';
import { CommentsData } from '../../read/response/data.ts';
import { strictQuery } from '../../http/middleware/strict-query.ts';
import { parseOf, readHeaders, readQuery } from './query.ts';
import { hasOneShape, shapeQuery, twoShapes } from './shape.ts';
import { readHandler } from './answer.ts';
import { COMMENT_PARSE_MODES } from '../../parse/ports.ts';
import { READ_ERRORS } from '../../errors/from-read.ts';

const LIMITS = { '20': 20, '100': 100, '500': 500 } as const;

const Query = z
  .object({
    ...readQuery,
    ...shapeQuery(CommentsData),
    limit: z
      .enum(['20', '100', '500'], { error: 'limit is 20, 100 or 500.' })
      .optional()
      .openapi({ description: 'How many comments, not counting replies; 100 by default.' }),
    includeReplies: z
      .enum(['true', 'false'])
      .optional()
      .openapi({ description: '`true` also reads replies, nested under their comments, as far as their price pays for the pages.' }),
    cursor: z
      .string()
      .min(1)
      .optional()
      .openapi({ description: '`nextCursor` of an earlier answer for the same post and the same `includeReplies`.' }),
    parse: z
      .enum(['none', ...COMMENT_PARSE_MODES])
      .optional()
      .openapi({ description: 'AI interpretation of the comments.' }),
  })
  .refine(hasOneShape, twoShapes);

const CommentsReading = commentsReadings('CommentsReading');

const route = createRoute({
  ...operation(
    'readComments',
    'Returns the comments that could be read within the time limit. Comments and replies are charged by their share of the batch, and fresh ones at least the ' +
      'minimum of the pages read for them (`minimums` of /v1/pricing), also where a post has no comments. `truncated` says whether fewer were delivered than ' +
      'requested, and `nextCursor` continues without gaps or duplicates. To read a post together with its first comments, use /v1/post.',
  ),
  middleware: [strictQuery(Query.shape)] as const,
  request: { query: Query, headers: readHeaders },
  responses: {
    200: readResponse('The comments, and what they cost.', CommentsReading.any, commentsExample),
    304: notModified,
    ...errorResponses('invalid_request', 'internal', 'misconfigured', ...READ_ERRORS),
  },
});

export function registerComments(app: App): void {
  app.openapi(
    route,
    readHandler((query: z.infer<typeof Query>) => {
      const comments = {
        limit: LIMITS[query.limit ?? '100'],
        includeReplies: query.includeReplies === 'true',
        cursor: query.cursor ?? null,
      };
      return { main: 'comments', parts: { comments, ...parseOf('comments', query.parse) } };
    }),
  );
}
