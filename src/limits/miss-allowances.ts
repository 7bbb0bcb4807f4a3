import { answerInTime } from '../core/timeout.ts';
import type { RateLimitObjects } from './durable-object-limiter.ts';
import type { MissVerdict, TargetOutcome } from './miss-allowance.ts';

/** What accounts may look for and not find. */
export interface MissAllowances {
  /** Asks whether the account may look for a target. Allows it when the store is down or slow, as the limits do. */
  ask(accountId: string, target: string): Promise<MissVerdict>;
  /** Reports how a read ended, in the background. Never throws; a lost report counts as nothing. */
  end(accountId: string, target: string, outcome: TargetOutcome): void;
}

/** Creates the allowances over Durable Objects, one for each account, also where Redis counts the rate limits. */
export function createMissAllowances(deps: {
  readonly objects: RateLimitObjects;
  readonly timeoutMs: number;
  readonly background: (work: Promise<unknown>) => void;
}): MissAllowances {
  const { objects, timeoutMs, background } = deps;
  const objectOf = (accountId: string) => objects.getByName(`misses:${accountId}`);
  return {
    async ask(accountId, target) {
      const verdict = await answerInTime(() => objectOf(accountId).askTarget(target), timeoutMs);
      return verdict ?? { allowed: true };
    },
    end(accountId, target, outcome) {
      try {
        background(answerInTime(() => objectOf(accountId).endTarget(target, outcome), timeoutMs));
      } catch {
        // The runtime has released the request, and what it cost is settled: nothing may fail here.
      }
    },
  };
}
