import type { Clock } from '../core/clock.ts';
import { inTime, LATE } from '../core/timeout.ts';
import { MIN_ATTEMPT_MS } from '../providers/failover.ts';
import type { FlightNote } from '../providers/provider.ts';
import type { Budget } from '../net/deadline.ts';
import type { Result } from '../core/result.ts';
import type { FlightAnswer } from './coalescer.ts';
import { deckOf, flightName, type FlightRequest, type ReadFlights } from './read-coalescer.ts';

/** What a flight tells just before the caller's deadline is still on its way then: who was asked, and what that cost. Milliseconds. */
const GRACE_MS = 500;

/** How many flights one read takes for the same thing, when each ended with the shorter time of somebody else. */
const MAX_FLIGHTS = 3;

/** What came of flying. `note` is null where the flight could not be reached and the caller asked by itself. */
export type Flown<T, E> =
  | { readonly kind: 'flown'; readonly result: Result<T, E>; readonly note: FlightNote | null }
  | { readonly kind: 'full' }
  | { readonly kind: 'late' };

/** Flies one request, together with everybody who asks the same. `direct` is how it is asked where the flight can't be reached. */
export type Flyer = <T, E extends { readonly kind: string }>(
  request: FlightRequest,
  budget: Budget,
  direct: () => Promise<Result<T, E>>,
) => Promise<Flown<T, E>>;

/** The flyer of one request, which began at `beganAt` (unix milliseconds). */
export function createFlyer(deps: { readonly flights: ReadFlights; readonly clock: Clock; readonly beganAt: number }): Flyer {
  const { flights, clock, beganAt } = deps;
  return async function fly<T, E extends { readonly kind: string }>(
    request: FlightRequest,
    budget: Budget,
    direct: () => Promise<Result<T, E>>,
  ): Promise<Flown<T, E>> {
    const name = flightName(request);
    for (let flown = 1; ; flown += 1) {
      let answer: FlightAnswer | typeof LATE;
      try {
        const waitMs = Math.max(0, budget.deadlineAt - clock()) + GRACE_MS;
        answer = await inTime(flights.getByName(deckOf(name)).fly(name, request, budget, beganAt), waitMs);
      } catch (error) {
        // An object with too many callers says so; everybody asking by themselves then is what it is there to prevent.
        if (isOverloaded(error)) return { kind: 'full' };
        return { kind: 'flown', result: await direct(), note: null };
      }
      if (answer === LATE) return { kind: 'late' };
      if (answer.kind !== 'landed') return answer;
      // safe because the deck carried out this very request, and a flight's name says which version of its results it has
      const result = JSON.parse(answer.text) as Result<T, E>;
      const { joined, landedAt } = answer;
      if (flown < MAX_FLIGHTS && !result.ok && wasCutShort(answer, result.error.kind) && hasTimeLeft(budget, clock())) continue;
      return { kind: 'flown', result, note: { joined, landedAt } };
    }
  };
}

/** Whether a flight failed because the time of the one who started it was over, which says nothing about those who have more. */
function wasCutShort({ joined, landedAt, deadlineAt }: FlightAnswer & { readonly kind: 'landed' }, failure: string): boolean {
  return joined && failure === 'timed_out' && deadlineAt - landedAt < MIN_ATTEMPT_MS;
}

function hasTimeLeft({ deadlineAt }: Budget, now: number): boolean {
  return deadlineAt - now >= MIN_ATTEMPT_MS;
}

/** workerd marks the refusal of an object whose queue is full (developers.cloudflare.com/durable-objects/best-practices/error-handling). */
function isOverloaded(error: unknown): boolean {
  return error instanceof Error && 'overloaded' in error && error.overloaded === true;
}
