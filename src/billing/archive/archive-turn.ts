import type { InStatement, ResultSet } from '@libsql/client/web';
import { z } from 'zod';
import { type Clock, DAY_MS } from '../../core/clock.ts';
import { ok, type Result } from '../../core/result.ts';
import { CALL_POLICY, type CallPolicy, callDatabase, type Unreachable } from '../../db/call.ts';
import type { Database } from '../../db/client.ts';
import { type ArchiveFiles, type FilePlan, fileName, type FinishedRequest, planFiles, RETENTION_DAYS, SWEEP_DAYS } from './archive.ts';
import * as statement from './statements.ts';

/** A file stays below 3 MB of text: a request takes 0.6 to 1.5 kB. */
const PAGE_SIZE = 2_000;

/** Keeps the write lock for less than a tenth of a second. */
const TAKEN_AT_ONCE = 200;

/** Everything before `after` was looked at in this pass; null between passes. Times are unix milliseconds. */
export type ArchiveProgress = { readonly after: string | null; readonly finishedAt: number };

/** What a turn did. */
export type ArchiveTurn = { readonly progress: ArchiveProgress; readonly moved: number };

/** Where an archive that has never run begins. */
export const NEVER_ARCHIVED: ArchiveProgress = { after: null, finishedAt: 0 };

/** One pass a day: what becomes over age meanwhile waits for the next. */
const PASS_EVERY_MS = DAY_MS;

const SWEPT_AT_ONCE = 1_000;

/** `shard` is the number of the database, which file names carry. `policy` is for tests. */
export type ArchiveDeps = {
  readonly client: Database;
  readonly clock: Clock;
  readonly files: ArchiveFiles;
  readonly shard: number;
  readonly policy?: CallPolicy;
};

const Page = z.array(
  z.object({
    id: z.string(),
    state: z.enum(['open', 'settled', 'released', 'expired']),
    created_at: z.int(),
    resolved_at: z.int().nullable(),
    amount_micros: z.int(),
    settled_micros: z.int(),
    fence: z.string().nullable(),
    is_covered: z.int(),
  }),
);
const Unfinished = z
  .array(
    z.object({ file: z.string(), kind: z.enum(['settled', 'failed']), first_id: z.string(), last_id: z.string(), created_at: z.int() }),
  )
  .max(1);
const Ids = z.array(z.object({ id: z.string() }));
const Requests = z.array(z.object({ request: z.string() }));

/**
 * Does one bounded turn: finishes a file whose requests are still leaving, then writes and moves the next page. Returns the progress to go
 * on from and how many requests it moved. A file is stored before anything is deleted, and a turn that is cut off anywhere is completed by
 * the next. Rejects when a file can't be stored.
 */
export async function archiveTurn(deps: ArchiveDeps, progress: ArchiveProgress): Promise<Result<ArchiveTurn, Unreachable>> {
  const finished = await finishFiles(deps);
  if (!finished.ok) return finished;
  const now = deps.clock();
  if (progress.after === null && now - progress.finishedAt < PASS_EVERY_MS) return ok({ progress, moved: 0 });
  const read = await query(deps, [statement.readPage(progress.after ?? '', PAGE_SIZE)], 'read');
  if (!read.ok) return read;
  const page = Page.parse(read.value[0]?.rows);
  const plans = planFiles(page.flatMap(finishedRequest), now);
  for (const plan of plans) {
    const done = await moveOut(deps, plan);
    if (!done.ok) return done;
  }
  const last = page.at(-1);
  const isOver = page.length < PAGE_SIZE || last === undefined || last.created_at > now - RETENTION_DAYS.failed * DAY_MS;
  const moved = plans.reduce((sum, { ids }) => sum + ids.length, 0);
  return ok({ progress: isOver ? { after: null, finishedAt: now } : { ...progress, after: last.id }, moved });
}

/** Deletes a bounded number of rows that are over and mean nothing any more. */
export async function sweepOldRows(deps: Omit<ArchiveDeps, 'files' | 'shard'>): Promise<Result<void, Unreachable>> {
  const now = deps.clock();
  const sweeps = [
    statement.sweepEvents(now - SWEEP_DAYS.webhookEvents * DAY_MS, SWEPT_AT_ONCE),
    statement.sweepCheckoutKeys(now - SWEEP_DAYS.checkoutKeys * DAY_MS, SWEPT_AT_ONCE),
  ];
  const swept = await query(deps, sweeps, 'write');
  return swept.ok ? ok(undefined) : swept;
}

function finishedRequest(row: z.infer<typeof Page>[number]): readonly FinishedRequest[] {
  const { id, state, created_at: createdAt, resolved_at: resolvedAt, fence } = row;
  if (state === 'open' || resolvedAt === null || row.is_covered === 1) return [];
  return [{ id, state, createdAt, resolvedAt, reserved: row.amount_micros, settled: row.settled_micros, fence }];
}

async function moveOut(deps: ArchiveDeps, plan: FilePlan): Promise<Result<void, Unreachable>> {
  const rows = await query(deps, [statement.readRequests(plan.ids)], 'read');
  if (!rows.ok) return rows;
  const requests = Requests.parse(rows.value[0]?.rows).map(({ request }) => request);
  const file = fileName(deps.shard, plan);
  await deps.files.put(file, [headerOf(deps.shard, plan), ...requests].map((line) => `${line}\n`).join(''));
  const recorded = await query(deps, [statement.insertArchive(file, plan, deps.clock())], 'write');
  return recorded.ok ? finishFiles(deps) : recorded;
}

/** The first line of a file: what the rest of it adds up to. */
function headerOf(shard: number, { kind, day, ids, reserved, settled }: FilePlan): string {
  return JSON.stringify({ format: 1, shard, kind, day, requests: ids.length, reservedMicros: reserved, settledMicros: settled });
}

/** Moves out what is left of files that are recorded but not finished. */
async function finishFiles(deps: ArchiveDeps): Promise<Result<void, Unreachable>> {
  for (;;) {
    const found = await query(deps, [statement.readUnfinished], 'read');
    if (!found.ok) return found;
    const unfinished = Unfinished.parse(found.value[0]?.rows)[0];
    if (unfinished === undefined) return ok(undefined);
    const emptied = await emptyInto(deps, unfinished);
    if (!emptied.ok) return emptied;
  }
}

async function emptyInto(deps: ArchiveDeps, unfinished: statement.UnfinishedFile): Promise<Result<void, Unreachable>> {
  for (;;) {
    const left = await query(deps, [statement.readRemaining(unfinished, TAKEN_AT_ONCE)], 'read');
    if (!left.ok) return left;
    const ids = Ids.parse(left.value[0]?.rows).map(({ id }) => id);
    const next = ids.length > 0 ? statement.takeRequests(unfinished.file, ids) : statement.finishArchive(unfinished.file, deps.clock());
    const written = await query(deps, [next], 'write');
    if (!written.ok) return written;
    if (ids.length === 0) return ok(undefined);
  }
}

function query(
  { client, policy = CALL_POLICY }: Pick<ArchiveDeps, 'client' | 'policy'>,
  statements: readonly InStatement[],
  mode: 'read' | 'write',
): Promise<Result<readonly ResultSet[], Unreachable>> {
  return callDatabase(() => client.batch([...statements], mode), policy);
}
