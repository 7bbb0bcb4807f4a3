import type { Clock } from '../core/clock.ts';
import { withTimeout, TIMED_OUT } from '../core/timeout.ts';
import { MIN_ATTEMPT_MS } from '../providers/failover.ts';
import type { CoalescingNote } from '../providers/provider.ts';
import type { Budget } from '../net/deadline.ts';
import type { Result } from '../core/result.ts';
import type { CoalescedAnswer } from './coalescer.ts';
import { bucketOf, coalescingKey, type CoalescableRequest, type ReadCoalescers } from './read-coalescer.ts';

/**
 * A result that completes just before the caller's deadline still needs this long to arrive: it names the providers asked and their cost.
 */
const GRACE_MS = 500;

/** Runs that one read joins when each was cut short by the deadline of another caller. */
const MAX_RUNS = 3;

/** The outcome for one caller. `note` is null when the coalescer was unreachable or had no room, and the caller ran the request itself. */
export type Coalesced<T, E> =
  | { readonly kind: 'completed'; readonly result: Result<T, E>; readonly note: CoalescingNote | null }
  | { readonly kind: 'full' }
  | { readonly kind: 'late' };

/** Runs a request together with all callers of the same request. `direct` runs it when the coalescer is unreachable or has no room. */
export type Coalesce = <T, E extends { readonly kind: string }>(
  request: CoalescableRequest,
  budget: Budget,
  direct: () => Promise<Result<T, E>>,
) => Promise<Coalesced<T, E>>;

/**
 * Creates the client of one incoming request of `account`, which began at `beganAt` (unix milliseconds). `salt` is a secret of the
 * deployment.
 */
export function createCoalescingClient(deps: {
  readonly coalescers: ReadCoalescers;
  readonly clock: Clock;
  readonly beganAt: number;
  readonly account: string;
  readonly salt: string;
}): Coalesce {
  const { coalescers, clock, beganAt, account, salt } = deps;
  return async function coalesce<T, E extends { readonly kind: string }>(
    request: CoalescableRequest,
    budget: Budget,
    direct: () => Promise<Result<T, E>>,
  ): Promise<Coalesced<T, E>> {
    const name = coalescingKey(request);
    for (let runs = 1; ; runs += 1) {
      let answer: CoalescedAnswer | typeof TIMED_OUT;
      try {
        const waitMs = Math.max(0, budget.deadlineAt - clock()) + GRACE_MS;
        answer = await withTimeout(coalescers.getByName(bucketOf(name, salt)).coalesce(name, request, budget, beganAt, account), waitMs);
      } catch (error) {
        // An overloaded object rejects its callers. Running the request directly would cause the very load that coalescing prevents.
        if (isOverloaded(error)) return { kind: 'full' };
        return { kind: 'completed', result: await direct(), note: null };
      }
      if (answer === TIMED_OUT) return { kind: 'late' };
      if (answer.kind === 'full' && answer.asksDirectly === true) return { kind: 'completed', result: await direct(), note: null };
      if (answer.kind !== 'completed') return answer;
      // safe because the object ran this very request, and its name includes the version of its results
      const result = JSON.parse(answer.text) as Result<T, E>;
      const { joined, completedAt } = answer;
      if (runs < MAX_RUNS && !result.ok && wasCutShort(answer, result.error.kind) && hasTimeLeft(budget, clock())) continue;
      return { kind: 'completed', result, note: { joined, completedAt: completedAt } };
    }
  };
}

/** Whether the run only failed because its starter's deadline passed, which says nothing about followers with more time. */
function wasCutShort({ joined, completedAt, deadlineAt }: CoalescedAnswer & { readonly kind: 'completed' }, failure: string): boolean {
  return joined && failure === 'timed_out' && deadlineAt - completedAt < MIN_ATTEMPT_MS;
}

function hasTimeLeft({ deadlineAt }: Budget, now: number): boolean {
  return deadlineAt - now >= MIN_ATTEMPT_MS;
}

/** workerd sets this when an object's queue is full (developers.cloudflare.com/durable-objects/best-practices/error-handling). */
function isOverloaded(error: unknown): boolean {
  return error instanceof Error && 'overloaded' in error && error.overloaded === true;
}
