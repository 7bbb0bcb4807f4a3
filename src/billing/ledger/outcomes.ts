import { z } from 'zod';
import { microCredits } from '../../core/money.ts';
import { idColumn, microsColumn } from '../../db/columns.ts';
import type { KeyLimits } from '../keys/limits.ts';
import { Lineage } from '../keys/rows.ts';
import type { Found } from './batch.ts';
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

/** The hold of a spend, after its batch. */
const HeldSpend = z.object({
  accountId: idColumn('acct'),
  ...BalanceRow.shape,
  hold: z.object({ accountId: idColumn('acct'), keyId: idColumn('key'), fingerprint: z.string(), ...hold }),
});
export type HeldSpend = z.infer<typeof HeldSpend>;

/** A spend without a hold, and all that can be the reason. */
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

/** A hold with its account's sums, as settling, releasing and undoing find it. */
const FoundHold = BalanceRow.extend(hold);
export type FoundHold = z.infer<typeof FoundHold>;

/** What came of a spend; null when the key is unknown. */
export function foundSpend(found: Found): HeldSpend | UnheldSpend | null {
  return found === null ? null : z.union([HeldSpend, UnheldSpend]).parse(JSON.parse(found));
}

/** What became of a hold; null when there is none of that id. */
export function foundHold(found: Found): FoundHold | null {
  return found === null ? null : FoundHold.parse(JSON.parse(found));
}

/** The lines of a resolved hold with what came back. Throws on one that isn't resolved: its hold is, so that would be a bug. */
export function resolvedLines(lines: FoundHold['lines']): readonly ResolvedLine[] {
  return lines.map(({ item, reserved, settled, reason }) => {
    if (settled === null) throw new Error('a resolved hold has an unresolved line');
    return { item, reserved, settled, refunded: microCredits(reserved - settled), reason };
  });
}
