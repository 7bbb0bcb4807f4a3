import { LibsqlError } from '@libsql/client/web';
import { describe, expect, test } from 'vitest';
import { callDatabase } from '../../../src/db/call.ts';

const policy = { deadlineMs: 5_000, tries: 3, wait: async () => undefined };

/** How often a call that always fails with this code is sent, and what comes of it. */
async function failing(code: string) {
  let sent = 0;
  const outcome = callDatabase(async () => {
    sent += 1;
    throw new LibsqlError('of this test', code);
  }, policy);
  return { outcome, sent: () => sent };
}

describe('a call of the database', () => {
  test.each(['SQLITE_BUSY', 'SQLITE_IOERR', 'SQLITE_IOERR_WRITE', 'SQLITE_FULL', 'SQLITE_CANTOPEN', 'SQLITE_NOMEM'])(
    'is tried again after %s, and is then unreachable',
    async (code) => {
      const { outcome, sent } = await failing(code);
      expect(await outcome).toEqual({ ok: false, error: { kind: 'unreachable' } });
      expect(sent()).toBe(3);
    },
  );

  test.each(['SQLITE_CONSTRAINT_TRIGGER', 'SQL_PARSE_ERROR'])('throws after %s, which is a bug, and is not sent again', async (code) => {
    const { outcome, sent } = await failing(code);
    await expect(outcome).rejects.toThrow(code);
    expect(sent()).toBe(1);
  });
});
