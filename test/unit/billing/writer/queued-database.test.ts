import { describe, expect, test } from 'vitest';
import type { WriteFailure } from '../../../../src/billing/ledger/writer.ts';
import { createQueuedDatabase } from '../../../../src/billing/writer/queued-database.ts';
import { err } from '../../../../src/core/result.ts';
import { callDatabase } from '../../../../src/db/call.ts';
import { memoryDatabase } from '../../../support/database.ts';

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
      expect(await failing(failure)).toEqual({ outcome: err({ kind: 'unreachable' }), tries: 3 });
    },
  );

  test.each(['SQLITE_CONSTRAINT', 'UNKNOWN'])('throws a bug at once and does not retry it: %s', async (code) => {
    const { outcome, tries } = await failing({ kind: 'refused', code, message: 'ledger:some_invariant' });
    expect(tries).toBe(1);
    expect(String(outcome)).toMatch(/ledger:some_invariant/);
  });
});
