import { describe, expect, test } from 'vitest';
import { undoCall } from '../../../../src/billing/ledger/commands.ts';
import type { WriteFailure } from '../../../../src/billing/ledger/writer.ts';
import { createObjectWriter, type WriterObject } from '../../../../src/billing/writer/durable-object-client.ts';
import { createQueuedDatabase } from '../../../../src/billing/writer/queued-database.ts';
import { callDatabase } from '../../../../src/db/call.ts';
import { err, ok, type Result } from '../../../../src/core/result.ts';
import { memoryDatabase } from '../../../support/database.ts';

const CALL = undoCall('req_a', null, 1);
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
  const stub: WriterObject = { submit: next, run: async () => err({ kind: 'unreachable' }), abandon: async () => void (await next()) };
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
    await expect(createObjectWriter({ objects: objects(ended, ended, ended), shard: 0 }).abandon(CALL)).resolves.toBeUndefined();
  });
});

describe('a database whose writes are queued', () => {
  const failing = async (failure: WriteFailure) => {
    const client = await memoryDatabase();
    let tries = 0;
    const queued = createQueuedDatabase(() => client, {
      run: async () => {
        tries += 1;
        return err(failure);
      },
    });
    const policy = { deadlineMs: 1_000, tries: 3, wait: async () => undefined };
    const outcome = await callDatabase(() => queued.batch(['SELECT 1'], 'write'), policy).catch((bug: unknown) => bug);
    client.close();
    return { outcome, tries };
  };

  test.each([{ kind: 'unreachable' }, { kind: 'busy', retryAfterSeconds: 2 }] as const)(
    'is unreachable after the usual tries while its writer is $kind',
    async (failure) => {
      expect(await failing(failure)).toEqual({ outcome: UNREACHABLE, tries: 3 });
    },
  );

  test.each(['SQLITE_CONSTRAINT', 'UNKNOWN'])('throws a bug at once and does not retry it: %s', async (code) => {
    const { outcome, tries } = await failing({ kind: 'refused', code, message: 'ledger:some_invariant' });
    expect(tries).toBe(1);
    expect(String(outcome)).toMatch(/ledger:some_invariant/);
  });
});
