import { z } from '@hono/zod-openapi';
import { idempotencyHeaders } from '../../http/idempotency/header.ts';
import type { MediaParseMode } from '../../parse/ports.ts';
import type { shapeQuery } from './shape.ts';
import type { ReadRequest } from '../../read/parts/parts.ts';
import { STALE_RETENTION_SECONDS } from '../../read/cache/freshness.ts';

/** No cache entry is older than a year. */
const LONGEST_MAX_AGE_SECONDS = 31_536_000;

const seconds = (name: string, max: number) =>
  z
    .string()
    .regex(/^\d{1,8}$/, `${name} is a whole number of seconds.`)
    .transform(Number)
    .refine((value) => value <= max, `${name} is at most ${max}.`)
    .optional();

/** The parameters of every paid read. */
export const readQuery = {
  url: z
    .string({ error: 'The parameter "url" is required.' })
    .min(1, 'The parameter "url" is empty.')
    .openapi({
      param: { name: 'url', in: 'query' },
      description:
        'URL of a post or reel in any form, also inside a pasted text that names no other post, or a bare shortcode. Percent-encode it.',
      example: 'https://www.instagram.com/p/DemoImage01/',
    }),
  maxAgeSeconds: seconds('maxAgeSeconds', LONGEST_MAX_AGE_SECONDS).openapi({
    type: 'integer',
    minimum: 0,
    maximum: LONGEST_MAX_AGE_SECONDS,
    description:
      'The maximum age of a cached post or batch of comments; 0 always reads fresh. By default, any cache entry that is still fresh is served.',
  }),
  maxStaleSeconds: seconds('maxStaleSeconds', STALE_RETENTION_SECONDS).openapi({
    type: 'integer',
    minimum: 0,
    maximum: STALE_RETENTION_SECONDS,
    description:
      'When every data provider fails, serve a cache entry that expired at most this long ago, marked `stale`, at the stale price. By default, never.',
  }),
  onlyIfCached: z.enum(['true', 'false']).optional().openapi({
    description:
      'With `true`, a read that the cache does not hold whole is refused with `cache_miss`, free of charge, instead of reading fresh.',
  }),
  dryRun: z
    .enum(['true', 'false'])
    .optional()
    .openapi({ description: 'With `true`, nothing is read or charged; the answer is a `Quote` of what the same request would cost.' }),
  maxCostMicroCredits: z
    .string()
    .regex(/^\d{1,13}$/, 'maxCostMicroCredits is a whole number of micro-credits.')
    .transform(Number)
    .optional()
    .openapi({
      type: 'integer',
      minimum: 0,
      description: 'The most this read may cost. If it could cost more, it is refused with `price_above_max` before anything is reserved.',
    }),
} as const;

/** The headers of every paid read. The log reads `traceparent`, of every request; here it is only described. */
export const readHeaders = idempotencyHeaders().extend({
  traceparent: z.string().optional().openapi({
    description:
      'W3C Trace Context. The trace id is kept as `traceId` in the receipt of a charged read and in the log of the operator; an invalid header is ignored.',
    example: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  }),
});

/** The parameters of readQuery as a route has parsed them. */
export type ReadQuery = z.infer<z.ZodObject<typeof readQuery & ReturnType<typeof shapeQuery>>>;

/** The parameters for comments beside a post or reel. */
export const mediaCommentsQuery = {
  comments: z.enum(['none', 'latest']).optional().openapi({ description: '`latest` reads comments with the post.' }),
  commentLimit: z
    .enum(['20', '100'], { error: 'commentLimit is 20 or 100; batches of 500 come with /v1/comments.' })
    .optional()
    .openapi({ description: 'How many comments, 20 by default. No effect while `comments` is `none`.' }),
} as const;

/** The parts that a query asks for beside a post or reel. */
export function mediaPartsOf(query: {
  readonly comments?: 'none' | 'latest' | undefined;
  readonly commentLimit?: '20' | '100' | undefined;
  readonly parse?: MediaParseMode | 'none' | undefined;
}): ReadRequest['parts'] {
  const limit = query.commentLimit === '100' ? 100 : 20;
  const comments = query.comments === 'latest' ? { comments: { limit, includeReplies: false, cursor: null } as const } : {};
  return { ...comments, ...parseOf('media', query.parse) };
}

/** The interpretation that a query asks for. */
export function parseOf<const S extends string, M extends string>(subject: S, mode: M | 'none' | undefined) {
  return mode === undefined || mode === 'none' ? {} : { parse: { subject, mode: mode as Exclude<M, 'none'> } };
}
