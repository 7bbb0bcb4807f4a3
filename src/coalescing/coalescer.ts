import type { Clock } from '../core/clock.ts';
import { withTimeout, TIMED_OUT } from '../core/timeout.ts';
import type { Result } from '../core/result.ts';

export type CoalescerLimits = {
  /** Coalesced requests in one object at once; requests are spread over many objects. */
  readonly requests: number;
  /** Of these, the runs in progress that one account may have started. */
  readonly requestsOfAccount: number;
  /** Callers of one request. Each holds a few kilobytes here until the run completes. */
  readonly callers: number;
  /** The longest answer, as JSON. Twice as many bytes must fit into one RPC response of at most 32 MiB; one body of an upstream does. */
  readonly answerChars: number;
  /** The total that one request sends to its callers at the same moment: an isolate has 128 MB. */
  readonly sentChars: number;
  /** The longest run. A read's deadline is shorter, so this only ends work that ignores its deadline. */
  readonly runMs: number;
  /** How long a delivered result stays for callers that began before it completed, but were still reserving credit. */
  readonly lingerMs: number;
  readonly lingerChars: number;
  readonly lingeringChars: number;
};

export const COALESCER_LIMITS: CoalescerLimits = {
  requests: 200,
  requestsOfAccount: 50,
  callers: 500,
  answerChars: 12_000_000,
  sentChars: 48_000_000,
  runMs: 30_000,
  lingerMs: 5_000,
  lingerChars: 1_000_000,
  lingeringChars: 8_000_000,
};

/** Who calls, and when the caller's own request began and must end. Unix milliseconds. `account` tells accounts apart. */
export type CoalescedCaller = { readonly beganAt: number; readonly deadlineAt: number; readonly account: string };

/**
 * The answer to one caller. `text` is the JSON of the result, delivered or failed; `joined` is false for the caller that started the run;
 * `deadlineAt` is the run's. `full`: a limit is reached; `late`: the run did not complete.
 * `asksDirectly`: the limit is one of the object or of the account's share of it, and nobody else runs the same, so the caller may run it.
 */
export type CoalescedAnswer =
  | {
      readonly kind: 'completed';
      readonly text: string;
      readonly joined: boolean;
      readonly completedAt: number;
      readonly deadlineAt: number;
    }
  | { readonly kind: 'full'; readonly asksDirectly?: true }
  | { readonly kind: 'late' };

/** The work of a run. `tooLarge` replaces a result that exceeds `answerChars`. */
export type Work = {
  readonly run: () => Promise<Result<unknown, unknown>>;
  readonly tooLarge: (result: Result<unknown, unknown>) => Result<unknown, unknown>;
};

/** Runs work once for all callers that request it at the same time. */
export interface Coalescer {
  /**
   * Joins the run with this key, or starts one. A failed run fails for all its callers, and the next caller starts a new one. A delivered
   * result is shared, for a few seconds, with callers that began before it completed. Rethrows to all callers whatever the work throws.
   */
  join(key: string, caller: CoalescedCaller, work: Work): Promise<CoalescedAnswer>;
}

type CoalescedRequest = {
  readonly deadlineAt: number;
  /** That of the caller who started it. */
  readonly account: string;
  callers: number;
  chars: number;
  completedAt: number | null;
  completion: Promise<string | null>;
};

export function createCoalescer(clock: Clock, limits: CoalescerLimits = COALESCER_LIMITS): Coalescer {
  const known = new Map<string, CoalescedRequest>();
  let lingering = 0;

  const forget = (key: string, request: CoalescedRequest): void => {
    if (known.get(key) !== request) return;
    known.delete(key);
    lingering -= request.chars;
  };

  const runWork = async (key: string, request: CoalescedRequest, { run, tooLarge }: Work): Promise<string | null> => {
    let stays = false;
    try {
      const result = await withTimeout(run(), limits.runMs);
      if (result === TIMED_OUT) return null;
      const text = JSON.stringify(result);
      request.completedAt = clock();
      stays = result.ok && text.length <= limits.lingerChars && lingering + text.length <= limits.lingeringChars;
      if (stays) lingering += request.chars = text.length;
      return text.length > limits.answerChars ? JSON.stringify(tooLarge(result)) : text;
    } finally {
      if (stays) setTimeout(() => forget(key, request), limits.lingerMs);
      else forget(key, request);
    }
  };

  const answerFor = async (request: CoalescedRequest, position: number): Promise<CoalescedAnswer> => {
    const text = await request.completion;
    if (text === null) return { kind: 'late' };
    if (position > 1 && position * text.length > limits.sentChars) return { kind: 'full' };
    return { kind: 'completed', text, joined: position > 1, completedAt: request.completedAt ?? clock(), deadlineAt: request.deadlineAt };
  };

  const hasRoom = (account: string): boolean => {
    const own = [...known.values()].filter((request) => request.account === account && request.completedAt === null);
    if (own.length >= limits.requestsOfAccount) return false;
    if (known.size < limits.requests) return true;
    // Completed requests make room for new ones.
    const completed = [...known].find(([, request]) => request.completedAt !== null);
    if (completed === undefined) return false;
    forget(...completed);
    return true;
  };

  return {
    async join(key, { beganAt, deadlineAt, account }, work) {
      const found = known.get(key);
      if (found !== undefined && (found.completedAt === null || found.completedAt > beganAt)) {
        if (found.callers >= limits.callers) return { kind: 'full' };
        found.callers += 1;
        return answerFor(found, found.callers);
      }
      if (found !== undefined) forget(key, found);
      else if (!hasRoom(account)) return { kind: 'full', asksDirectly: true };
      const request: CoalescedRequest = { deadlineAt, account, callers: 1, chars: 0, completedAt: null, completion: Promise.resolve(null) };
      known.set(key, request);
      request.completion = runWork(key, request, work);
      return answerFor(request, 1);
    },
  };
}
