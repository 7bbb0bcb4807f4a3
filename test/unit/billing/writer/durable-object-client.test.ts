import { describe, expect, test } from 'vitest';
import { compensateCall } from '../../../../src/billing/ledger/commands.ts';
import type { WriteFailure } from '../../../../src/billing/ledger/writer.ts';
import { createObjectWriter, type WriterObject } from '../../../../src/billing/writer/durable-object-client.ts';
import { err, ok, type Result } from '../../../../src/core/result.ts';

const CALL = compensateCall('req_a', null, 1);
const BUSY = err({ kind: 'busy', retryAfterSeconds: 2 } as const);
const UNREACHABLE = err({ kind: 'unreachable' } as const);

type Step = Result<string | null, WriteFailure> | Error;

/** A namespace whose objects return these results in turn. */
function objects(...steps: Step[]) {
  const names: string[] = [];
  const next = async (): Promise<Result<string | null, WriteFailure>> => {
    const step = steps.shift();
    if (step === undefined) throw new Error('asked too often');
    if (step instanceof Error) throw step;
    return step;
  };
  const stub: WriterObject = { submit: next, run: async () => err({ kind: 'unreachable' }), compensate: async () => void (await next()) };
  return {
    names,
    left: steps,
    getByName: (name: string, options?: { locationHint?: string }) => {
      names.push(`${name}@${options?.locationHint ?? 'anywhere'}`);
      return stub;
    },
  };
}

describe('the client of a shard’s writer', () => {
  test('calls the object of its shard, with the location hint', async () => {
    const one = objects(ok('x'));
    expect(await createObjectWriter({ objects: one, shard: 3, locationHint: 'weur' }).submit(CALL)).toEqual(ok('x'));
    expect(one.names).toEqual(['shard-3@weur']);
  });

  test('retries with a new stub when the object has stopped, at most twice', async () => {
    const ended = new Error('Durable Object reset because its code was updated.');
    const one = objects(ended, ended, ok('x'));
    expect(await createObjectWriter({ objects: one, shard: 0 }).submit(CALL)).toEqual(ok('x'));
    expect(one.names).toHaveLength(3);
    expect(await createObjectWriter({ objects: objects(ended, ended, ended), shard: 0 }).submit(CALL)).toEqual(UNREACHABLE);
  });

  test('returns busy only for a first try, because the outcome of an earlier try is unknown', async () => {
    expect(await createObjectWriter({ objects: objects(BUSY), shard: 0 }).submit(CALL)).toEqual(BUSY);
    expect(await createObjectWriter({ objects: objects(new Error('ended'), BUSY), shard: 0 }).submit(CALL)).toEqual(UNREACHABLE);
  });

  test('does not retry an overloaded object', async () => {
    const one = objects(Object.assign(new Error('too many requests queued'), { overloaded: true }), ok('x'));
    expect(await createObjectWriter({ objects: one, shard: 0 }).submit(CALL)).toEqual(UNREACHABLE);
    expect(one.left).toHaveLength(1);
  });

  test('never rejects when it requests a compensation', async () => {
    const ended = new Error('ended');
    await expect(createObjectWriter({ objects: objects(ended, ended, ended), shard: 0 }).compensate(CALL)).resolves.toBeUndefined();
  });
});
