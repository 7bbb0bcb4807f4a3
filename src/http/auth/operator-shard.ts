import { z } from '@hono/zod-openapi';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../context.ts';
import { refuse } from '../error-response.ts';

/** The query of every endpoint of the owner: whose database is meant. */
export const ShardQuery = z.object({
  shard: z.string().optional().openapi({
    type: 'integer',
    minimum: 0,
    maximum: 99,
    default: 0,
    description:
      'The number of the shard it is about. Accounts, keys, receipts, actions, jobs and the audit of one are unknown to the others.',
    example: 0,
  }),
});

/** Refuses a shard that isn't there, instead of answering for another. */
export const requireShard = createMiddleware<AppEnv>(async function requireShard(c, next) {
  const { ownersShard } = c.get('service');
  if (ownersShard === null) {
    return refuse(c, { code: 'invalid_request', message: 'There is no shard of this number.', details: { parameter: 'shard' } });
  }
  if (ownersShard !== 0) c.get('event').shard = ownersShard;
  return next();
});
