import type { InStatement, ResultSet } from '@libsql/client/web';
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../db/client.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { CALL_POLICY, type CallPolicy, callDatabase } from '../../db/call.ts';
import type { LedgerWriter, PlainSet, Refused, WriteFailure } from '../ledger/writer.ts';
import { batchOf, type Found } from '../ledger/batch.ts';
import type { LedgerCall } from '../ledger/commands.ts';

/** How much is written and waited for at once. */
export type WriterLimits = {
  /** Calls in one batch. */
  readonly batchCalls: number;
  /** Characters of JSON in one batch; a larger call goes alone. */
  readonly batchChars: number;
  /** Calls that may wait. */
  readonly waitingCalls: number;
  /** Characters of JSON that may wait. */
  readonly waitingChars: number;
  /** How long a call may wait before it is sent. Milliseconds. */
  readonly waitMs: number;
  /** How many times as many, and how many times as long, the calls may wait that end what was begun: they make room and are owed. */
  readonly endingFactor: number;
};

/**
 * 256 calls keep the database's one lock for some 40 ms (measured on sqld), so no batch makes the next wait long; 4,000 that wait are
 * about a second of work. What has waited two seconds would answer later than a new try somewhere else, and is told to come again.
 * What ends a request may be twice as much and wait twice as long. Not more: an object has 128 MB, and its callers wait ten seconds.
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
 * A batch that is silent for two seconds is sent again beside itself, since a single connection can be stuck where the server is not. Only
 * here: who waits for the writer's turn is silent for longer, and asking again would only make the queue longer.
 */
const WRITER_POLICY: CallPolicy = { ...CALL_POLICY, tryMs: 2_000 };

/** What a writer is made of. `connect` makes a connection for one batch. */
export type WriterDeps = {
  readonly connect: () => Pick<Database, 'batch'>;
  readonly clock: Clock;
  readonly policy?: CallPolicy;
  readonly limits?: WriterLimits;
};

type Waiter = { readonly chars: number; readonly since: number; readonly refuse: (failure: WriteFailure) => void };

type WaitingCall = Waiter & { readonly kind: 'call'; readonly call: LedgerCall; readonly answer: (found: Found) => void };

type WaitingRun = Waiter & {
  readonly kind: 'run';
  readonly statements: readonly InStatement[];
  readonly answer: (sets: readonly PlainSet[]) => void;
};

type Waiting = WaitingCall | WaitingRun;

/** How often those that wait are looked at, so that nobody waits much longer than allowed. */
const SWEEPS_IN_A_WAIT = 4;

/** How long someone who is turned away should stay away: by then the queue of now is written or given up. Seconds. */
const RETRY_AFTER_SECONDS = 2;

/**
 * A writer over one database. It sends one batch at a time: a call that finds nobody before it goes out at once, and those that come
 * while a batch is on its way share the next. It remembers nothing of the ledger, so the database's own guards decide everything.
 * Never rejects: a bug is the outcome `refused` of the call that has it.
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
        // Whatever went wrong here, nobody may be left waiting.
        for (const { refuse } of group) refuse(refusedBy(bug));
      }
    }
    isPumping = false;
  };

  const factorOf = (waiting: Waiting) => (isEnding(waiting) ? limits.endingFactor : 1);

  /** Turns those away that have waited too long behind a batch that doesn't come back. */
  const sweepLater = () => {
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
      if (queue.length > 0) sweepLater();
    }, limits.waitMs / SWEEPS_IN_A_WAIT);
  };

  const enter = (waiting: Waiting) => {
    const factor = factorOf(waiting);
    const isFull = queue.length >= limits.waitingCalls * factor || waitingChars + waiting.chars > limits.waitingChars * factor;
    if (isFull && queue.length > 0) {
      waiting.refuse({ kind: 'busy', retryAfterSeconds: RETRY_AFTER_SECONDS });
      return;
    }
    queue.push(waiting);
    waitingChars += waiting.chars;
    if (!isPumping) void pump();
    else sweepLater();
  };

  const submit: LedgerWriter['submit'] = (call) =>
    new Promise((resolve) => {
      const answer = (found: Found) => resolve(ok(found));
      enter({ kind: 'call', call, chars: charsOf(call), since: clock(), answer, refuse: (failure) => resolve(err(failure)) });
    });

  return {
    submit,
    async abandon(call) {
      await submit(call);
    },
    run: (statements) =>
      new Promise((resolve) => {
        const answer = (sets: readonly PlainSet[]) => resolve(ok(sets));
        const chars = JSON.stringify(statements, plainText).length;
        enter({ kind: 'run', statements, chars, since: clock(), answer, refuse: (failure) => resolve(err(failure)) });
      }),
  };
}

/** Whether a call ends what was begun, rather than beginning something. */
function isEnding(waiting: Waiting): boolean {
  return waiting.kind === 'call' && waiting.call.kind !== 'reserve' && waiting.call.kind !== 'charge';
}

/** Takes what goes out next: as many calls as one batch may hold, or one batch of other statements. */
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

/** Sends what was taken: calls as one batch, other statements as theirs. */
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
 * Sends calls as one batch. One that the database refuses is sent in halves, and so on down to the culprit, which is refused alone.
 * Returns whether the database can be asked: where it can't, the rest isn't tried, or a thousand calls would each wait in vain.
 */
async function writeCalls(deps: WriterDeps, calls: readonly WaitingCall[]): Promise<boolean> {
  const batch = batchOf(calls.map(({ call }) => call));
  const sets = await send(deps, batch.statements);
  if (sets.ok) {
    const found = batch.read(sets.value);
    for (const [index, { answer }] of calls.entries()) answer(found[index] ?? null);
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
    // A connection for each try: one that broke must not be met again.
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

/** Arguments that JSON has no word for, only to measure them. */
function plainText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' || value instanceof Uint8Array ? String(value) : value;
}
