import type { InStatement } from '@libsql/client/web';
import { z } from 'zod';
import type { Database } from '../../db/client.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { CALL_POLICY, callDatabase, type Unreachable } from '../../db/call.ts';
import type { Audit } from './full-audit.ts';
import { RANGE_INVARIANTS, RECEIPT_INVARIANT } from './invariants.ts';

/** Keeps a step far below a second; a single account with more entries is still checked in one step. */
const MAX_ACCOUNTS_PER_STEP = 500;
const MAX_ENTRIES_PER_STEP = 5_000;
const MAX_RECEIPTS_PER_STEP = 5_000;

/** Sorts after every id: the last range ends here, so that rows of accounts that don't exist are checked too. */
const AFTER_ALL_IDS = '\u{10FFFF}';

/**
 * Progress of a pass over all accounts and, in parallel, all receipts, in the order of their ids. `after` and `afterReceipt` are the last
 * ones checked, null before the first. `startedAt` is unix milliseconds.
 */
export type AuditPass = {
  readonly startedAt: number;
  readonly after: string | null;
  readonly afterReceipt: string | null;
  readonly accounts: number;
  /** Violations found so far, by invariant. */
  readonly broken: Audit;
};

/** Begins a pass at `now` (unix milliseconds). */
export function beginPass(now: number): AuditPass {
  const broken = Object.fromEntries([...Object.keys(RANGE_INVARIANTS), RECEIPT_INVARIANT.name].map((name) => [name, 0]));
  return { startedAt: now, after: null, afterReceipt: null, accounts: 0, broken };
}

const Step = z.array(z.object({ id: z.string(), entries: z.int() }));
const Broken = z.tuple([z.object({ law: z.string(), broken: z.int().nonnegative() })]);
const Receipts = z.tuple([z.object({ broken: z.int().nonnegative().nullable(), looked: z.int(), last: z.string().nullable() })]);

/**
 * Checks the invariants for the next range of accounts. Reads only the rows of these accounts, so that the cost doesn't grow with the
 * ledger. Lines without a hold and secrets without a key belong to no account; only the full audit finds those.
 */
export async function auditStep(
  client: Database,
  pass: AuditPass,
): Promise<Result<{ readonly pass: AuditPass; readonly isComplete: boolean }, Unreachable>> {
  const after = pass.after ?? '';
  const found = await callDatabase(() => client.execute(nextAccounts(after)), CALL_POLICY);
  if (!found.ok) return found;
  const candidates = Step.parse(found.value.rows);
  const within = candidates.filter((account, index) => index === 0 || account.entries <= MAX_ENTRIES_PER_STEP);
  const areAllAccounts = within.length === candidates.length && candidates.length < MAX_ACCOUNTS_PER_STEP;
  const last = areAllAccounts ? AFTER_ALL_IDS : (within.at(-1)?.id ?? after);
  const range = [after, last];
  const statements = Object.entries(RANGE_INVARIANTS).map(([law, sql]): InStatement => ({
    sql: `SELECT '${law}' AS law, ${sql}`,
    args: range,
  }));
  statements.push({ sql: `SELECT ${RECEIPT_INVARIANT.sql}`, args: [pass.afterReceipt ?? '', MAX_RECEIPTS_PER_STEP] });
  // One read transaction, so that a concurrent booking can't look like a violation.
  const answer = await callDatabase(() => client.batch(statements, 'read'), CALL_POLICY);
  if (!answer.ok) return err(answer.error);
  const broken: Record<string, number> = { ...pass.broken };
  const count = (invariant: string, rows: number) => void (broken[invariant] = (broken[invariant] ?? 0) + rows);
  for (const set of answer.value.slice(0, -1)) {
    const [row] = Broken.parse(set.rows);
    count(row.law, row.broken);
  }
  const [receipts] = Receipts.parse(answer.value.at(-1)?.rows);
  count(RECEIPT_INVARIANT.name, receipts.broken ?? 0);
  const afterReceipt = receipts.last ?? pass.afterReceipt;
  const isComplete = areAllAccounts && receipts.looked < MAX_RECEIPTS_PER_STEP;
  return ok({ pass: { ...pass, after: last, afterReceipt, accounts: pass.accounts + within.length, broken }, isComplete });
}

function nextAccounts(after: string): InStatement {
  return {
    sql: `SELECT id, sum(seq) OVER (ORDER BY id) AS entries
            FROM (SELECT id, seq FROM account WHERE id > ? ORDER BY id LIMIT ${MAX_ACCOUNTS_PER_STEP}) ORDER BY id`,
    args: [after],
  };
}
