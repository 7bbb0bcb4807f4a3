import type { InStatement } from '@libsql/client/web';
import { z } from 'zod';
import type { LedgerCall } from './commands.ts';
import * as statement from './statements.ts';

/** JSON text of a call's hold or of the reasons there is none; null where neither the key nor the hold exists. */
export type Outcome = string | null;

/** The statements of a batch, and the reader of their result sets. */
export type Batch = {
  readonly statements: readonly InStatement[];
  /** Returns one outcome for each call, in the order of the calls. */
  read(sets: readonly { readonly rows: readonly unknown[] }[]): readonly Outcome[];
};

/**
 * Combines calls into one batch with at most one statement for each procedure. The order matters: refunds run before spends, so that no
 * spend is refused for money that the same batch frees. A failure is counted while its hold is still open, so that repeating the batch
 * doesn't count it twice. Undos run last, because the spend they undo may be in the same batch.
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
  const rowsOf = (group: readonly LedgerCall[], field: Exclude<keyof LedgerCall, 'kind' | 'payer'> = 'row') =>
    group.map((call) => call[field]);
  add(statement.callSettle, rowsOf(settles));
  add(statement.callResetFailures, rowsOf(settles, 'heal'));
  add(statement.callRecordFailures, rowsOf(firstOfEachHold(releases), 'fail'));
  add(statement.callRelease, rowsOf(releases));
  add(statement.callStoreResponses, rowsOf(endings, 'remember'));
  add(statement.callReleaseClaims, rowsOf(endings, 'unclaim'));
  add(statement.callClaim, rowsOf(spends, 'claim'));
  add(statement.callReserve, rowsOf(of('reserve')));
  add(statement.callCharge, rowsOf(of('charge')));
  add(statement.callReleaseClaims, rowsOf(spends, 'unclaim'));
  add(statement.callStoreResponses, rowsOf(spends, 'remember'));
  add(statement.callUndo, rowsOf(undos));
  const ofHolds = [...endings, ...undos];
  add(statement.readHolds, rowsOf(ofHolds, 'look'));
  add(statement.readSpends, rowsOf(spends, 'look'));
  return {
    statements,
    read(sets) {
      const outcomes = new Map<LedgerCall, Outcome>();
      const reads = [ofHolds, spends].filter((group) => group.length > 0);
      for (const [index, group] of reads.entries()) {
        const [row] = OutcomesRow.parse(sets.at(index - reads.length)?.rows);
        for (const [n, outcome] of NumberedOutcomes.parse(JSON.parse(row.found))) {
          const call = group[n];
          if (call !== undefined) outcomes.set(call, outcome);
        }
      }
      return calls.map((call) => outcomes.get(call) ?? null);
    },
  };
}

/** Keeps the first of several releases of one hold: only that one changes anything. */
function firstOfEachHold(calls: readonly LedgerCall[]): readonly LedgerCall[] {
  const seen = new Set<string>();
  return calls.filter(({ look }) => seen.size < seen.add(look).size);
}

const OutcomesRow = z.tuple([z.object({ found: z.string() })]);
const NumberedOutcomes = z.array(z.tuple([z.int(), z.string()]));
