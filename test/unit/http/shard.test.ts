import { describe, expect, test } from 'vitest';
import { mintApiKey } from '../../../src/billing/keys/api-key.ts';
import { operatorShardOf, shardOf } from '../../../src/http/auth/shard.ts';
import type { ShardHints } from '../../../src/http/context.ts';

const nothing: ShardHints = { method: 'GET', path: '/v1/me', authorization: undefined, idempotencyKey: undefined, shard: undefined };
const signup: ShardHints = { ...nothing, method: 'POST', path: '/v1/signup' };

function of(hints: Partial<ShardHints>, { shards = 4, signupShards = [0], draw = 'draw' } = {}): number {
  return shardOf({ ...nothing, ...hints }, shards, signupShards, () => draw);
}

describe('the shard of a request', () => {
  test('is what the key says, for a live and for a test key', () => {
    for (const shard of [0, 1, 3]) {
      for (const mode of ['live', 'test'] as const) {
        expect(of({ authorization: `Bearer ${mintApiKey(undefined, mode, shard)}` })).toBe(shard);
        expect(of({ authorization: `bearer   ${mintApiKey(undefined, mode, shard)}  ` })).toBe(shard);
      }
    }
  });

  test('is the first without a key, for a key of no shape or checksum, and for a shard that is not configured', () => {
    const key = mintApiKey(undefined, 'live', 3);
    expect(of({})).toBe(0);
    for (const authorization of ['', 'Bearer', 'Bearer igsk_s3_short', key, `Basic ${key}`, `Bearer ${key.replace('s3_', 's2_')}`]) {
      expect(of({ authorization }), authorization).toBe(0);
    }
    expect(of({ authorization: `Bearer ${key}` }, { shards: 3 })).toBe(0);
    expect(of({ authorization: `Bearer ${key}` }, { shards: 4 })).toBe(3);
  });

  test('is never chosen by a query, which is the owner’s alone', () => {
    expect(of({ shard: '2' })).toBe(0);
    expect(of({ shard: '2', path: '/v1/ops/metrics' })).toBe(0);
  });
});

describe('the shard of a signup', () => {
  test('is the same for the same Idempotency-Key, whatever is drawn and whichever key is sent along', () => {
    const authorization = `Bearer ${mintApiKey(undefined, 'live', 3)}`;
    for (const idempotencyKey of ['a', 'b', 'one-signup', '8e03978e-40d5']) {
      const options = { signupShards: [0, 1, 2] };
      const first = of({ ...signup, idempotencyKey }, options);
      expect([0, 1, 2]).toContain(first);
      expect(of({ ...signup, idempotencyKey }, { ...options, draw: 'another' })).toBe(first);
      expect(of({ ...signup, idempotencyKey, authorization }, options)).toBe(first);
      expect(of({ ...signup, idempotencyKey: `"${idempotencyKey}"` }, options)).toBe(first);
    }
  });

  test('is spread evenly over those that take new accounts, and no other', () => {
    const counts = new Map<number, number>();
    for (let count = 0; count < 3_000; count++) {
      const shard = of(signup, { signupShards: [1, 3], draw: `req_01JZ${String(count).padStart(6, '0')}` });
      counts.set(shard, (counts.get(shard) ?? 0) + 1);
    }
    expect(new Set(counts.keys())).toEqual(new Set([1, 3]));
    for (const count of counts.values()) expect(count).toBeGreaterThan(1_300);
  });

  test('is the first where the one that is meant is not configured', () => {
    expect(of(signup, { shards: 2, signupShards: [5] })).toBe(0);
  });
});

describe('the shard that the owner names', () => {
  test('is nothing where a request that changes something leaves it empty', () => {
    for (const method of ['POST', 'PATCH', 'DELETE']) {
      for (const shard of ['', 'null']) expect(operatorShardOf({ ...nothing, method, path: '/v1/ops/credits', shard }, 4)).toBeNull();
    }
  });

  const ops = (shard: string | undefined, shards = 4) => operatorShardOf({ ...nothing, path: '/v1/ops/metrics', shard }, shards);

  test('is the number in the query, and the first where none is named', () => {
    expect([undefined, '', 'null', '0', '1', '3', '3.0'].map((shard) => ops(shard))).toEqual([0, 0, 0, 0, 1, 3, 3]);
    expect([ops('99', 100), ops('10', 100)]).toEqual([99, 10]);
  });

  test('is nothing where there is no such shard: never another one', () => {
    for (const shard of ['4', '99', '100', '-1', '01', '1.5', '1.', '4.0', '1e0', ' 1', ' ', 'NULL', 'one', '٣'])
      expect(ops(shard), shard).toBeNull();
  });
});
