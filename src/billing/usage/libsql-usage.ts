import type { InStatement } from '@libsql/client/web';
import { z } from 'zod';
import type { ArchiveKind } from '../archive/archive.ts';
import { readArchivedDay } from '../archive/statements.ts';
import { type Clock, DAY_MS } from '../../core/clock.ts';
import type { Database } from '../../db/client.ts';
import { microCredits, ZERO } from '../../core/money.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { microsColumn } from '../../db/columns.ts';
import { CALL_POLICY, type CallPolicy, callDatabase } from '../../db/call.ts';
import { missingScope } from '../keys/limits.ts';
import { receiptColumn } from '../ledger/receipt.ts';
import { balanceOf, keyEnd, LineRow, PayerRow } from '../ledger/rows.ts';
import { readLines, readPayer } from '../ledger/statements.ts';
import { type LookRefusal, type Seen, USAGE_STATES, type UsageBook, type UsageState } from './usage.ts';
import * as statement from './statements.ts';

const UsageRow = z.object({
  id: z.string(),
  key_id: z.string(),
  state: z.enum(USAGE_STATES),
  reason: z.string().nullable(),
  resolved_at: z.int(),
  amount_micros: microsColumn,
  settled_micros: microsColumn.nullable(),
  reversed_micros: microsColumn,
  body: receiptColumn.nullable(),
});

const GroupRow = z.object({ label: z.string(), requests: z.int(), reserved: z.int(), settled: z.int() });

const ReceiptRow = z.object({
  id: z.string(),
  key_id: z.string(),
  state: z.enum(['open', 'settled', 'released', 'expired']),
  reason: z.string().nullable(),
  created_at: z.int(),
  resolved_at: z.int().nullable(),
  amount_micros: microsColumn,
  settled_micros: microsColumn.nullable(),
  reversed_micros: microsColumn,
  body: receiptColumn.nullable(),
});

const EntryRow = z.object({
  seq: z.int(),
  kind: z.string(),
  ref: z.string(),
  delta_micros: microsColumn,
  balance_after_micros: microsColumn,
  created_at: z.int(),
});

/** The reason of a request whose charge was given back because its response was never delivered. */
const UNDELIVERED = 'undelivered';

type UsageBookDeps = { readonly client: Database; readonly clock: Clock; readonly policy?: CallPolicy };

/** Creates the usage reports over libSQL. Each is one read batch, which also checks the key. `policy` is for tests. */
export function createUsageBook(deps: UsageBookDeps): UsageBook {
  const query = <T>(keyHash: string, statements: readonly InStatement[], read: (sets: readonly unknown[]) => T) =>
    readAs(deps, keyHash, { statements, read });
  return {
    list: (keyHash, states, filter, after, limit) =>
      query(
        keyHash,
        [statement.readUsage(keyHash, { states, filter, after, limit: limit + 1 }), readArchivedDay(oldestKind(states))],
        ([rows, days]) => {
          const found = z.array(UsageRow).parse(rows);
          const items = found.slice(0, limit).map((row) => ({
            requestId: row.id,
            keyId: row.key_id,
            state: row.state,
            reason: reasonOf(row),
            resolvedAt: row.resolved_at,
            reserved: row.amount_micros,
            settled: microCredits((row.settled_micros ?? ZERO) - row.reversed_micros),
            receipt: row.body,
          }));
          const last = items.at(-1);
          const next = found.length > limit && last !== undefined ? { at: last.resolvedAt, id: last.requestId } : null;
          return { items, next, archivedBefore: archivedBefore(days) };
        },
      ),

    groups: (keyHash, filter, by) =>
      query(keyHash, [statement.readGroups(keyHash, filter, by), readArchivedDay('settled')], ([rows, days]) => ({
        groups: z
          .array(GroupRow)
          .parse(rows)
          .map(({ label, ...sums }) => ({ group: label, ...sums })),
        archivedBefore: archivedBefore(days),
      })),

    receipt: (keyHash, requestId) =>
      query(
        keyHash,
        [statement.readReceipt(keyHash, requestId), readLines(requestId), readArchivedDay('failed')],
        ([rows, lines, days]) => {
          const row = z.array(ReceiptRow).max(1).parse(rows)[0];
          return {
            receipt: row === undefined ? null : receiptOf(row, z.array(LineRow).parse(lines)),
            archivedBefore: archivedBefore(days),
          };
        },
      ),

    entries: (keyHash, before, limit) =>
      query(keyHash, [statement.readEntries(keyHash, before, limit + 1)], ([rows]) => {
        const found = z.array(EntryRow).parse(rows);
        const items = found.slice(0, limit).map((row) => ({
          seq: row.seq,
          kind: row.kind,
          ref: row.ref,
          delta: row.delta_micros,
          balanceAfter: row.balance_after_micros,
          createdAt: row.created_at,
        }));
        return { items, next: found.length > limit ? (items.at(-1)?.seq ?? null) : null };
      }),
  };
}

