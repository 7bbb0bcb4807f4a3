import type { Clock } from '../../core/clock.ts';
import type { LedgerCall } from '../ledger/commands.ts';
import type { LedgerWriter } from '../ledger/writer.ts';

/**
 * An undo that is owed: what to carry out, and since when the database has been answering that it doesn't know the request or can't
 * undo it.
 */
export type Abandoned = { readonly call: LedgerCall; readonly shard: number; readonly unknownSince?: number };

/** Where they are kept until they are done, over a restart of whoever keeps them. */
export type AbandonedStorage = {
  keep(name: string, note: Abandoned): Promise<void>;
  /** Up to `limit` of them in the order of their names, from the one after `after` where it is given. */
  list(limit: number, after?: string): Promise<ReadonlyMap<string, Abandoned>>;
  forget(names: readonly string[]): Promise<void>;
  /** Has `carryOut` called at this time, in milliseconds since the epoch. */
  wakeAt(time: number): Promise<void>;
};

/** What is asked at once: one batch, and no more than storage forgets in one step (128). */
const PAGE = 100;

/** The most pages at one waking: ten thousand requests, more than one writer turns away in a second. The rest has its turn with the next. */
const MOST_PAGES = 100;

/**
 * A request that the database still doesn't know so long after it was first asked never reached it: sqld ends a stuck writer after five
 * seconds. Counted from the first answer and not from the failure, because a database that was stopped for long carries out what waited
 * in its sockets only when it goes on. Milliseconds.
 */
const GIVE_UP_AFTER_MS = 120_000;

/** Between two tries. Milliseconds. */
const PAUSE_MS = 2_000;

/** The memory of requests that have to be undone: kept first, carried out as soon as the database answers, then forgotten. */
export function createAbandoned(storage: AbandonedStorage, clock: Clock) {
  type Writers = (shard: number) => Pick<LedgerWriter, 'submit'>;

  /** Tries one. Returns whether it is over, and whether the database answered. */
  const tryOne = async (name: string, note: Abandoned, writerOf: Writers) => {
    const outcome = await writerOf(note.shard).submit(note.call);
    if (!outcome.ok && outcome.error.kind !== 'refused') return { isOver: false, isAnswered: false };
    if (outcome.ok && outcome.value !== null) return { isOver: true, isAnswered: true };
    if (note.unknownSince === undefined) await storage.keep(name, { ...note, unknownSince: clock() });
    return { isOver: note.unknownSince !== undefined && clock() - note.unknownSince > GIVE_UP_AFTER_MS, isAnswered: true };
  };

  return {
    async add(shard: number, call: LedgerCall): Promise<void> {
      await storage.keep(`abandoned:${call.look}`, { shard, call });
      await storage.wakeAt(clock());
    },
    /** Tries all that is owed. What the database doesn't know yet may still be under way and is tried again. */
    async carryOut(writerOf: Writers): Promise<void> {
      let after: string | undefined;
      for (let page = 1; page <= MOST_PAGES; page++) {
        const owed = await storage.list(PAGE, after);
        if (owed.size === 0) return;
        // First of all, so that nothing that goes wrong from here on leaves them without another try.
        await storage.wakeAt(clock() + PAUSE_MS);
        const tried = await Promise.all([...owed].map(async ([name, note]) => ({ name, ...(await tryOne(name, note, writerOf)) })));
        await storage.forget(tried.filter(({ isOver }) => isOver).map(({ name }) => name));
        if (!tried.some(({ isAnswered }) => isAnswered)) return;
        after = tried.at(-1)?.name;
      }
    },
  };
}
