import { createCompensations } from '../../src/billing/writer/compensations.ts';
import type { LedgerWriter } from '../../src/billing/ledger/writer.ts';
import type { WriterObjects } from '../../src/billing/writer/durable-object-client.ts';
import type { Clock } from '../../src/core/clock.ts';
import { CompensationMemory } from './compensation-memory.ts';

/** The objects that write to the ledger, in this process: one writer for each shard, as the Durable Objects are. */
export type ProcessWriters = WriterObjects & {
  /** Tries what has to be undone, as the objects' alarms do, and returns how much of it is left. */
  carryOutCompensations(): Promise<number>;
};

/** Makes them; what has to be undone is kept until it is carried out. */
export function processWriters(writerOf: (shard: number) => LedgerWriter, clock: Clock): ProcessWriters {
  const writers = new Map<number, LedgerWriter>();
  const of = (shard: number) => {
    const writer = writers.get(shard) ?? writerOf(shard);
    writers.set(shard, writer);
    return writer;
  };
  const storage = new CompensationMemory();
  const abandoned = createCompensations(storage, clock);
  return {
    getByName: () => ({
      submit: (shard, call) => of(shard).submit(call),
      run: (shard, ...order) => of(shard).run(...order),
      compensate: (shard, call) => abandoned.add(shard, call),
    }),
    async carryOutCompensations() {
      await abandoned.carryOut(of);
      return storage.size;
    },
  };
}
