import type { InStatement, ResultSet } from '@libsql/client/web';
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../db/client.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { CALL_POLICY, type CallPolicy, callDatabase } from '../../db/call.ts';
import type { LedgerWriter, PlainSet, Refused, WriteFailure } from '../ledger/writer.ts';
import { batchOf, type Outcome } from '../ledger/batch.ts';
import type { LedgerCall } from '../ledger/commands.ts';

/** Bounds of the writer's batches and queue. */
export type WriterLimits = {
  readonly batchCalls: number;
  /** JSON characters in one batch; a larger call is sent alone. */
  readonly batchChars: number;
  readonly waitingCalls: number;
  /** JSON characters. */
  readonly waitingChars: number;
  /** How long a call may wait before it is sent. */
  readonly waitMs: number;
  /** Multiplies the queue's limits for settle, release and undo, which free money and must not be lost. */
  readonly endingFactor: number;
};

/**
 * A batch of 256 calls holds the database's lock for about 40 ms (measured on sqld); 4,000 waiting calls are about a second of work. After
 * two seconds of waiting a new attempt is faster. The factor of two is bounded by the 128 MB of a Durable Object and by the ten seconds
 * after which its callers time out.
 */
export const WRITER_LIMITS: WriterLimits = {
  batchCalls: 256,
  batchChars: 4_000_000,
  waitingCalls: 4_000,
  waitingChars: 32_000_000,
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

type Waiter = { readonly chars: number; readonly since: number; readonly refuse: (failure: WriteFailure) => void };

type WaitingCall = Waiter & { readonly kind: 'call'; readonly call: LedgerCall; readonly answer: (outcome: Outcome) => void };

type WaitingRun = Waiter & {
  readonly kind: 'run';
  readonly statements: readonly InStatement[];
  readonly answer: (sets: readonly PlainSet[]) => void;
};

type Waiting = WaitingCall | WaitingRun;

/** Checks of the queue in each `waitMs`, so that nothing waits much longer than allowed. */
const SWEEPS_IN_A_WAIT = 4;

/** By then the present queue has been written or refused. */
const RETRY_AFTER_SECONDS = 2;

/**
 * Creates the writer of one database. It sends one batch at a time: a call that finds the queue empty is sent at once, and calls that
 * arrive while a batch is running share the next. It caches nothing of the ledger; the database's guards decide everything. Never
 * rejects: a bug becomes the result `refused` of its own call.
 */
export function createLedgerWriter(deps: WriterDeps): LedgerWriter {
  const { clock, limits = WRITER_LIMITS } = deps;
  const queue: Waiting[] = [];
  let waitingChars = 0;
  let isPumping = false;
  let sweep: ReturnType<typeof setTimeout> | null = null;

  const pump = async () => {
    isPumping = true;
    while (queue.length > 0) {
      const group = take(queue, limits);
      waitingChars -= group.reduce((total, { chars }) => total + chars, 0);
      try {
        await write(deps, group);
      } catch (bug) {
        // No caller may be left waiting, whatever went wrong.
        for (const { refuse } of group) refuse(refusedBy(bug));
      }
    }
    isPumping = false;
  };

  const factorOf = (waiting: Waiting) => (isEnding(waiting) ? limits.endingFactor : 1);

  /** Refuses calls that have waited too long behind a batch that doesn't return. */
  const scheduleSweep = () => {
    sweep ??= setTimeout(() => {
      sweep = null;
      const now = clock();
      const isLate = (waiting: Waiting) => now - waiting.since >= limits.waitMs * factorOf(waiting);
      const late = queue.filter(isLate);
      if (late.length > 0) queue.splice(0, queue.length, ...queue.filter((waiting) => !isLate(waiting)));
      for (const { chars, refuse } of late) {
        waitingChars -= chars;
        refuse({ kind: 'busy', retryAfterSeconds: RETRY_AFTER_SECONDS });
      }
      if (queue.length > 0) scheduleSweep();
    }, limits.waitMs / SWEEPS_IN_A_WAIT);
  };

  const enqueue = (waiting: Waiting) => {
    const factor = factorOf(waiting);
    const isFull = queue.length >= limits.waitingCalls * factor || waitingChars + waiting.chars > limits.waitingChars * factor;
    if (isFull && queue.length > 0) {
      waiting.refuse({ kind: 'busy', retryAfterSeconds: RETRY_AFTER_SECONDS });
      return;
    }
    queue.push(waiting);
    waitingChars += waiting.chars;
    if (!isPumping) void pump();
    else scheduleSweep();
  };

  const submit: LedgerWriter['submit'] = (call) =>
    new Promise((resolve) => {
      const answer = (outcome: Outcome) => resolve(ok(outcome));
      enqueue({ kind: 'call', call, chars: charsOf(call), since: clock(), answer, refuse: (failure) => resolve(err(failure)) });
    });

  return {
    submit,
    async compensate(call) {
      await submit(call);
    },
    run: (statements) =>
      new Promise((resolve) => {
        const answer = (sets: readonly PlainSet[]) => resolve(ok(sets));
        const chars = JSON.stringify(statements, measurable).length;
        enqueue({ kind: 'run', statements, chars, since: clock(), answer, refuse: (failure) => resolve(err(failure)) });
      }),
  };
}

/** Whether a call ends a request rather than starting one. */
function isEnding(waiting: Waiting): boolean {
  return waiting.kind === 'call' && waiting.call.kind !== 'reserve' && waiting.call.kind !== 'charge';
}

/** Takes the next group: as many calls as fit one batch, or one batch of other statements. */
function take(queue: Waiting[], limits: WriterLimits): readonly Waiting[] {
  let chars = 0;
  let count = 0;
  for (const waiting of queue) {
    const isFull = count >= limits.batchCalls || chars + waiting.chars > limits.batchChars;
    if (count > 0 && (isFull || waiting.kind === 'run')) break;
    chars += waiting.chars;
    count += 1;
    if (waiting.kind === 'run') break;
  }
  return queue.splice(0, count);
}

async function write(deps: WriterDeps, group: readonly Waiting[]): Promise<void> {
  const [first] = group;
  if (first?.kind !== 'run') {
    await writeCalls(
      deps,
      group.flatMap((waiting) => (waiting.kind === 'call' ? [waiting] : [])),
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
