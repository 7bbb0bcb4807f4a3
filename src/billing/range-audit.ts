import type { InStatement } from '@libsql/client/web';
import { z } from 'zod';
import type { Database } from '../db/client.ts';
import { err, ok, type Result } from '../result.ts';
import { CALL_POLICY, callDatabase, type Unreachable } from './database-call.ts';
import type { Audit } from './ledger.ts';
import { RANGE_LAWS } from './range-laws.ts';

/** A step looks at no more accounts, and at no more entries unless one account alone has more: it stays far below a second. */
const MAX_ACCOUNTS_A_STEP = 500;
const MAX_ENTRIES_A_STEP = 5_000;

/** Behind every id: the end of the last range, so that rows of accounts that don't exist are looked at too. */
const BEHIND_ALL = '\u{10FFFF}';

/** A walk over all accounts, in the order of their ids. `after` is the last account that was looked at; null before the first. */
export type AuditPass = {
  readonly startedAt: number;
  readonly after: string | null;
  readonly accounts: number;
  /** Rows that break each law, as far as the pass has come. */
  readonly broken: Audit;
};

/** A pass that has begun. */
export function beginPass(now: number): AuditPass {
  return { startedAt: now, after: null, accounts: 0, broken: Object.fromEntries(Object.keys(RANGE_LAWS).map((law) => [law, 0])) };
}

const Step = z.array(z.object({ id: z.string(), entries: z.int() }));
const Broken = z.array(z.object({ law: z.string(), broken: z.int().nonnegative() }));

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
  const isComplete = within.length === candidates.length && candidates.length < MAX_ACCOUNTS_A_STEP;
  const last = within.at(-1)?.id ?? after;
  const range = [after, isComplete ? BEHIND_ALL : last];
  const statements = Object.entries(RANGE_LAWS).map(([law, sql]): InStatement => ({ sql: `SELECT '${law}' AS law, ${sql}`, args: range }));
  // One read transaction: a booking in between can't look like a broken law.
  const answer = await callDatabase(() => client.batch(statements, 'read'), CALL_POLICY);
  if (!answer.ok) return err(answer.error);
  const broken: Record<string, number> = { ...pass.broken };
  for (const set of answer.value) {
    for (const row of Broken.parse(set.rows)) broken[row.law] = (broken[row.law] ?? 0) + row.broken;
  }
  return ok({ pass: { ...pass, after: last, accounts: pass.accounts + within.length, broken }, isComplete });
}

function nextAccounts(after: string): InStatement {
  return {
    sql: `SELECT id, sum(seq) OVER (ORDER BY id) AS entries
            FROM (SELECT id, seq FROM account WHERE id > ? ORDER BY id LIMIT ${MAX_ACCOUNTS_A_STEP}) ORDER BY id`,
    args: [after],
  };
}
