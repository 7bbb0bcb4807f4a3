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

/** A step whose statements the database refuses is tried again with so many times fewer accounts, and grows back by as much. */
const NARROWING = 8;

/** Counts accounts, in place of an invariant, at whose rows the database refuses the statements of the audit. */
const UNREADABLE = 'accounts_can_be_checked';

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
  /** The largest number of accounts of the next step. */
  readonly accountsPerStep: number;
  /** Violations found so far, by invariant. */
  readonly broken: Audit;
};

/** Begins a pass at `now` (unix milliseconds). */
export function beginPass(now: number): AuditPass {
  const broken = Object.fromEntries([...Object.keys(RANGE_INVARIANTS), RECEIPT_INVARIANT.name].map((name) => [name, 0]));
  return { startedAt: now, after: null, afterReceipt: null, accounts: 0, accountsPerStep: MAX_ACCOUNTS_PER_STEP, broken };
}

const Step = z.array(z.object({ id: z.string(), entries: z.int() }));
const Broken = z.tuple([z.object({ law: z.string(), broken: z.int().nonnegative() })]);
const Receipts = z.tuple([z.object({ broken: z.int().nonnegative().nullable(), looked: z.int(), last: z.string().nullable() })]);

type Stepped = Result<{ readonly pass: AuditPass; readonly isComplete: boolean }, Unreachable>;

/**
 * Checks the invariants for the next range of accounts. Reads only the rows of these accounts, so that the cost doesn't grow with the
 * ledger. Lines without a hold and secrets without a key belong to no account; only the full audit finds those. Where the database refuses
 * the statements, as for a text that should be JSON, the range is narrowed until one account is left; that one counts as broken and the pass
 * goes on behind it.
 */
export async function auditStep(client: Database, pass: AuditPass): Promise<Stepped> {
  try {
    const done = await checkRange(client, pass);
    if (!done.ok) return done;
    const accountsPerStep = Math.min(MAX_ACCOUNTS_PER_STEP, pass.accountsPerStep * NARROWING);
    return ok({ ...done.value, pass: { ...done.value.pass, accountsPerStep } });
  } catch {
    if (pass.accountsPerStep === 1) return passOver(client, pass);
    const accountsPerStep = Math.max(1, Math.floor(pass.accountsPerStep / NARROWING));
    return ok({ pass: { ...pass, accountsPerStep }, isComplete: false });
  }
}

/** Goes on behind the next account, or at the end where there is none. */
async function passOver(client: Database, pass: AuditPass): Promise<Stepped> {
  const found = await callDatabase(() => client.execute(nextAccounts(pass.after ?? '', 1)), CALL_POLICY);
  if (!found.ok) return found;
  const next = Step.parse(found.value.rows)[0];
  const broken = { ...pass.broken, [UNREADABLE]: (pass.broken[UNREADABLE] ?? 0) + 1 };
  return ok({ pass: { ...pass, after: next?.id ?? AFTER_ALL_IDS, broken }, isComplete: next === undefined });
}

async function checkRange(client: Database, pass: AuditPass): Promise<Stepped> {
  const after = pass.after ?? '';
  const found = await callDatabase(() => client.execute(nextAccounts(after, pass.accountsPerStep)), CALL_POLICY);
  if (!found.ok) return found;
  const candidates = Step.parse(found.value.rows);
  const within = candidates.filter((account, index) => index === 0 || account.entries <= MAX_ENTRIES_PER_STEP);
  const areAllAccounts = within.length === candidates.length && candidates.length < pass.accountsPerStep;
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

function nextAccounts(after: string, limit: number): InStatement {
  return {
    sql: `SELECT id, sum(seq) OVER (ORDER BY id) AS entries
            FROM (SELECT id, seq FROM account WHERE id > ? ORDER BY id LIMIT ${limit}) ORDER BY id`,
    args: [after],
  };
}
