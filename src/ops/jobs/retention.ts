import { z } from 'zod';
import type { ArchiveFiles } from '../../billing/archive/archive.ts';
import { type ArchiveProgress, archiveTurn, NEVER_ARCHIVED, sweepOldRows } from '../../billing/archive/archive-turn.ts';
import type { Clock } from '../../core/clock.ts';
import { ok, type Result } from '../../core/result.ts';
import type { Unreachable } from '../../db/call.ts';
import type { Database } from '../../db/client.ts';
import type { JobStore } from './jobs.ts';

/** Turns in one run; each looks at 2,000 requests. */
const TURNS = 5;

const Progress = z.object({ after: z.string().nullable(), finishedAt: z.int() });

/** `files` is null where no bucket is bound: then requests stay in the database. */
export type RetentionDeps = {
  readonly client: Database;
  readonly clock: Clock;
  readonly store: JobStore;
  readonly files: ArchiveFiles | null;
  readonly shard: number;
};

/**
 * Deletes rows that are over and moves requests that are over age into files, a bounded number per run. Returns how many requests it moved.
 */
export async function applyRetention(deps: RetentionDeps, isOver: () => boolean): Promise<Result<{ readonly moved: number }, Unreachable>> {
  const swept = await sweepOldRows(deps);
  if (!swept.ok) return swept;
  const { files } = deps;
  let moved = 0;
  if (files === null) return ok({ moved });
  const stored = await deps.store.readState('apply_retention');
  if (!stored.ok) return stored;
  const known = Progress.safeParse(stored.value);
  let progress: ArchiveProgress = known.success ? known.data : NEVER_ARCHIVED;
  for (let turn = 1; turn <= TURNS && !isOver(); turn += 1) {
    const done = await archiveTurn({ ...deps, files }, progress);
    if (!done.ok) return done;
    progress = done.value.progress;
    moved += done.value.moved;
    const written = await deps.store.writeState('apply_retention', progress);
    if (!written.ok) return written;
    if (progress.after === null) break;
  }
  return ok({ moved });
}
