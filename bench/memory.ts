import { askedIn } from './cases.ts';
import { startLoadGenerator } from './load.ts';
import { forgetPeak, memoryOf } from './processes.ts';
import { FIRST_HEAVY_TARGET } from './provider.ts';
import type { Site } from './site.ts';

const CALLERS = [1, 4, 16] as const;

const READS_EACH = 2;

const DEADLINE_MS = 120_000;

/** Memory of workerd before, at its peak and after, in bytes; null where the system does not report it. */
export type MemoryRow = {
  readonly callers: number;
  readonly answers: number;
  readonly wrong: Readonly<Record<string, number>>;
  readonly before: number | null;
  readonly peak: number | null;
  readonly after: number | null;
};

/** Reads posts whose provider response is 10 MB, with more and more parallel callers, in a separate Worker. */
export async function measureMemory(site: Site): Promise<readonly MemoryRow[]> {
  const generator = startLoadGenerator();
  try {
    const { port, pid } = await site.startWorker('memory');
    const memory = () => (pid === null ? null : memoryOf(pid));
    const rows: MemoryRow[] = [];
    let next = FIRST_HEAVY_TARGET;
    const read = async (callers: number, first: number) =>
      generator.run({
        ...askedIn('fresh', site.keys, first),
        port,
        callers,
        warmMs: 0,
        measureMs: DEADLINE_MS,
        mostRequests: callers * READS_EACH,
      });
    // An ordinary read first, so that one-time allocations are not attributed to the payload.
    await read(1, 1);
    for (const callers of CALLERS) {
      if (pid !== null) forgetPeak(pid);
      const before = memory()?.now ?? null;
      const { total, taken, wrong } = await read(callers, next);
      next += taken;
      rows.push({ callers, answers: total, wrong, before, peak: memory()?.peak ?? null, after: memory()?.now ?? null });
    }
    return rows;
  } finally {
    generator.stop();
  }
}
