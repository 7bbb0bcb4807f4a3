import type { InStatement, ResultSet } from '@libsql/client/web';
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../db/client.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { CALL_POLICY, type CallPolicy, callDatabase } from '../../db/call.ts';
import type { LedgerWriter, PlainSet, Refused, WriteFailure } from '../ledger/writer.ts';
import { batchOf, type Outcome } from '../ledger/batch.ts';
import type { LedgerCall } from '../ledger/commands.ts';
import { isEnding, type TurnLimits, Turns, type Waiting } from './turns.ts';

/** Bounds of the writer's batches and queues. */
export type WriterLimits = TurnLimits & {
  /** How long a call may wait before it is sent. */
  readonly waitMs: number;
};

/**
 * A batch of 256 calls holds the database's lock for about 40 ms (measured on sqld); 4,000 waiting calls are about a second of work. After
 * two seconds of waiting a new attempt is faster. The factor of two is bounded by the 128 MB of a Durable Object and by the ten seconds
 * after which its callers time out. One account gets an eighth of the queue, and sixteen calls of a batch, because a call of another
 * account that arrives in the middle of a batch waits for its end (docs/operating/reliability.md).
 */
export const WRITER_LIMITS: WriterLimits = {
  batchCalls: 256,
  batchChars: 4_000_000,
  accountBatchCalls: 16,
  waitingCalls: 4_000,
  waitingChars: 32_000_000,
  accountWaitingCalls: 500,
  waitMs: 2_000,
  endingFactor: 2,
};

/**
 * A batch without an answer after two seconds is sent again in parallel, because one connection can be stuck while the server is not.
 * Callers that wait in the queue must not do this: repeating would only lengthen the queue.
 */
const WRITER_POLICY: CallPolicy = { ...CALL_POLICY, tryMs: 2_000 };

/** `connect` opens a connection for one batch. */
export type WriterDeps = {
  readonly connect: () => Pick<Database, 'batch'>;
  readonly clock: Clock;
  readonly policy?: CallPolicy;
  readonly limits?: WriterLimits;
};

type Waiter = Waiting & { readonly refuse: (failure: WriteFailure) => void };

type WaitingCall = Waiter & {
  readonly call: LedgerCall;
  readonly answer: (outcome: Outcome) => void;
};

type WaitingRun = Waiter & {
  readonly call: null;
  readonly statements: readonly InStatement[];
  readonly answer: (sets: readonly PlainSet[]) => void;
};

/** Checks of the queue in each `waitMs`, so that nothing waits much longer than allowed. */
const SWEEPS_IN_A_WAIT = 4;

/** By then the present queue has been written or refused. */
const RETRY_AFTER_SECONDS = 2;

/**
 * Creates the writer of one database. It sends one batch at a time: a call that finds the queue empty is sent at once, and calls that
 * arrive while a batch is running share the next, in which each account has its turn (`Turns`). It caches nothing of the ledger but
 * whose a key is; the database's guards decide everything. Never rejects: a bug becomes the result `refused` of its own call.
 */
