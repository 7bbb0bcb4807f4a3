import type { LedgerCall } from '../ledger/commands.ts';

/** Bounds of a batch and of what may wait. Characters are those of JSON. */
export type TurnLimits = {
  readonly batchCalls: number;
  /** A larger call is sent alone. */
  readonly batchChars: number;
  /** The most calls of one account in a batch, so that a call of another never waits long for the batch before it. */
  readonly accountBatchCalls: number;
  readonly waitingCalls: number;
  readonly waitingChars: number;
  /** The most waiting calls of one account. Calls that end a request are taken beyond it. */
  readonly accountWaitingCalls: number;
  /** Multiplies the limits of what waits for settle, release and undo, which free money and must not be lost. */
  readonly endingFactor: number;
};

/** Something that waits: a call of the ledger, or (`call` is null) other statements, which are sent as a batch of their own. */
export type Waiting = { readonly call: LedgerCall | null; readonly chars: number; readonly since: number };

/** What waits without an account: the service's own writes, and calls of keys that the writer has not met. */
const SHARED = { service: 'service', unmet: 'unmet' } as const;

/** Bounds the memory for keys to about 3 MB. A key that was pushed out is met again with its next call. */
const MOST_MET_KEYS = 10_000;

/**
 * The queues of a writer, one for each account. Accounts take turns: a turn is one batch, either of calls of all accounts or of one
 * account's other statements, and an account that had its turn comes after every account that waited meanwhile. An account's own calls stay
 * in their order. Calls of keys not met yet share one queue, so that made-up keys don't multiply turns.
 */
export class Turns<T extends Waiting> {
  readonly #limits: TurnLimits;
  readonly #met = new Map<string, string>();
  /** In the order of turns. */
  readonly #queues = new Map<string, T[]>();
  /** The queues of the present turn: they come last once it has ended. */
  readonly #served = new Map<string, T[]>();
  #size = 0;
  #chars = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  hasMet(payer: string): boolean {
    return isAccount(payer) || this.#met.has(payer);
  }

  /** Remembers whose a key is, for good: `accountId` is the account that `payer`, the hash of a key, belongs to. */
  meet(payer: string, accountId: string): void {
    const [oldest] = this.#met.size < MOST_MET_KEYS ? [] : this.#met.keys();
    if (oldest !== undefined) this.#met.delete(oldest);
    this.#met.set(payer, accountId);
  }

  /** Adds to the queue of `payer`, an account or the hash of a key. False where too much waits already. */
  add(waiting: T, payer: string | undefined): boolean {
    const { waitingCalls, waitingChars, accountWaitingCalls, endingFactor } = this.#limits;
    const factor = isEnding(waiting) ? endingFactor : 1;
    const isFull = this.#size >= waitingCalls * factor || this.#chars + waiting.chars > waitingChars * factor;
    if (isFull && this.#size > 0) return false;
    const name = payer === undefined ? SHARED.service : isAccount(payer) ? payer : (this.#met.get(payer) ?? SHARED.unmet);
    const queue = this.#served.get(name) ?? this.#queues.get(name) ?? [];
    if (!isEnding(waiting) && !isShared(name) && queue.length >= accountWaitingCalls) return false;
    queue.push(waiting);
    if (!this.#served.has(name)) this.#queues.set(name, queue);
    this.#size += 1;
    this.#chars += waiting.chars;
    return true;
  }

  /** Takes the batch of the next turn, and ends the one before. Empty when nothing waits. */
  next(): readonly T[] {
    for (const [name, queue] of this.#served) if (queue.length > 0) this.#queues.set(name, queue);
    this.#served.clear();
    const [first] = this.#queues;
    if (first === undefined) return [];
    const [name, [head]] = first;
    if (head?.call !== null) return this.#takeCalls([...this.#queues]);
    this.#take(name, head);
    return [head];
  }

  /** Removes what `isLate` says, and returns it. */
  remove(isLate: (waiting: T) => boolean): readonly T[] {
    const late: T[] = [];
    for (const [name, queue] of [...this.#queues, ...this.#served]) {
      late.push(...queue.filter(isLate));
      queue.splice(0, queue.length, ...queue.filter((waiting) => !isLate(waiting)));
      if (queue.length === 0) this.#queues.delete(name);
    }
    this.#size -= late.length;
    this.#chars -= late.reduce((total, { chars }) => total + chars, 0);
    return late;
  }

  /** One call of each account, then another of each, up to the limits of a batch. */
  #takeCalls(waiting: readonly (readonly [string, readonly T[]])[]): readonly T[] {
    const { batchCalls, batchChars, accountBatchCalls } = this.#limits;
    const group: T[] = [];
    let chars = 0;
    for (let round = 0, before = -1; group.length > before; round += 1) {
      before = group.length;
      for (const [name, [head]] of waiting) {
        if (head === undefined || head.call === null || (round >= accountBatchCalls && !isShared(name))) continue;
        if (group.length > 0 && (group.length >= batchCalls || chars + head.chars > batchChars)) return group;
        chars += head.chars;
        group.push(head);
        this.#take(name, head);
      }
    }
    return group;
  }

  /** Takes the first of a queue, whose turn this is then. */
  #take(name: string, head: T): void {
    const queue = this.#queues.get(name) ?? this.#served.get(name) ?? [];
    queue.shift();
    this.#queues.delete(name);
    this.#served.set(name, queue);
    this.#size -= 1;
    this.#chars -= head.chars;
  }
}

/** Whether a call ends a request rather than starting one. */
export function isEnding({ call }: Waiting): boolean {
  return call !== null && call.kind !== 'reserve' && call.kind !== 'charge';
}

function isShared(name: string): boolean {
  return name === SHARED.service || name === SHARED.unmet;
}

function isAccount(payer: string): boolean {
  return payer.startsWith('acct_');
}
