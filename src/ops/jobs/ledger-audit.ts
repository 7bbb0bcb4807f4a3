import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Unreachable } from '../../db/call.ts';
import { auditStep, type AuditPass, beginPass } from '../../billing/audit/incremental-audit.ts';
import type { Database } from '../../db/client.ts';
import { ok, type Result } from '../../core/result.ts';
import type { JobStore } from './jobs.ts';

const Pass = z.object({
  startedAt: z.int(),
  after: z.string().nullable(),
  afterReceipt: z.string().nullable(),
  accounts: z.int().nonnegative(),
  // Absent in what an earlier release stored.
  accountsPerStep: z.int().positive().default(1),
  broken: z.record(z.string(), z.int().nonnegative()),
});

const State = z.object({ running: Pass.nullable(), last: Pass.extend({ finishedAt: z.int() }).nullable() });

/** The audit pass in progress and the last finished one. Times are unix milliseconds. */
export type AuditState = {
  readonly running: AuditPass | null;
  readonly last: (AuditPass & { readonly finishedAt: number }) | null;
};

/** Counts the rows that break an invariant in the last finished pass and the one in progress. */
export function brokenRows(state: AuditState): number {
  const of = (pass: AuditPass | null) => (pass === null ? 0 : Object.values(pass.broken).reduce((sum, count) => sum + count, 0));
  return of(state.running) + of(state.last);
}

/** Reads the audit's state. An unreadable state counts as none, so that the next run starts over. */
export async function readAudit(store: JobStore): Promise<Result<AuditState, Unreachable>> {
  const stored = await store.readState('audit_ledger');
  if (!stored.ok) return stored;
  const state = State.safeParse(stored.value);
  return ok(state.success ? state.data : { running: null, last: null });
}

/** Continues or starts a pass, for at most `steps` steps; stops at the end of the pass. Progress is stored after each step. */
export async function auditOn(
  deps: { readonly client: Database; readonly clock: Clock; readonly store: JobStore },
  steps: number,
  isOver: () => boolean,
): Promise<Result<AuditState, Unreachable>> {
  const stored = await readAudit(deps.store);
  if (!stored.ok) return stored;
  let { running, last } = stored.value;
  running ??= beginPass(deps.clock());
  for (let step = 0; step < steps && running !== null && !isOver(); step += 1) {
    const done = await auditStep(deps.client, running);
    if (!done.ok) return done;
    running = done.value.pass;
    if (done.value.isComplete) {
      last = { ...running, finishedAt: deps.clock() };
      running = null;
    }
    const written = await deps.store.writeState('audit_ledger', { running, last });
    if (!written.ok) return written;
  }
  return ok({ running, last });
}
