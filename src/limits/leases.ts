import type { Clock } from '../core/clock.ts';
import { answerInTime } from '../core/timeout.ts';

/** Lets one caller at a time do something. Kept in memory alone: an object that restarts lets one more caller in. */
export type Lease = {
  /** Whether the caller may begin; nobody else may for so long. */
  lease(ms: number): Promise<boolean>;
  /** The caller has ended; nobody else may begin for so much longer. */
  endLease(ms: number): Promise<void>;
};

export function createLease(clock: Clock): Lease {
  let end = { at: -Infinity, ms: 0 };
  /** Measured from its start, so that a clock that jumps back does not prolong it. */
  const isHeld = (now: number) => now < end.at && now >= end.at - end.ms;
  const hold = (now: number, ms: number) => void (end = { at: now + ms, ms });
  return {
    async lease(ms) {
      const now = clock();
      if (isHeld(now)) return false;
      hold(now, ms);
      return true;
    },
    async endLease(ms) {
      hold(clock(), ms);
    },
  };
}

export interface Leases {
  /**
   * Does the work unless somebody else does it or did a moment ago: then null. `longestMs` is longer than the work takes; the next may begin
   * `pauseMs` after its end. Does it as well when the store is down or slow.
   */
  once<T>(name: string, times: { readonly longestMs: number; readonly pauseMs: number }, work: () => Promise<T>): Promise<T | null>;
}

/** Creates the leases over Durable Objects, one for each name. */
export function createLeases(objects: { getByName(name: string): Lease }, timeoutMs: number): Leases {
  return {
    async once(name, { longestMs, pauseMs }, work) {
      const object = objects.getByName(`lease:${name}`);
      const mayBegin = await answerInTime(() => object.lease(longestMs), timeoutMs);
      if (mayBegin === false) return null;
      try {
        return await work();
      } finally {
        if (mayBegin === true) await answerInTime(() => object.endLease(pauseMs), timeoutMs);
      }
    },
  };
}
