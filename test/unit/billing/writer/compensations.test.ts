import { beforeEach, describe, expect, test } from 'vitest';
import { createCompensations } from '../../../../src/billing/writer/compensations.ts';
import { type LedgerCall, compensateCall } from '../../../../src/billing/ledger/commands.ts';
import type { WriteFailure } from '../../../../src/billing/ledger/writer.ts';
import { err, ok, type Result } from '../../../../src/core/result.ts';
import { CompensationMemory } from '../../../support/compensation-memory.ts';
import { manualClock } from '../../../support/database.ts';

const GIVE_UP_MS = 120_000;

type Outcome = Result<string | null, WriteFailure>;
const DONE = ok('{"state":"released"}');
const UNKNOWN = ok(null);
const UNREACHABLE = err({ kind: 'unreachable' } as const);

let clock = manualClock();
let storage = new CompensationMemory();
let asked: string[] = [];
beforeEach(() => {
  clock = manualClock();
  storage = new CompensationMemory();
  asked = [];
});

const undo = (id: string) => compensateCall(`req_${id}`, null, clock());

/** Carries out the pending compensations of the same storage in a new instance, as after a restart. */
async function wake(outcomeOf: (call: LedgerCall, shard: number) => Outcome): Promise<void> {
  storage.alarm = null;
  await createCompensations(storage, clock).carryOut((shard) => ({
    submit: async (call) => {
      asked.push(`${shard}:${call.look}`);
      return outcomeOf(call, shard);
    },
  }));
}

describe('a pending compensation', () => {
  test('runs at once on its own shard and is deleted when it is done', async () => {
    await createCompensations(storage, clock).add(1, undo('a'));
    expect(storage.alarm).toBe(clock());
    await wake(() => DONE);
    expect(asked).toEqual(['1:"req_a"']);
    expect(storage.size).toBe(0);
  });

  test('survives restarts and is retried for as long as the database is unreachable', async () => {
    await createCompensations(storage, clock).add(0, undo('a'));
    for (let hour = 0; hour < 5; hour++) {
      await wake(() => (hour % 2 === 0 ? UNREACHABLE : err({ kind: 'busy', retryAfterSeconds: 2 })));
      expect(storage.alarm).toBe(clock() + 2_000);
      clock.advance(3_600_000);
    }
    expect(storage.size).toBe(1);
    await wake(() => DONE);
    expect(storage.size).toBe(0);
  });

  test('is kept while the database does not know the request, and carried out when the request arrives late', async () => {
    await createCompensations(storage, clock).add(0, undo('late'));
    await wake(() => UNKNOWN);
    clock.advance(GIVE_UP_MS);
    await wake(() => UNKNOWN);
    expect(storage.size).toBe(1);
    await wake(() => DONE);
    expect(storage.size).toBe(0);
  });

  test('is dropped once the database has not known the request for two minutes, not counting an outage before', async () => {
    await createCompensations(storage, clock).add(0, undo('never'));
    clock.advance(10 * GIVE_UP_MS);
    await wake(() => UNKNOWN);
    clock.advance(GIVE_UP_MS);
    await wake(() => UNKNOWN);
    expect(storage.size).toBe(1);
    clock.advance(1);
    await wake(() => UNKNOWN);
    expect(storage.size).toBe(0);
  });

  test('is kept for a while when the database refuses it, because the next version may accept it', async () => {
    await createCompensations(storage, clock).add(0, undo('refused'));
    await wake(() => err({ kind: 'refused', code: 'SQLITE_ERROR', message: 'no such table: undo' }));
    expect(storage.size).toBe(1);
    await wake(() => DONE);
    expect(storage.size).toBe(0);
  });

  test('runs with all others in one pass, also behind more than one page of unknown requests', async () => {
    const memory = createCompensations(storage, clock);
    const ids = Array.from({ length: 250 }, (_, index) => String(index).padStart(4, '0'));
    for (const id of ids) await memory.add(0, undo(id));
    await wake((call) => (call.look < '"req_0200"' ? UNKNOWN : DONE));
    expect(asked.toSorted()).toEqual(ids.map((id) => `0:"req_${id}"`));
    expect(storage.size).toBe(200);
  });

  test('waits for the next pass when the database does not answer the first page', async () => {
    const memory = createCompensations(storage, clock);
    for (let index = 0; index < 250; index++) await memory.add(0, undo(String(index)));
    await wake(() => UNREACHABLE);
    expect(asked).toHaveLength(100);
    expect(storage.alarm).toBe(clock() + 2_000);
  });

  test('has its next try scheduled before this one can fail', async () => {
    await createCompensations(storage, clock).add(0, undo('a'));
    const broken = wake(() => {
      throw new Error('the settings are not complete');
    });
    await expect(broken).rejects.toThrow('settings');
    expect([storage.size, storage.alarm]).toEqual([1, clock() + 2_000]);
  });

  test('that throws costs no other its try', async () => {
    const memory = createCompensations(storage, clock);
    for (const id of ['a', 'b', 'c']) await memory.add(0, undo(id));
    await wake((call) => {
      if (call.look.includes('req_a')) throw new Error('a note that nothing here can read');
      return DONE;
    });
    expect(asked).toHaveLength(3);
    expect([storage.size, storage.alarm]).toEqual([1, clock() + 2_000]);
  });

  test('is stored once for each request, and no alarm is set when none is pending', async () => {
    await createCompensations(storage, clock).add(0, undo('a'));
    await createCompensations(storage, clock).add(0, undo('a'));
    expect(storage.size).toBe(1);
    await wake(() => DONE);
    await wake(() => DONE);
    expect([asked.length, storage.alarm]).toEqual([1, null]);
  });
});