export function createLedgerWriter(deps: WriterDeps): LedgerWriter {
  const { clock, limits = WRITER_LIMITS } = deps;
  const turns = new Turns<WaitingCall | WaitingRun>(limits);
  let isPumping = false;
  let sweep: ReturnType<typeof setTimeout> | null = null;

  const pump = async () => {
    isPumping = true;
    for (let group = turns.next(); group.length > 0; group = turns.next()) {
      try {
        await write(deps, group);
      } catch (bug) {
        // No caller may be left waiting, whatever went wrong.
        for (const { refuse } of group) refuse(refusedBy(bug));
      }
    }
    isPumping = false;
  };

  /** Refuses calls that have waited too long behind a batch that doesn't return. */
  const scheduleSweep = () => {
    sweep ??= setTimeout(() => {
      sweep = null;
      const now = clock();
      const late = turns.remove((waiting) => now - waiting.since >= limits.waitMs * (isEnding(waiting) ? limits.endingFactor : 1));
      for (const { refuse } of late) refuse({ kind: 'busy', retryAfterSeconds: RETRY_AFTER_SECONDS });
      if (turns.size > 0) scheduleSweep();
    }, limits.waitMs / SWEEPS_IN_A_WAIT);
  };

  const enqueue = (waiting: WaitingCall | WaitingRun, payer: string | undefined) => {
    if (!turns.add(waiting, payer)) {
      waiting.refuse({ kind: 'busy', retryAfterSeconds: RETRY_AFTER_SECONDS });
      return;
    }
    if (!isPumping) void pump();
    else scheduleSweep();
  };

  const submit: LedgerWriter['submit'] = (call) =>
    new Promise((resolve) => {
      const { payer } = call;
      const answer = (outcome: Outcome) => {
        const accountId = payer === undefined || turns.hasMet(payer) ? null : accountIn(outcome);
        if (payer !== undefined && accountId !== null) turns.meet(payer, accountId);
        resolve(ok(outcome));
      };
      enqueue({ call, chars: charsOf(call), since: clock(), answer, refuse: (failure) => resolve(err(failure)) }, payer);
    });

  return {
    submit,
    async compensate(call) {
      await submit(call);
    },
    run: (statements, payer) =>
      new Promise((resolve) => {
        const answer = (sets: readonly PlainSet[]) => resolve(ok(sets));
        const chars = JSON.stringify(statements, measurable).length;
        enqueue({ call: null, statements, chars, since: clock(), answer, refuse: (failure) => resolve(err(failure)) }, payer);
      }),
  };
}

/** The account in the outcome of a spend. Other outcomes name none. */
function accountIn(outcome: Outcome): string | null {
  return outcome === null ? null : (/"accountId":"(acct_[^"]*)"/.exec(outcome)?.[1] ?? null);
}

async function write(deps: WriterDeps, group: readonly (WaitingCall | WaitingRun)[]): Promise<void> {
  const [first] = group;
  if (first === undefined || first.call !== null) {
    await writeCalls(
      deps,
      group.filter((waiting) => waiting.call !== null),
    );
    return;
  }
  const sets = await send(deps, first.statements);
  if (sets.ok) first.answer(sets.value.map(plainSet));
  else first.refuse(sets.error);
}

/**
 * Sends calls as one batch. A batch that the database refuses is split in halves until the faulty call is refused alone. Returns whether
 * the database is reachable; if not, the other half isn't tried.
 */
async function writeCalls(deps: WriterDeps, calls: readonly WaitingCall[]): Promise<boolean> {
  const batch = batchOf(calls.map(({ call }) => call));
  const sets = await send(deps, batch.statements);
  if (sets.ok) {
    const outcomes = batch.read(sets.value);
    for (const [index, { answer }] of calls.entries()) answer(outcomes[index] ?? null);
    return true;
  }
  if (sets.error.kind !== 'refused' || calls.length === 1) {
    for (const { refuse } of calls) refuse(sets.error);
    return sets.error.kind === 'refused';
  }
  const middle = Math.ceil(calls.length / 2);
  if (await writeCalls(deps, calls.slice(0, middle))) return writeCalls(deps, calls.slice(middle));
  for (const { refuse } of calls.slice(middle)) refuse({ kind: 'unreachable' });
  return false;
}

async function send(deps: WriterDeps, statements: readonly InStatement[]): Promise<Result<readonly ResultSet[], WriteFailure>> {
  try {
    // A new connection for each try: a broken one must not be reused.
    return await callDatabase(() => deps.connect().batch([...statements], 'write'), deps.policy ?? WRITER_POLICY);
  } catch (bug) {
    return err(refusedBy(bug));
  }
}

function refusedBy(bug: unknown): Refused {
  const code = bug instanceof Error && 'code' in bug && typeof bug.code === 'string' ? bug.code : 'UNKNOWN';
  return { kind: 'refused', code, message: bug instanceof Error ? bug.message : 'the database refused a statement' };
}

function plainSet({ columns, rows, rowsAffected }: ResultSet): PlainSet {
  return { columns, rows: rows.map((row) => columns.map((_column, index) => row[index])), rowsAffected };
}

function charsOf({ row, look, claim = '', unclaim = '', remember = '', fail = '', heal = '' }: LedgerCall): number {
  return row.length + look.length + claim.length + unclaim.length + remember.length + fail.length + heal.length;
}

/** Replaces arguments that JSON can't express; used only to measure them. */
function measurable(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' || value instanceof Uint8Array ? String(value) : value;
}
