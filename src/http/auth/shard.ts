import { parseApiKey } from '../../billing/keys/api-key.ts';
import { ENDPOINTS, isOperatorPath } from '../../endpoints.ts';
import type { ShardHints } from '../context.ts';
import { bearerToken } from './authenticate.ts';
import { keyText } from '../idempotency/header.ts';
import { isLeftOut } from '../middleware/spelling.ts';

/** Holds what belongs to no shard in particular. */
const HOME = 0;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * Chooses the shard of a request without I/O. A customer key names its shard. A signup is spread over the shards that take new accounts:
 * by its Idempotency-Key, so that a repeat goes where the first went, else by what `draw` returns. Everything else, including a key that
 * names a missing shard, goes to the first.
 */
export function shardOf(hints: ShardHints, shards: number, signupShards: readonly number[], draw: () => string): number {
  const key = parseApiKey(bearerToken(hints.authorization) ?? '');
  const wanted = isSignup(hints) ? pick(signupShards, keyText(hints.idempotencyKey ?? draw())) : key.ok ? key.value.shard : HOME;
  return wanted < shards ? wanted : HOME;
}

/**
 * The shard that the operator names in the query: the first where none is named, null where there is no such shard. Only a request that
 * changes nothing may leave the value empty: a script that lost its shard must not change another one.
 */
export function operatorShardOf({ method, path, shard }: ShardHints, shards: number): number | null {
  if (!isOperatorPath(path) || shard === undefined) return HOME;
  if (isLeftOut(shard) && (method === 'GET' || method === 'HEAD')) return HOME;
  return /^(?:0|[1-9]\d?)(?:\.0+)?$/.test(shard) && Number(shard) < shards ? Number(shard) : null;
}

function isSignup({ method, path }: ShardHints): boolean {
  return method === 'POST' && path === ENDPOINTS.signUp.path;
}

/** FNV-1a spreads evenly. It needs no secret, because nobody gains by choosing a shard. */
function pick(shards: readonly number[], text: string): number {
  let hash = FNV_OFFSET;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME) >>> 0;
  return shards[hash % shards.length] ?? HOME;
}
