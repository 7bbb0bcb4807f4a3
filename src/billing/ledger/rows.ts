import { z } from 'zod';
import { microCredits } from '../../core/money.ts';
import { idColumn, microsColumn } from '../../db/columns.ts';
import { endOf } from '../keys/limits.ts';
import { lineageColumn } from '../keys/rows.ts';
import type { Balance } from './ledger.ts';

const balanceColumns = { posted_micros: microsColumn, held_micros: microsColumn, debt_micros: microsColumn };

/** The balance columns of an account. */
export const BalanceRow = z.object(balanceColumns);

/** The account, lineage and end of a key: what every read asks first. */
export const PayerRow = z.object({
  retires_at: z.int().nullable(),
  lineage: lineageColumn,
  account_id: idColumn('acct'),
  ...balanceColumns,
});

/** Why the secret or its lineage no longer works at `now` (unix milliseconds); null while it does. */
export function keyEnd(row: Pick<z.infer<typeof PayerRow>, 'lineage' | 'retires_at'>, now: number): ReturnType<typeof endOf> {
  const end = endOf(row.lineage, now);
  if (end !== null) return end;
  return row.retires_at !== null && row.retires_at <= now ? { kind: 'key_expired' } : null;
}

export const LineRow = z.object({
  item: z.string(),
  reserved_micros: microsColumn,
  settled_micros: microsColumn.nullable(),
  reason: z.string().nullable(),
});

/** Computes the balance; `available` is below zero only with a debt. */
export function balanceOf(row: z.infer<typeof BalanceRow>): Balance {
  return { available: microCredits(row.posted_micros - row.held_micros), held: row.held_micros, debt: row.debt_micros };
}
