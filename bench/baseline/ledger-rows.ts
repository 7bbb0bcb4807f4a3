// The rows that the baseline's statements answer with: see libsql-ledger.ts beside this file.
import { z } from 'zod';
import { microCredits } from '../../src/core/money.ts';
import { idColumn } from '../../src/db/columns.ts';
import { endOf } from '../../src/billing/keys/limits.ts';
import { lineageColumn } from '../../src/billing/keys/rows.ts';
import type { Balance, ResolvedLine } from '../../src/billing/ledger/ledger.ts';

const micros = z.int().transform(microCredits);

const balanceColumns = { posted_micros: micros, held_micros: micros, debt_micros: micros };

/** The sums of an account as reads return them. */
const BalanceRow = z.object(balanceColumns);

const holdState = z.enum(['open', 'settled', 'released', 'expired']);

/** What a spend finds after its batch: the key and its account, and the hold of the spend's own id where there is one. */
export const SpendRow = z.object({
  key_id: idColumn('key'),
  retires_at: z.int().nullable(),
  lineage: lineageColumn,
  account_id: idColumn('acct'),
  status: z.enum(['active', 'frozen', 'closed']),
  ...balanceColumns,
  hold: z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(
      z.object({
        account_id: idColumn('acct'),
        key_id: idColumn('key'),
        fingerprint: z.string(),
        amount: micros,
        settled: micros.nullable(),
        state: holdState,
      }),
    )
    .nullable(),
  holds_waiting_to_expire: z.union([z.literal(0), z.literal(1)]).transform((flag) => flag === 1),
});
export type SpendRow = z.infer<typeof SpendRow>;

/** Whether this secret of a key, or the key's lineage, has ended; null while all live. */
export function keyEnd(row: Pick<SpendRow, 'lineage' | 'retires_at'>, now: number): ReturnType<typeof endOf> {
  const end = endOf(row.lineage, now);
  if (end !== null) return end;
  return row.retires_at !== null && row.retires_at <= now ? { kind: 'key_expired' } : null;
}

/** A hold with its account's sums, as settling and releasing find it after their batch. */
export const HoldRow = z.object({ amount_micros: micros, settled_micros: micros.nullable(), state: holdState, ...balanceColumns });

/** A line of a hold. */
export const LineRow = z.object({
  item: z.string(),
  reserved_micros: micros,
  settled_micros: micros.nullable(),
  reason: z.string().nullable(),
});

/** What posted and held leave to spend; below zero only with a debt. */
export function balanceOf(row: z.infer<typeof BalanceRow>): Balance {
  return { available: microCredits(row.posted_micros - row.held_micros), held: row.held_micros, debt: row.debt_micros };
}

/** A resolved line with what came back. Throws on one that isn't resolved: its hold is, so that would be a bug. */
export function resolvedLine(row: z.infer<typeof LineRow>): ResolvedLine {
  if (row.settled_micros === null) throw new Error('a resolved hold has an unresolved line');
  return {
    item: row.item,
    reserved: row.reserved_micros,
    settled: row.settled_micros,
    refunded: microCredits(row.reserved_micros - row.settled_micros),
    reason: row.reason,
  };
}
