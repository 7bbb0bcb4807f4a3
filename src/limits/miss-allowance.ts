import { type Clock, secondsUntil } from '../core/clock.ts';
import { batchedSaves, type ObjectStorage } from './object-storage.ts';

/** Reads of targets that do not exist that an account may send in an hour for nothing. Each costs a call to a data provider. */
export const FREE_MISSES = 60;

/** How long a miss counts, and a paid read that makes up for one. */
export const MISS_WINDOW_SECONDS = 3_600;

const BUCKET_MS = 60_000;
const BUCKETS = (MISS_WINDOW_SECONDS * 1_000) / BUCKET_MS;

/** Twice what counts, so that a clock that jumps does not push out what another one counted. */
const MOST_BUCKETS = 2 * BUCKETS;

/** A read never runs longer. One that never reported its end is then forgotten. */
const LONGEST_READ_MS = 60_000;

/** How a read of a target that might not exist ended: charged, in vain although a provider was asked, or neither. */
export type TargetOutcome = 'paid' | 'missed' | 'neither';

/** `missed`: the reads of the last hour that found nothing. `inProgress`: targets that others look for at this moment. */
export type MissVerdict =
  | { readonly allowed: true }
  | {
      readonly allowed: false;
      readonly allowance: number;
      readonly missed: number;
      readonly inProgress: number;
      readonly retryAfterSeconds: number;
    };

/** The misses and the paid reads of each minute. */
export type MissCounts = readonly (readonly [minute: number, missed: number, paid: number])[];

/** Counts what one account looks for and does not find. */
export type MissCounter = {
  /** Before a provider is asked. `target` tells the targets of the account apart. */
  askTarget(target: string): Promise<MissVerdict>;
  endTarget(target: string, outcome: TargetOutcome): Promise<void>;
};

/**
 * Creates the counter of one account. Targets that are being looked for count as misses until they are found, so that the allowance is
 * exact for parallel reads; reads of one target at the same time count once. Uses the clock of the object, not of its callers.
 */
export function createMissCounter(storage: ObjectStorage<MissCounts>, clock: Clock): MissCounter & { forget(): void } {
  let counts: MissCounts = [];
  let loading: Promise<void> | undefined;
  const inProgress = new Map<string, { readers: number; isMissing: boolean; readonly since: number }>();
  const saves = batchedSaves(storage, () => counts);
  const load = async () => {
    counts = (await storage.load()) ?? [];
  };
  const dropLost = (now: number) => {
    for (const [target, { since }] of inProgress) if (Math.abs(now - since) > LONGEST_READ_MS) inProgress.delete(target);
  };
  const count = async (more: { readonly missed: number; readonly paid: number }) => {
    const minute = Math.floor(clock() / BUCKET_MS);
    const [, missed, paid] = counts.find(([number]) => number === minute) ?? [minute, 0, 0];
    const others = counts.filter(([number]) => number !== minute).slice(1 - MOST_BUCKETS);
    counts = [...others, [minute, missed + more.missed, paid + more.paid]];
    saves.soon();
    if (missed + paid === 0) await storage.forgetAt((minute + BUCKETS) * BUCKET_MS);
  };
  return {
    async askTarget(target) {
      await (loading ??= load());
      // Nothing awaits from here on, so parallel reads cannot count from the same numbers.
      const now = clock();
      dropLost(now);
      const others = inProgress.get(target);
      const { missed, allowance } = within(counts, now);
      if (others === undefined && missed + inProgress.size >= allowance) {
        const retryAfterSeconds = missed < allowance ? 1 : secondsUntil(allowedAt(counts, now), now);
        return { allowed: false, allowance, missed, inProgress: inProgress.size, retryAfterSeconds };
      }
      if (others === undefined) inProgress.set(target, { readers: 1, isMissing: false, since: now });
      else others.readers += 1;
      return { allowed: true };
    },
    async endTarget(target, outcome) {
      await (loading ??= load());
      const reading = inProgress.get(target);
      if (reading !== undefined) {
        reading.readers -= 1;
        reading.isMissing ||= outcome === 'missed';
        if (reading.readers === 0) inProgress.delete(target);
      }
      // Reads of one target at the same time share the call to the provider, so they miss once.
      const isMiss = reading === undefined ? outcome === 'missed' : reading.readers === 0 && reading.isMissing;
      if (isMiss || outcome === 'paid') await count({ missed: isMiss ? 1 : 0, paid: outcome === 'paid' ? 1 : 0 });
    },
    forget: () => saves.cancel(),
  };
}

/** The misses of the hour that ends at `now`, and how many it allows. */
function within(counts: MissCounts, now: number): { readonly missed: number; readonly allowance: number } {
  const minute = Math.floor(now / BUCKET_MS);
  const recent = counts.filter(([number]) => Math.abs(minute - number) < BUCKETS);
  const missed = recent.reduce((sum, [, some]) => sum + some, 0);
  return { missed, allowance: FREE_MISSES + recent.reduce((sum, [, , paid]) => sum + paid, 0) };
}

/** When so many misses have gone out of the hour that one more is allowed. Unix milliseconds. */
function allowedAt(counts: MissCounts, now: number): number {
  const minute = Math.floor(now / BUCKET_MS);
  for (let ahead = 1; ahead < BUCKETS; ahead += 1) {
    const then = (minute + ahead) * BUCKET_MS;
    const { missed, allowance } = within(counts, then);
    if (missed < allowance) return then;
  }
  return (minute + BUCKETS) * BUCKET_MS;
}
