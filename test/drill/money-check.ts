import { z } from 'zod';
import type { Client } from '@libsql/client';
import { jsonOf, type Seen } from './answer-check.ts';

const Paid = z.object({ usage: z.object({ receiptId: z.string().nullable(), settledMicroCredits: z.number() }) });

/** The charges stated in responses, by receipt. */
export type Charges = {
  note(seen: Seen): void;
  /** Micro-credits by receipt id. */
  readonly told: ReadonlyMap<string, number>;
};

export function createCharges(): Charges {
  const told = new Map<string, number>();
  return {
    told,
    note(seen) {
      if (seen.status !== 200 || !seen.text.includes('"receiptId"')) return;
      const paid = Paid.safeParse(jsonOf(seen.text));
      if (!paid.success || paid.data.usage.receiptId === null) return;
      told.set(paid.data.usage.receiptId, paid.data.usage.settledMicroCredits);
    },
  };
}

/** A settled hold of the ledger. */
export type Settled = { readonly id: string; readonly settledMicros: number };

/** Differences between ledger and responses: charged without a response, another amount, or stated but not charged. */
export function chargeProblems(told: ReadonlyMap<string, number>, settled: readonly Settled[]): string[] {
  const problems: string[] = [];
  const booked = new Map(settled.map(({ id, settledMicros }) => [id, settledMicros]));
  for (const [id, amount] of booked) {
    const said = told.get(id);
    if (said === undefined && amount > 0) problems.push(`${id} was charged ${amount} and no answer said so`);
    else if (said !== undefined && said !== amount) problems.push(`${id} was charged ${amount} and its answer said ${said}`);
  }
  for (const [id, amount] of told)
    if (amount > 0 && !booked.has(id)) problems.push(`${id} was told a charge of ${amount} that was not booked`);
  return problems;
}

const Row = z.object({ id: z.string(), settledMicros: z.number() });

/** Reads every settled hold, and the number of open ones. */
export async function readHolds(database: Client): Promise<{ readonly settled: readonly Settled[]; readonly open: number }> {
  const settled = await database.execute("SELECT id, settled_micros AS settledMicros FROM hold WHERE state = 'settled'");
  const open = await database.execute("SELECT count(*) AS open FROM hold WHERE state = 'open'");
  return { settled: settled.rows.map((row) => Row.parse(row)), open: Number(open.rows[0]?.['open'] ?? 0) };
}
