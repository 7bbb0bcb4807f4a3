import { z } from 'zod';
import type { Database } from '../../db/client.ts';

/** For each invariant of the ledger, the number of rows that violate it; all are zero in a correct ledger. */
export type Audit = Readonly<Record<string, number>>;

const READ_AUDIT = 'SELECT law, broken FROM audit UNION ALL SELECT law, broken FROM key_audit';

const AuditRows = z.array(z.object({ law: z.string(), broken: z.int().nonnegative() }));

/** Counts the violations of every invariant. Scans every table. Throws when the database can't be read. */
export async function auditLedger(client: Database): Promise<Audit> {
  const answer = await client.execute(READ_AUDIT);
  return Object.fromEntries(AuditRows.parse(answer.rows).map((row) => [row.law, row.broken]));
}

/** Names the violated invariants. */
export function brokenInvariants(audit: Audit): readonly string[] {
  return Object.keys(audit).filter((law) => audit[law] !== 0);
}
