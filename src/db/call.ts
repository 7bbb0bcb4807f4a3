import { LibsqlError } from '@libsql/client/web';
import { inTime, LATE } from '../core/timeout.ts';
import { err, ok, type Result } from '../core/result.ts';

const seconds = 1_000;

/** The database didn't answer in time, or can't be used. Whether a write landed is unknown: only its id makes a repeat harmless. */
export type Unreachable = { readonly kind: 'unreachable' };

/** How patient one call is. */
export type CallPolicy = {
  /** The whole call with all its tries, milliseconds. */
  readonly deadlineMs: number;
  /** One try, milliseconds; the whole call's time where it is left out. */
  readonly tryMs?: number;
  /** How often a batch is sent at most. */
  readonly tries: number;
  /** Pauses between tries. Tests hand in one that doesn't. */
  readonly wait: (ms: number) => Promise<void>;
};

/**
 * Five seconds: sqld takes the write lock from a stuck writer after five, so a later answer would be a stranger's luck, and a read's
 * own deadline of 25 s must leave room for a hold, a fetch and a settlement. Three tries ride out one restart or one stolen lock.
 */
export const CALL_POLICY: CallPolicy = {
  deadlineMs: 5 * seconds,
  tries: 3,
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** Between the first and the second try; doubled after each. No jitter: callers are spread by their own network already. */
const FIRST_PAUSE_MS = 40;

/**
 * Runs `send` until it answers, at most `tries` times and `deadlineMs` long. `send` must be harmless to repeat and is told which try it
 * is, from 1. Network errors, 5xx, 429, a busy database and one whose disk or memory fails it are tried again; a statement that the
 * database refuses (a broken constraint, bad SQL) is a bug and throws. A request that is late is left to end by itself: ending it from
 * here could cut a write in half.
 */
export async function callDatabase<T>(send: (attempt: number) => Promise<T>, policy: CallPolicy): Promise<Result<T, Unreachable>> {
  let isOver = false;
  try {
    const answer = await inTime(
      tryInTurn(send, policy, () => isOver),
      policy.deadlineMs,
    );
    return answer === LATE ? err({ kind: 'unreachable' }) : answer;
  } finally {
    isOver = true;
  }
}

async function tryInTurn<T>(
  send: (attempt: number) => Promise<T>,
  policy: CallPolicy,
  isOver: () => boolean,
): Promise<Result<T, Unreachable>> {
  for (let attempt = 1; attempt <= policy.tries && !isOver(); attempt++) {
    const outcome = await attemptInTime(send, attempt, policy);
    if (outcome.kind === 'answered') return ok(outcome.value);
    if (outcome.kind === 'hopeless' || attempt === policy.tries || isOver()) break;
    await policy.wait(FIRST_PAUSE_MS * 2 ** (attempt - 1));
  }
  return err({ kind: 'unreachable' });
}

type Attempt<T> = { readonly kind: 'answered'; readonly value: T } | { readonly kind: 'failed' } | { readonly kind: 'hopeless' };

async function attemptInTime<T>(send: (attempt: number) => Promise<T>, attempt: number, policy: CallPolicy): Promise<Attempt<T>> {
  const outcome = await inTime(attemptOnce(send, attempt), policy.tryMs ?? policy.deadlineMs);
  return outcome === LATE ? { kind: 'failed' } : outcome;
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

/** What SQLite says when the machine fails it rather than the statement: a busy or broken or full disk, no memory, a file that is not there. */
const TROUBLE = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|NOMEM|CANTOPEN|READONLY|PROTOCOL|INTERRUPT)/;

/** The client speaks of its own failures with LibsqlError; whatever else comes out of it is the network's, save a number too large. */
function classify(error: unknown): 'failed' | 'hopeless' | 'bug' {
  if (error instanceof RangeError) return 'bug';
  if (!(error instanceof LibsqlError)) return 'failed';
  // sqld says IOERR when its disk is full.
  if (TROUBLE.test(error.code)) return 'failed';
  if (/^(SQLITE|SQL|ARGS)_/.test(error.code)) return 'bug';
  const status = httpStatus(error.cause);
  // A wrong token, a missing database: an operator's matter, and no try will change it.
  if (status !== undefined && status >= 400 && status < 500 && status !== 429) return 'hopeless';
  return 'failed';
}

function httpStatus(cause: unknown): number | undefined {
  if (typeof cause !== 'object' || cause === null || !('status' in cause)) return undefined;
  return typeof cause.status === 'number' ? cause.status : undefined;
}
