import type { Clock } from '../clock.ts';
import type { LedgerCall } from './ledger-calls.ts';
import type { LedgerWriter } from './ledger-writer.ts';

/** An undo that is owed: what to carry out, and since when. */
export type Abandoned = { readonly call: LedgerCall; readonly shard: number; readonly since: number };

/** Where they are kept until they are done, over a restart of whoever keeps them. */
export type AbandonedStorage = {
  keep(name: string, note: Abandoned): Promise<void>;
  /** Up to `limit` of them, by name. */
  list(limit: number): Promise<ReadonlyMap<string, Abandoned>>;
  forget(names: readonly string[]): Promise<void>;
  /** Has `carryOut` called at this time, in milliseconds since the epoch. */
  wakeAt(time: number): Promise<void>;
};

/** What is carried out at one waking. Together they are one batch. */
const MOST_AT_ONCE = 100;

/** A request that the database has not heard of by then never reached it: sqld ends a stuck writer after five seconds. Milliseconds. */
const GIVE_UP_AFTER_MS = 120_000;

/** Between two tries while the database can't be asked. Milliseconds. */
const PAUSE_MS = 2_000;

/** The memory of requests that have to be undone: kept first, carried out as soon as the database answers, then forgotten. */
export function createAbandoned(storage: AbandonedStorage, clock: Clock) {
  return {
    async add(shard: number, call: LedgerCall): Promise<void> {
      await storage.keep(`abandoned:${call.look}`, { shard, call, since: clock() });
      await storage.wakeAt(clock());
    },
    /** Tries all that is owed. What has no hold yet may still be under way and is tried again. */
    async carryOut(writerOf: (shard: number) => Pick<LedgerWriter, 'submit'>): Promise<void> {
      const owed = await storage.list(MOST_AT_ONCE);
      const done: string[] = [];
      await Promise.all(
        [...owed].map(async ([name, { call, shard, since }]) => {
          const outcome = await writerOf(shard).submit(call);
          const isOver = outcome.ok ? outcome.value !== null || clock() - since > GIVE_UP_AFTER_MS : outcome.error.kind === 'refused';
          if (isOver) done.push(name);
        }),
      );
      await storage.forget(done);
      if (owed.size === MOST_AT_ONCE || done.length < owed.size) await storage.wakeAt(clock() + PAUSE_MS);
    },
  };
}
