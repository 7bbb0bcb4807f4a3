import type { Clock } from '../../core/clock.ts';
import type { LedgerCall } from '../ledger/commands.ts';
import type { LedgerWriter } from '../ledger/writer.ts';

/**
 * A pending compensation: the `undo` to carry out, and since when (unix milliseconds) the database has answered that it doesn't know the
 * request or can't undo it. Stored as it is, so its field names can't change.
 */
export type PendingCompensation = { readonly call: LedgerCall; readonly shard: number; readonly unknownSince?: number };

/** Keeps pending compensations across restarts. */
export type CompensationStorage = {
  keep(name: string, note: PendingCompensation): Promise<void>;
  /** Returns up to `limit` in the order of their names, starting behind `after`. */
  list(limit: number, after?: string): Promise<ReadonlyMap<string, PendingCompensation>>;
  forget(names: readonly string[]): Promise<void>;
  /** Schedules a call of `carryOut`, in unix milliseconds. */
  wakeAt(time: number): Promise<void>;
};

/** Fits one batch of the writer, and one delete of Durable Object storage (128 keys). */
const PAGE_SIZE = 100;

/** Ten thousand requests in one run, more than a writer turns away in a second; the next run takes the rest. */
const MAX_PAGES = 100;

/**
 * A request that the database still doesn't know after this time never reached it: sqld ends a stuck writer after five seconds. Counted
 * from the first answer, not from the failure, because a database that was stopped processes its sockets' backlog when it resumes.
 */
const GIVE_UP_AFTER_MS = 120_000;

const RETRY_PAUSE_MS = 2_000;

/** Creates the queue of pending compensations. Each is stored first, carried out once the database answers, then deleted. */
export function createCompensations(storage: CompensationStorage, clock: Clock) {
  type Writers = (shard: number) => Pick<LedgerWriter, 'submit'>;

  /** Returns whether this compensation is finished, and whether the database answered. */
  const attempt = async (name: string, note: PendingCompensation, writerOf: Writers) => {
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
    /** Tries every pending compensation. A request that the database doesn't know may still be on its way, and is tried again. */
    async carryOut(writerOf: Writers): Promise<void> {
      let after: string | undefined;
      for (let page = 1; page <= MAX_PAGES; page++) {
        const pending = await storage.list(PAGE_SIZE, after);
        if (pending.size === 0) return;
        // Scheduled first, so that a failure below can't leave them without another try.
        await storage.wakeAt(clock() + RETRY_PAUSE_MS);
        const names = [...pending.keys()];
        const tried = await Promise.allSettled([...pending].map(([name, note]) => attempt(name, note, writerOf)));
        // One that throws is kept, and costs no other its try.
        const known = tried.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : { isOver: false, isAnswered: false }));
        await storage.forget(names.filter((_name, index) => known[index]?.isOver === true));
        if (!known.some(({ isAnswered }) => isAnswered)) return throwFirst(tried);
        after = names.at(-1);
      }
    },
  };
}

/** A bug that stops all of them has to show in the log. */
function throwFirst(tried: readonly PromiseSettledResult<unknown>[]): void {
  for (const outcome of tried) if (outcome.status === 'rejected') throw outcome.reason;
}
