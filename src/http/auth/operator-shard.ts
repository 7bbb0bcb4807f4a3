import { z } from '@hono/zod-openapi';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../context.ts';
import { refuse } from '../error-response.ts';

/** Which database an operator's request is about. */
export const ShardQuery = z.object({
  shard: z.string().optional().openapi({
    type: 'integer',
    minimum: 0,
    maximum: 99,
    default: 0,
    description:
      'The number of the database shard that the request is about. Each shard knows only its own accounts, keys, receipts, actions and jobs.',
    example: 0,
  }),
});

/** Refuses a shard that does not exist, instead of answering for another. */
export const requireShard = createMiddleware<AppEnv>(async function requireShard(c, next) {
  const { shard } = c.get('service').operations;
  if (shard === null) {
    return refuse(c, { code: 'invalid_request', message: 'There is no shard with this number.', details: { parameter: 'shard' } });
  }
  if (shard !== 0) c.get('event').shard = shard;
  return next();
});
