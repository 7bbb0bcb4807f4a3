import { z } from 'zod';
import type { Database } from '../../db/client.ts';

/** The laws of the ledger, each with the number of rows that break it. All zero, or money is wrong. */
export type Audit = Readonly<Record<string, number>>;

const READ_AUDIT = 'SELECT law, broken FROM audit UNION ALL SELECT law, broken FROM key_audit';

const AuditRows = z.array(z.object({ law: z.string(), broken: z.int().nonnegative() }));

/** Counts the rows that break each law of the ledger; all zero, or money is wrong. Scans every table. Throws when the database can't be read. */
export async function auditLedger(client: Database): Promise<Audit> {
  const answer = await client.execute(READ_AUDIT);
  return Object.fromEntries(AuditRows.parse(answer.rows).map((row) => [row.law, row.broken]));
}

/** The laws that are broken, by name. */
export function brokenLaws(audit: Audit): readonly string[] {
  return Object.keys(audit).filter((law) => audit[law] !== 0);
}
