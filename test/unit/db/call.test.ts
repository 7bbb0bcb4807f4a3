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
  test.each(['SQLITE_IOERR', 'SQLITE_IOERR_WRITE', 'SQLITE_FULL', 'SQLITE_CANTOPEN', 'SQLITE_NOMEM'])(
    'is retried after %s and then unreachable',
    async (code) => {
      const { outcome, sent } = await failing(code);
      expect(await outcome).toEqual({ ok: false, error: { kind: 'unreachable' } });
      expect(sent()).toBe(3);
    },
  );

  /** Sends a call that fails with these codes in turn, and then succeeds. */
  async function failingWith(codes: readonly string[]) {
    const attempts: number[] = [];
    const pauses: number[] = [];
    const wait = async (ms: number) => void pauses.push(ms);
    const outcome = await callDatabase(
      async (attempt) => {
        attempts.push(attempt);
        const code = codes[attempts.length - 1];
        if (code !== undefined) throw new LibsqlError('of this test', code);
        return 'written';
      },
      { ...policy, wait },
    );
    return { outcome, attempts, pauses };
  }

  test.each(['SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT'])('outlasts %s of a whole checkpoint, after short pauses', async (code) => {
    const { outcome, attempts, pauses } = await failingWith(Array.from({ length: 20 }, () => code));
    expect(outcome).toEqual({ ok: true, value: 'written' });
    expect(attempts).toEqual(Array.from({ length: 21 }, (_none, index) => index + 1));
    expect(pauses.slice(0, 6)).toEqual([5, 10, 20, 40, 80, 80]);
    expect(Math.max(...pauses)).toBe(80);
  });

  test('leaves all attempts to other failures, and the other way round', async () => {
    const busy = Array.from({ length: 10 }, () => 'SQLITE_BUSY');
    expect((await failingWith([...busy, 'SQLITE_IOERR', ...busy, 'SQLITE_IOERR', ...busy])).outcome).toEqual({
      ok: true,
      value: 'written',
    });
    const broken = await failingWith([...busy, 'SQLITE_IOERR', 'SQLITE_IOERR', 'SQLITE_IOERR']);
    expect([broken.outcome.ok, broken.attempts.length]).toEqual([false, 13]);
  });

  test('ends although the database stays busy', async () => {
    const { outcome, attempts } = await failingWith(Array.from({ length: 1_000 }, () => 'SQLITE_BUSY'));
    expect([outcome.ok, attempts.length]).toEqual([false, 61]);
  });

  test.each(['SQLITE_CONSTRAINT_TRIGGER', 'SQL_PARSE_ERROR'])('throws after %s, which is a bug, without a retry', async (code) => {
    const { outcome, sent } = await failing(code);
    await expect(outcome).rejects.toThrow(code);
    expect(sent()).toBe(1);
  });
});
