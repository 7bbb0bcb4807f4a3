import type { LedgerWriter } from '../../src/billing/ledger-writer.ts';
import type { WriterObjects } from '../../src/billing/object-writer.ts';

/** The objects that write to the ledger, in this process: one writer for each shard, as the Durable Objects are. */
export function processWriters(writerOf: (shard: number) => LedgerWriter): WriterObjects {
  const writers = new Map<number, LedgerWriter>();
  const of = (shard: number) => {
    const writer = writers.get(shard) ?? writerOf(shard);
    writers.set(shard, writer);
    return writer;
  };
  return {
    getByName: () => ({
      submit: (shard, call) => of(shard).submit(call),
      run: (shard, statements) => of(shard).run(statements),
      abandon: (shard, call) => of(shard).abandon(call),
    }),
  };
}
