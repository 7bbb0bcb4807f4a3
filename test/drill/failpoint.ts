import { AsyncLocalStorage } from 'node:async_hooks';
import { type Random, randomFrom } from '../ledger/payment-lifecycles.ts';

/** The faults of a call that leaves the isolate. */
export const OUTCOMES = [
  /** Never sent; the caller sees a network failure. */
  'lost_request',
  /** Carried out; the caller sees a network failure. */
  'lost_answer',
  /** Answered with a 5xx and not carried out. */
  'error_before',
  /** Carried out and answered with a 5xx. */
  'error_after',
  /** The caller sees a network failure; carried out a little later. */
  'late_request',
  /** The calling isolate or object ends before it sends. */
  'killed_before',
  /** Carried out; the calling isolate or object ends before the response arrives. */
  'killed_after',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** The faults that don't end the caller. */
const SURVIVABLE = ['lost_request', 'lost_answer', 'error_before', 'error_after', 'late_request'] as const satisfies readonly Outcome[];

/** The longest delay of a late request: about the duration of a few others. */
const LATEST_MS = 40;

/** The lifetime of one isolate or Durable Object. */
export class Life {
  isOver = false;
  readonly over: Promise<void>;
  #end: () => void = () => undefined;

  constructor() {
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  end(): void {
    this.isOver = true;
    this.#end();
  }
}

/** The faults of one visit, derived from its seed alone. */
type FaultPlan =
  | { readonly kind: 'none' }
  /** One fault, at this failpoint. */
  | { readonly kind: 'once'; readonly at: number; readonly outcome: Outcome }
  /** A fault at one in `oneIn` failpoints. */
  | { readonly kind: 'random'; readonly oneIn: number }
  /** From this failpoint on, `length` calls to the database fail in the same way. */
  | { readonly kind: 'outage'; readonly from: number; readonly length: number; readonly outcome: Outcome };

/** The usual number of failpoints in a request and in a call of an object; faults are placed among these. */
const USUAL_FAILPOINTS = { request: 12, object: 3 } as const;

/** The kind of visit: a request to an isolate, or a call of a Durable Object. */
type Visitor = keyof typeof USUAL_FAILPOINTS;

function faultPlanOf(random: Random, visitor: Visitor): FaultPlan {
  const dice = random.below(100);
  const somewhere = () => random.below(USUAL_FAILPOINTS[visitor]);
  if (dice < 30) return { kind: 'none' };
  if (dice < 58) return { kind: 'once', at: somewhere(), outcome: random.pick(SURVIVABLE) };
  if (dice < 63) return { kind: 'once', at: somewhere(), outcome: random.pick(['killed_before', 'killed_after']) };
  if (dice < 78) return { kind: 'random', oneIn: 2 + random.below(5) };
  // A call has three tries: up to three calls fail, or the database is gone for the rest of the visit.
  const length = random.below(4) === 0 ? Number.MAX_SAFE_INTEGER : 1 + random.below(9);
  return { kind: 'outage', from: somewhere(), length, outcome: random.pick(SURVIVABLE) };
}

/** A new plan starts after this many failpoints, because an object may have work that never ends. */
const MAX_FAILPOINTS_PER_PLAN = 40;

/** One request in an isolate, or one call of an object. Its faults depend only on (seed, number). */
export class Visit {
  readonly number: number;
  readonly life: Life;
  /** Whether something was carried out after its caller had given up. */
  hasStragglers = false;
  readonly #random: Random;
  readonly #visitor: Visitor;
  #plan: FaultPlan;
  #passed = 0;
  #struck = 0;

  constructor(visitor: Visitor, life: Life, seed: number, number: number) {
    this.life = life;
    this.number = number;
    this.#random = randomFrom(Math.imul(seed, 0x9e3779b1) ^ number);
    this.#visitor = visitor;
    this.#plan = faultPlanOf(this.#random, visitor);
  }

  /** Returns the fault at the next failpoint, or null. */
  next(place: string): Outcome | null {
    if (this.#passed === MAX_FAILPOINTS_PER_PLAN) {
      this.#plan = faultPlanOf(this.#random, this.#visitor);
      this.#passed = 0;
      this.#struck = 0;
    }
    const plan = this.#plan;
    const here = this.#passed++;
    switch (plan.kind) {
      case 'none':
        return null;
      case 'once':
        return here === plan.at ? plan.outcome : null;
      case 'random':
        return this.#random.below(plan.oneIn) === 0 ? this.#random.pick(SURVIVABLE) : null;
      case 'outage':
        if (here < plan.from || place !== DATABASE || this.#struck >= plan.length) return null;
        this.#struck += 1;
        return plan.outcome;
    }
  }

  /** The delay of a late request. */
  lateness(): number {
    return 1 + this.#random.below(LATEST_MS);
  }
}

/** The failpoint name of the database. */
export const DATABASE = 'database';

/** One call that leaves the isolate. */
export type Passage<T> = {
  readonly place: string;
  readonly send: () => Promise<T>;
  /** Returns or throws what the caller gets for a 5xx. */
  readonly failed: () => T;
  /** Reads a response to its end, so that it has been carried out. */
  readonly finish?: (answer: T) => Promise<unknown>;
};

/** Never resolves, so that the code of an ended isolate doesn't continue. */
const never = <T>() => new Promise<T>(() => undefined);

/** The failpoints of one run, with counts of those passed and of the faults at each. */
export class Failpoints {
  /** Disables faults while true. */
  isCalm = false;
  passed = 0;
  readonly struck = new Map<string, number>();
  readonly #visits = new AsyncLocalStorage<Visit>();
  readonly #stragglers = new Set<Promise<unknown>>();

  /** Runs work as part of this visit, which decides its faults. */
  during<T>(visit: Visit, work: () => T): T {
    return this.#visits.run(visit, work);
  }

  /** The current visit. */
  get visit(): Visit | undefined {
    return this.#visits.getStore();
  }

  /** Carries out one call with its fault, if any. Never resolves for an isolate that has ended. */
  async pass<T>(passage: Passage<T>): Promise<T> {
    const visit = this.visit;
    if (visit === undefined) throw new Error(`something left for ${passage.place} that belongs to no visit`);
    if (visit.life.isOver) return never();
    const { place, send, failed, finish } = passage;
    const outcome = this.isCalm ? null : visit.next(place);
    this.passed += 1;
    if (outcome !== null) this.struck.set(`${place} ${outcome}`, (this.struck.get(`${place} ${outcome}`) ?? 0) + 1);
    const carryOut = async () => {
      const answer = await send();
      await finish?.(answer);
      return answer;
    };
    const alive = <A>(answer: () => A): A | Promise<A> => (visit.life.isOver ? never<A>() : answer());
    switch (outcome) {
      case null: {
        const [answer] = await Promise.allSettled([send()]);
        // Read it here: an unread response keeps the database's transaction open and blocks every other writer.
        if (visit.life.isOver && answer.status === 'fulfilled') void finish?.(answer.value).catch(() => undefined);
        return alive(() => unwrap(answer));
      }
      case 'lost_request':
        throw lost();
      case 'lost_answer':
        await Promise.allSettled([carryOut()]);
        return alive(() => {
          throw lost();
        });
      case 'error_before':
        return failed();
      case 'error_after':
        await Promise.allSettled([carryOut()]);
        return alive(failed);
      case 'late_request':
        visit.hasStragglers = true;
        this.#straggle(carryOut, visit.lateness());
        throw lost();
      case 'killed_before':
        visit.life.end();
        return never();
      case 'killed_after':
        await Promise.allSettled([carryOut()]);
        visit.life.end();
        return never();
    }
  }

  /** Waits until every call has been carried out. */
  async settled(): Promise<void> {
    while (this.#stragglers.size > 0) await Promise.allSettled(this.#stragglers);
  }

  #straggle(carryOut: () => Promise<unknown>, ms: number): void {
    const straggler = new Promise<void>((resolve) => setTimeout(resolve, ms)).then(carryOut).catch(() => undefined);
    this.#stragglers.add(straggler);
    void straggler.finally(() => this.#stragglers.delete(straggler));
  }
}

function unwrap<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'fulfilled') return settled.value;
  throw settled.reason;
}

function lost(): TypeError {
  return new TypeError('fetch failed');
}
