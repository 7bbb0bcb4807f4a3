import { LibsqlError } from '@libsql/client/web';
import { withTimeout, TIMED_OUT } from '../core/timeout.ts';
import { err, ok, type Result } from '../core/result.ts';

const seconds = 1_000;

/** The database did not answer in time or cannot be used. A write may have been applied: only a repeatable write is safe to retry. */
export type Unreachable = { readonly kind: 'unreachable' };

export type CallPolicy = {
  /** Milliseconds for the call with all its attempts. */
  readonly deadlineMs: number;
  /** Milliseconds for one attempt; `deadlineMs` when absent. */
  readonly tryMs?: number;
  readonly tries: number;
  /** Sleeps between attempts. Tests inject one that returns at once. */
  readonly wait: (ms: number) => Promise<void>;
};

/**
 * Five seconds: after that sqld takes the write lock from a stuck writer, so a later answer may belong to another request. A read's
 * deadline of 25 s must also leave room for a hold, a fetch and a settlement. Three attempts survive one restart or one lock that was taken
 * away.
 */
export const CALL_POLICY: CallPolicy = {
  deadlineMs: 5 * seconds,
  tries: 3,
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** Before the second attempt; doubled before each further one. No jitter: the callers' networks already spread them. */
const FIRST_PAUSE_MS = 40;

/**
 * While sqld checkpoints, whoever wants to write gets SQLITE_BUSY at once, as a normal outcome. So it uses up no attempt: the call is
 * repeated after some milliseconds, doubled up to a longest pause, for about the five seconds of the longest deadline.
 */
const FIRST_BUSY_PAUSE_MS = 5;
const LONGEST_BUSY_PAUSE_MS = 80;
const MAX_BUSY_REPEATS = 60;

/**
 * Calls `send` until it succeeds, within the policy's attempts and deadline. `send` must be safe to repeat; it receives the attempt's
 * number, from 1. Network errors, 5xx, 429 and a database that is out of disk or memory are retried as often as the policy says, a database
 * that is busy more often. A refused statement (broken constraint, bad SQL) is a bug and throws. A late request is not aborted, since that
 * could cut a write in half.
 */
export async function callDatabase<T>(send: (attempt: number) => Promise<T>, policy: CallPolicy): Promise<Result<T, Unreachable>> {
  let isOver = false;
  try {
    const answer = await withTimeout(
      tryInTurn(send, policy, () => isOver),
      policy.deadlineMs,
    );
    return answer === TIMED_OUT ? err({ kind: 'unreachable' }) : answer;
  } finally {
    isOver = true;
  }
}

async function tryInTurn<T>(
  send: (attempt: number) => Promise<T>,
  policy: CallPolicy,
  isOver: () => boolean,
): Promise<Result<T, Unreachable>> {
  let failures = 0;
  let busy = 0;
  while (failures < policy.tries && busy <= MAX_BUSY_REPEATS && !isOver()) {
    const outcome = await attemptInTime(send, 1 + failures + busy, policy);
    if (outcome.kind === 'answered') return ok(outcome.value);
    if (outcome.kind === 'permanent') break;
    const isBusy = outcome.kind === 'busy';
    const pauseMs = isBusy ? Math.min(FIRST_BUSY_PAUSE_MS * 2 ** busy, LONGEST_BUSY_PAUSE_MS) : FIRST_PAUSE_MS * 2 ** failures;
    if (isBusy) busy += 1;
    else failures += 1;
    if (failures < policy.tries && !isOver()) await policy.wait(pauseMs);
  }
  return err({ kind: 'unreachable' });
}

type Attempt<T> = { readonly kind: 'answered'; readonly value: T } | { readonly kind: 'busy' | 'failed' | 'permanent' };

async function attemptInTime<T>(send: (attempt: number) => Promise<T>, attempt: number, policy: CallPolicy): Promise<Attempt<T>> {
  const outcome = await withTimeout(attemptOnce(send, attempt), policy.tryMs ?? policy.deadlineMs);
  return outcome === TIMED_OUT ? { kind: 'failed' } : outcome;
}

async function attemptOnce<T>(send: (attempt: number) => Promise<T>, attempt: number): Promise<Attempt<T>> {
  try {
    return { kind: 'answered', value: await send(attempt) };
  } catch (error) {
    const failure = classify(error);
    if (failure === 'bug') throw error;
    return { kind: failure };
  }
}

/** Another connection holds the lock: nothing was written. */
const BUSY = /^SQLITE_BUSY/;

/** SQLite codes that blame the machine, not the statement: broken or full disk, no memory, missing file. */
const MACHINE_FAULT = /^SQLITE_(LOCKED|FULL|IOERR|NOMEM|CANTOPEN|READONLY|PROTOCOL|INTERRUPT)/;

/** The client reports its own failures as LibsqlError and throws RangeError for a number that is too large; all else is the network's. */
function classify(error: unknown): 'busy' | 'failed' | 'permanent' | 'bug' {
  if (error instanceof RangeError) return 'bug';
  if (!(error instanceof LibsqlError)) return 'failed';
  if (BUSY.test(error.code)) return 'busy';
  // sqld reports a full disk as IOERR.
  if (MACHINE_FAULT.test(error.code)) return 'failed';
  if (/^(SQLITE|SQL|ARGS)_/.test(error.code)) return 'bug';
  const status = httpStatus(error.cause);
  // A wrong token or a missing database needs an operator; retrying does not help.
  if (status !== undefined && status >= 400 && status < 500 && status !== 429) return 'permanent';
  return 'failed';
}

function httpStatus(cause: unknown): number | undefined {
  if (typeof cause !== 'object' || cause === null || !('status' in cause)) return undefined;
  return typeof cause.status === 'number' ? cause.status : undefined;
}
