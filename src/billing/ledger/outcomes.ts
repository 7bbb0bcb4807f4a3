import { z } from 'zod';
import { microCredits } from '../../core/money.ts';
import { idColumn, microsColumn } from '../../db/columns.ts';
import type { KeyLimits } from '../keys/limits.ts';
import { Lineage } from '../keys/rows.ts';
import type { Outcome } from './batch.ts';
import type { ResolvedLine } from './ledger.ts';
import { BalanceRow } from './rows.ts';
import { FailingRow, ReplayRow } from '../idempotency/rows.ts';

const Lines = z.array(
  z.object({ item: z.string(), reserved: microsColumn, settled: microsColumn.nullable(), reason: z.string().nullable() }),
);

const hold = {
  amount: microsColumn,
  settled: microsColumn.nullable(),
  state: z.enum(['open', 'settled', 'released', 'expired']),
  lines: Lines,
};

/** A spend that has a hold, as read after its batch. */
const HeldSpend = z.object({
  accountId: idColumn('acct'),
  ...BalanceRow.shape,
  hold: z.object({ accountId: idColumn('acct'), keyId: idColumn('key'), fingerprint: z.string(), ...hold }),
});
export type HeldSpend = z.infer<typeof HeldSpend>;

/** A spend without a hold, with everything that can be the reason. */
const UnheldSpend = z.object({
  accountId: idColumn('acct'),
  ...BalanceRow.shape,
  status: z.enum(['active', 'frozen', 'closed']),
  retires_at: z.int().nullable(),
  lineage: Lineage,
  replay: ReplayRow.nullable(),
  failing: FailingRow.nullable(),
  holdsWaitingToExpire: z.union([z.literal(0), z.literal(1)]).transform((flag) => flag === 1),
});
export type UnheldSpend = z.infer<typeof UnheldSpend> & { readonly lineage: readonly [KeyLimits, ...KeyLimits[]] };

/** A hold with its account's sums, as read after a settle, release or undo. */
const HoldOutcome = BalanceRow.extend(hold);
export type HoldOutcome = z.infer<typeof HoldOutcome>;

/** Parses the outcome of a spend; null when the key is unknown. */
export function spendOutcome(outcome: Outcome): HeldSpend | UnheldSpend | null {
  return outcome === null ? null : z.union([HeldSpend, UnheldSpend]).parse(JSON.parse(outcome));
}

/** Parses the outcome of a call about a hold; null when no hold has the id. */
export function holdOutcome(outcome: Outcome): HoldOutcome | null {
  return outcome === null ? null : HoldOutcome.parse(JSON.parse(outcome));
}

/** Computes the refund of each line of a resolved hold. Throws on an unresolved line, which would be a bug. */
export function resolvedLines(lines: HoldOutcome['lines']): readonly ResolvedLine[] {
  return lines.map(({ item, reserved, settled, reason }) => {
    if (settled === null) throw new Error('a resolved hold has an unresolved line');
    return { item, reserved, settled, refunded: microCredits(reserved - settled), reason };
  });
}
