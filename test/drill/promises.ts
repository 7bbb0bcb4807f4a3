import type { DrilledPromise } from './drill.ts';

/** The guarantees that the failpoint test checks, by a short name. */
export const PROMISES = {
  charged: 'Nothing is delivered that was not charged',
  amount: 'What is booked is what the answer says and what the price card says',
  once: 'A request, and an Idempotency-Key, is charged once',
  sum: 'No credit is minted or lost: the journal is grants and top-ups less what was settled',
  resolved: 'Every hold is resolved, and what was not settled came back',
  open: 'No hold is open past its time once the reaper has run',
  undelivered: 'A read that ends in an error costs nothing',
  replay: 'A charged read whose answer was lost is answered under its Idempotency-Key, for nothing',
  topUps: 'A top-up is credited once and taken back exactly',
  budget: 'A key spends no more than its budget',
  taxonomy: 'A fault ends in an answer that the error taxonomy explains, never in `internal`',
  audit: 'The audit of the ledger is zero',
} as const satisfies Record<string, string>;
export type PromiseName = keyof typeof PROMISES;

/** Violations described in the report; all are counted. */
const MAX_DESCRIBED = 20;

/** Counts violations, and describes the first ones. */
export class Breaches {
  readonly lines: string[] = [];
  readonly #broken = new Map<PromiseName, number>();
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** `number` is that of the request, if the violation concerns a single one. */
  add(promise: PromiseName, number: number | null, what: string): void {
    this.#broken.set(promise, this.count(promise) + 1);
    const where = number === null ? `seed ${this.#seed}` : `seed ${this.#seed} request ${number}`;
    if (this.lines.length < MAX_DESCRIBED) this.lines.push(`${promise}: ${where}: ${what}`);
  }

  count(promise: PromiseName): number {
    return this.#broken.get(promise) ?? 0;
  }

  promises(): readonly DrilledPromise[] {
    // safe because the table has only these keys
    const names = Object.keys(PROMISES) as PromiseName[];
    return names.map((name) => ({ promise: PROMISES[name], broken: this.count(name) }));
  }
}
