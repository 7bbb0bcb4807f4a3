import type { InStatement } from '@libsql/client/web';
import { z } from 'zod';
import type { Database } from '../../db/client.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { CALL_POLICY, callDatabase, type Unreachable } from '../../db/call.ts';
import type { Audit } from './full-audit.ts';
import { RANGE_LAWS, RECEIPT_LAW } from './invariants.ts';

/** A step looks at no more accounts and receipts, and at no more entries unless one account alone has more: it stays far below a second. */
const MAX_ACCOUNTS_A_STEP = 500;
const MAX_ENTRIES_A_STEP = 5_000;
const MAX_RECEIPTS_A_STEP = 5_000;

/** Behind every id: the end of the last range, so that rows of accounts that don't exist are looked at too. */
const BEHIND_ALL = '\u{10FFFF}';

/**
 * A walk over all accounts and, beside it, over all receipts, each in the order of their ids. `after` is the last account that was looked
 * at, `afterReceipt` the last receipt; null before the first.
 */
export type AuditPass = {
  readonly startedAt: number;
  readonly after: string | null;
  readonly afterReceipt: string | null;
  readonly accounts: number;
  /** Rows that break each law, as far as the pass has come. */
  readonly broken: Audit;
};

/** A pass that has begun. */
export function beginPass(now: number): AuditPass {
  const broken = Object.fromEntries([...Object.keys(RANGE_LAWS), RECEIPT_LAW.name].map((law) => [law, 0]));
  return { startedAt: now, after: null, afterReceipt: null, accounts: 0, broken };
}

const Step = z.array(z.object({ id: z.string(), entries: z.int() }));
const Broken = z.tuple([z.object({ law: z.string(), broken: z.int().nonnegative() })]);
const Receipts = z.tuple([z.object({ broken: z.int().nonnegative().nullable(), looked: z.int(), last: z.string().nullable() })]);

/**
 * Counts what breaks each law of the ledger for the next accounts. Reads only, and only rows of these accounts: the size of the ledger
 * doesn't matter, that of one account does. Lines without a hold and secrets without a key
 * belong to no account; only the full audit sees those.
 */
export async function auditStep(
  client: Database,
  pass: AuditPass,
): Promise<Result<{ readonly pass: AuditPass; readonly isComplete: boolean }, Unreachable>> {
  const after = pass.after ?? '';
  const found = await callDatabase(() => client.execute(nextAccounts(after)), CALL_POLICY);
  if (!found.ok) return found;
  const candidates = Step.parse(found.value.rows);
  const within = candidates.filter((account, index) => index === 0 || account.entries <= MAX_ENTRIES_A_STEP);
  const areAllAccounts = within.length === candidates.length && candidates.length < MAX_ACCOUNTS_A_STEP;
  const last = areAllAccounts ? BEHIND_ALL : (within.at(-1)?.id ?? after);
  const range = [after, last];
  const statements = Object.entries(RANGE_LAWS).map(([law, sql]): InStatement => ({ sql: `SELECT '${law}' AS law, ${sql}`, args: range }));
  statements.push({ sql: `SELECT ${RECEIPT_LAW.sql}`, args: [pass.afterReceipt ?? '', MAX_RECEIPTS_A_STEP] });
  // One read transaction: a booking in between can't look like a broken law.
  const answer = await callDatabase(() => client.batch(statements, 'read'), CALL_POLICY);
  if (!answer.ok) return err(answer.error);
  const broken: Record<string, number> = { ...pass.broken };
  const count = (law: string, rows: number) => void (broken[law] = (broken[law] ?? 0) + rows);
  for (const set of answer.value.slice(0, -1)) {
    const [row] = Broken.parse(set.rows);
    count(row.law, row.broken);
  }
  const [receipts] = Receipts.parse(answer.value.at(-1)?.rows);
  count(RECEIPT_LAW.name, receipts.broken ?? 0);
  const afterReceipt = receipts.last ?? pass.afterReceipt;
  const isComplete = areAllAccounts && receipts.looked < MAX_RECEIPTS_A_STEP;
  return ok({ pass: { ...pass, after: last, afterReceipt, accounts: pass.accounts + within.length, broken }, isComplete });
}

function nextAccounts(after: string): InStatement {
  return {
    sql: `SELECT id, sum(seq) OVER (ORDER BY id) AS entries
            FROM (SELECT id, seq FROM account WHERE id > ? ORDER BY id LIMIT ${MAX_ACCOUNTS_A_STEP}) ORDER BY id`,
    args: [after],
  };
}
