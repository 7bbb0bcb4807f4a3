import { DAY_MS } from '../../core/clock.ts';

/**
 * How many days a finished request stays in the database, by how it ended. Charged ones cover a year and a month of accounting; what failed
 * cost nothing, and matters only while somebody asks why.
 */
export const RETENTION_DAYS = { settled: 400, failed: 30 } as const;

/**
 * How many days rows stay that only save work. Stripe repeats a webhook event for 3 days, and by hand for 30; a checkout key is honored for
 * 22 hours.
 */
export const SWEEP_DAYS = { webhookEvents: 90, checkoutKeys: 2 } as const;

export type ArchiveKind = keyof typeof RETENTION_DAYS;

/** Where archived requests go. */
export interface ArchiveFiles {
  /** Stores newline-delimited JSON, compressed, under a name. Storing the same name again replaces the file. Rejects when it can't. */
  put(name: string, text: string): Promise<void>;
}

/** A finished request, as far as archiving is concerned. Times are unix milliseconds. */
export type FinishedRequest = {
  readonly id: string;
  readonly state: 'settled' | 'released' | 'expired';
  readonly createdAt: number;
  readonly resolvedAt: number;
  readonly reserved: number;
  readonly settled: number;
  /** The first request of the next file of the same kind; a new file must end before it. Null if there is none. */
  readonly fence: string | null;
};

/** Requests for one file: of one kind, begun on one day (UTC), in the order of their ids. Amounts are micro-credits. */
export type FilePlan = {
  readonly kind: ArchiveKind;
  readonly day: string;
  readonly ids: readonly [string, ...string[]];
  readonly reserved: number;
  readonly settled: number;
};

/** Groups the requests of a page that are over age at `now` into files. `page` is sorted by id. */
export function planFiles(page: readonly FinishedRequest[], now: number): readonly FilePlan[] {
  const kinds: readonly ArchiveKind[] = ['settled', 'failed'];
  return kinds.flatMap((kind) => {
    const files: FilePlan[] = [];
    let fence: string | null = null;
    for (const request of page.filter((candidate) => kindOf(candidate) === kind && isOverAge(candidate, kind, now))) {
      const day = dayOf(request.createdAt);
      const last = files.at(-1);
      // A clock that is behind can stamp a request with an earlier day than the one before it; it stays in that file.
      if (last !== undefined && last.day >= day && fence === request.fence) files[files.length - 1] = joined(last, request);
      else files.push({ kind, day, ids: [request.id], reserved: request.reserved, settled: request.settled });
      fence = request.fence;
    }
    return files;
  });
}

/** The name of a file: its first request makes it unique, and the same again when the file is written a second time. */
export function fileName(shard: number, { kind, day, ids }: FilePlan): string {
  return `requests/shard-${shard}/${kind}/${day}/${ids[0]}.ndjson.gz`;
}

function joined(file: FilePlan, request: FinishedRequest): FilePlan {
  return {
    ...file,
    ids: [...file.ids, request.id],
    reserved: file.reserved + request.reserved,
    settled: file.settled + request.settled,
  };
}

function kindOf({ state }: FinishedRequest): ArchiveKind {
  return state === 'settled' ? 'settled' : 'failed';
}

function isOverAge({ resolvedAt }: FinishedRequest, kind: ArchiveKind, now: number): boolean {
  return resolvedAt <= now - RETENTION_DAYS[kind] * DAY_MS;
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
