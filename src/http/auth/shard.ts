import { parseApiKey } from '../../billing/keys/api-key.ts';
import { ENDPOINTS, OPERATOR_PREFIX } from '../../endpoints.ts';
import type { ShardHints } from '../context.ts';
import { bearerToken } from './authenticate.ts';
import { keyText } from '../idempotency/header.ts';

/** Where new accounts are made, and where everything is looked for that belongs to nobody. */
const HOME = 0;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * The shard of a request, without any I/O. A customer's key says it. A signup is spread over the shards that take new accounts, and a
 * repeat with the same Idempotency-Key goes where the first went; `draw` makes what spreads those without one. Everything else is at home
 * on the first. A key of a shard that doesn't exist is looked for on the first as well, which knows nothing of it.
 */
export function shardOf(hints: ShardHints, shards: number, signupShards: readonly number[], draw: () => string): number {
  const key = parseApiKey(bearerToken(hints.authorization) ?? '');
  const wanted = isSignup(hints) ? pick(signupShards, keyText(hints.idempotencyKey ?? draw())) : key.ok ? key.value.shard : HOME;
  return wanted < shards ? wanted : HOME;
}

/** The shard that the owner names in the query of /v1/ops: the first where none is named, null where there is no such shard. */
export function ownersShard({ path, shard }: ShardHints, shards: number): number | null {
  if (!path.startsWith(OPERATOR_PREFIX) || shard === undefined) return HOME;
  return /^(?:0|[1-9]\d?)$/.test(shard) && Number(shard) < shards ? Number(shard) : null;
}

function isSignup({ method, path }: ShardHints): boolean {
  return method === 'POST' && path === ENDPOINTS.signUp.path;
}

/** FNV-1a: spreads evenly and needs no secret, since nobody gains by choosing a shard. */
function pick(shards: readonly number[], text: string): number {
  let hash = FNV_OFFSET;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME) >>> 0;
  return shards[hash % shards.length] ?? HOME;
}
