import type { InStatement } from '@libsql/client/web';
import { z } from 'zod';
import type { LedgerCall } from './commands.ts';
import * as statement from './statements.ts';

/** What came of one call, as JSON text: its hold and what else tells about it; null where there is neither a key nor a hold. */
export type Found = string | null;

/** The statements of a batch, and how to find each call's outcome in what they return. */
export type Batch = {
  readonly statements: readonly InStatement[];
  /** One outcome for each call, in the order of the calls. */
  read(sets: readonly { readonly rows: readonly unknown[] }[]): readonly Found[];
};

/**
 * Makes one batch of many calls: at most one statement for each thing that any of them does. What gives money back goes before what
 * takes it, so that nobody is refused for money that came free in the same batch; claims go around the spends they belong to. A failure
 * is counted before its hold is released, which happens once, so that a batch that is sent again doesn't count it again. Undoing comes
 * last: it may meet in its own batch the very spend that it undoes.
 */
export function batchOf(calls: readonly LedgerCall[]): Batch {
  const of = (...kinds: readonly LedgerCall['kind'][]) => calls.filter(({ kind }) => kinds.includes(kind));
  const [settles, releases, undos, spends] = [of('settle'), of('release'), of('undo'), of('reserve', 'charge')];
  const endings = [...settles, ...releases];
  const statements: InStatement[] = [];
  const add = (make: (rows: string) => InStatement, rows: readonly (string | undefined)[]) => {
    const given = rows.filter((row) => row !== undefined);
    if (given.length > 0) statements.push(make(`[${given.join(',')}]`));
  };
  const rowsOf = (some: readonly LedgerCall[], field: Exclude<keyof LedgerCall, 'kind'> = 'row') => some.map((call) => call[field]);
  add(statement.callSettle, rowsOf(settles));
  add(statement.callHeal, rowsOf(settles, 'heal'));
  add(statement.callFail, rowsOf(firstOfEach(releases), 'fail'));
  add(statement.callRelease, rowsOf(releases));
  add(statement.callRemember, rowsOf(endings, 'remember'));
  add(statement.callUnclaim, rowsOf(endings, 'unclaim'));
  add(statement.callClaim, rowsOf(spends, 'claim'));
  add(statement.callReserve, rowsOf(of('reserve')));
  add(statement.callCharge, rowsOf(of('charge')));
  add(statement.callUnclaim, rowsOf(spends, 'unclaim'));
  add(statement.callRemember, rowsOf(spends, 'remember'));
  add(statement.callUndo, rowsOf(undos));
  const held = [...endings, ...undos];
  add(statement.readHolds, rowsOf(held, 'look'));
  add(statement.readSpends, rowsOf(spends, 'look'));
  return {
    statements,
    read(sets) {
      const found = new Map<LedgerCall, Found>();
      const reads = [held, spends].filter((some) => some.length > 0);
      for (const [index, some] of reads.entries()) {
        const [row] = FoundRow.parse(sets.at(index - reads.length)?.rows);
        for (const [n, text] of FoundOfCalls.parse(JSON.parse(row.found))) {
          const call = some[n];
          if (call !== undefined) found.set(call, text);
        }
      }
      return calls.map((call) => found.get(call) ?? null);
    },
  };
}

/** Of several calls about one hold the first, which is the one that does something. */
function firstOfEach(calls: readonly LedgerCall[]): readonly LedgerCall[] {
  const seen = new Set<string>();
  return calls.filter(({ look }) => seen.size < seen.add(look).size);
}

const FoundRow = z.tuple([z.object({ found: z.string() })]);
const FoundOfCalls = z.array(z.tuple([z.int(), z.string()]));