const ArchivedDays = z.array(z.object({ day: z.iso.date() })).max(1);

/** The day after the newest archived one, which may have left in part. */
function archivedBefore(rows: unknown): number | null {
  const day = ArchivedDays.parse(rows)[0]?.day;
  return day === undefined ? null : Date.parse(day) + DAY_MS;
}

/** Failed requests leave long before charged ones. */
function oldestKind(states: readonly UsageState[]): ArchiveKind {
  return states.every((state) => state === 'settled') ? 'settled' : 'failed';
}

/** Why nothing was charged: the hold's reason, or that what was charged was given back. */
function reasonOf(row: { readonly reason: string | null; readonly reversed_micros: number }): string | null {
  return row.reversed_micros > 0 ? UNDELIVERED : row.reason;
}

function receiptOf(row: z.infer<typeof ReceiptRow>, lines: readonly z.infer<typeof LineRow>[]) {
  const isReversed = row.reversed_micros > 0;
  return {
    requestId: row.id,
    keyId: row.key_id,
    state: row.state,
    reason: reasonOf(row),
    createdAt: row.created_at,
    resolvedAt: row.resolved_at,
    reserved: row.amount_micros,
    settled: row.settled_micros === null ? null : microCredits(row.settled_micros - row.reversed_micros),
    lines: lines.map((line) => (isReversed ? reversedLine(line) : lineOf(line))),
    receipt: row.body,
  };
}

/** Nothing is settled or refunded while the request is still running. */
function lineOf(line: z.infer<typeof LineRow>) {
  return {
    item: line.item,
    reserved: line.reserved_micros,
    settled: line.settled_micros ?? ZERO,
    refunded: line.settled_micros === null ? ZERO : microCredits(line.reserved_micros - line.settled_micros),
    reason: line.reason,
  };
}

/** A reversal gives every line back in full. */
function reversedLine(line: z.infer<typeof LineRow>) {
  return {
    item: line.item,
    reserved: line.reserved_micros,
    settled: ZERO,
    refunded: line.reserved_micros,
    reason: line.reason ?? UNDELIVERED,
  };
}

async function readAs<T>(
  deps: UsageBookDeps,
  keyHash: string,
  query: { readonly statements: readonly InStatement[]; readonly read: (sets: readonly unknown[]) => T },
): Promise<Result<Seen<T>, LookRefusal>> {
  const now = deps.clock();
  const batch = () => deps.client.batch([readPayer(keyHash, now), ...query.statements], 'read');
  const answer = await callDatabase(batch, deps.policy ?? CALL_POLICY);
  if (!answer.ok) return answer;
  const [payers, ...sets] = answer.value.map((set): unknown => set.rows);
  const row = z.array(PayerRow).max(1).parse(payers)[0];
  if (row === undefined) return err({ kind: 'unknown_key' });
  const refusal = keyEnd(row, now) ?? missingScope(row.lineage, 'account');
  if (refusal !== null) return err(refusal);
  return ok({ accountId: row.account_id, available: balanceOf(row).available, value: query.read(sets) });
}
