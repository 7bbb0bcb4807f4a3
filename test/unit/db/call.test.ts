import { LibsqlError } from '@libsql/client/web';
import { describe, expect, test } from 'vitest';
import { callDatabase } from '../../../src/db/call.ts';

const policy = { deadlineMs: 5_000, tries: 3, wait: async () => undefined };

/** Sends a call that always fails with this code. */
async function failing(code: string) {
  let sent = 0;
  const outcome = callDatabase(async () => {
    sent += 1;
    throw new LibsqlError('of this test', code);
  }, policy);
  return { outcome, sent: () => sent };
}

describe('a database call', () => {
  test.each(['SQLITE_BUSY', 'SQLITE_IOERR', 'SQLITE_IOERR_WRITE', 'SQLITE_FULL', 'SQLITE_CANTOPEN', 'SQLITE_NOMEM'])(
    'is retried after %s and then unreachable',
    async (code) => {
      const { outcome, sent } = await failing(code);
      expect(await outcome).toEqual({ ok: false, error: { kind: 'unreachable' } });
      expect(sent()).toBe(3);
    },
  );

  test.each(['SQLITE_CONSTRAINT_TRIGGER', 'SQL_PARSE_ERROR'])('throws after %s, which is a bug, without a retry', async (code) => {
    const { outcome, sent } = await failing(code);
    await expect(outcome).rejects.toThrow(code);
    expect(sent()).toBe(1);
  });
});
