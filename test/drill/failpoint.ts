import { AsyncLocalStorage } from 'node:async_hooks';
import { type Random, randomFrom } from '../ledger/payment-lifecycles.ts';

/** What can happen where something leaves the isolate. */
export const OUTCOMES = [
  /** It was never sent; the caller sees the network fail. */
  'lost_request',
  /** It was carried out; the caller sees the network fail. */
  'lost_answer',
  /** A 5xx, and nothing was done. */
  'error_before',
  /** A 5xx, and it was done all the same. */
  'error_after',
  /** The network fails, and what was sent is carried out a little later. */
  'late_request',
  /** The isolate or object that asks ends before it sends. */
  'killed_before',
  /** It was carried out, and the isolate or object that asked ends before it hears of it. */
  'killed_after',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Every outcome that leaves the isolate alive. */
const SURVIVABLE = ['lost_request', 'lost_answer', 'error_before', 'error_after', 'late_request'] as const satisfies readonly Outcome[];

/** How late a late request is at most. Milliseconds: about as long as a few others take. */
const LATEST_MS = 40;

/** One isolate, or one Durable Object: where code lives, and what ends with it. */
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

/** What goes wrong during one visit, worked out from its seed alone. */
type Weather =
  | { readonly kind: 'calm' }
  /** One fault, at the failpoint with this number. */
  | { readonly kind: 'once'; readonly at: number; readonly outcome: Outcome }
  /** A chance of one fault in so many at every failpoint. */
  | { readonly kind: 'showers'; readonly oneIn: number }
  /** From the failpoint with this number on, so many calls to the database go wrong in one way. */
  | { readonly kind: 'outage'; readonly from: number; readonly length: number; readonly outcome: Outcome };

/** Failpoints that a request, and one call of an object, passes at most, give or take: the numbers that faults are put at. */
const USUAL_FAILPOINTS = { request: 12, object: 3 } as const;

/** What makes a visit: a request to an isolate, or a call of a Durable Object. */
type Visitor = keyof typeof USUAL_FAILPOINTS;

function weatherOf(random: Random, visitor: Visitor): Weather {
  const dice = random.below(100);
  const somewhere = () => random.below(USUAL_FAILPOINTS[visitor]);
  if (dice < 30) return { kind: 'calm' };
  if (dice < 58) return { kind: 'once', at: somewhere(), outcome: random.pick(SURVIVABLE) };
  if (dice < 63) return { kind: 'once', at: somewhere(), outcome: random.pick(['killed_before', 'killed_after']) };
  if (dice < 78) return { kind: 'showers', oneIn: 2 + random.below(5) };
  // Three tries make one call: up to three calls in a row, or the database is gone for the rest of the visit.
  const length = random.below(4) === 0 ? Number.MAX_SAFE_INTEGER : 1 + random.below(9);
  return { kind: 'outage', from: somewhere(), length, outcome: random.pick(SURVIVABLE) };
}

/** Work that passes more failpoints than this has its weather change. An object may have work that never ends. */
const FAILPOINTS_A_WEATHER = 40;

/** One stay of a piece of work in an isolate or object: its faults come from (seed, number) and from nothing else. */
export class Visit {
  readonly number: number;
  readonly life: Life;
  /** Whether something was sent that was carried out after its caller had given up. */
  hasStragglers = false;
  readonly #random: Random;
  readonly #visitor: Visitor;
  #weather: Weather;
  #passed = 0;
  #struck = 0;

  constructor(visitor: Visitor, life: Life, seed: number, number: number) {
    this.life = life;
    this.number = number;
    this.#random = randomFrom(Math.imul(seed, 0x9e3779b1) ^ number);
    this.#visitor = visitor;
    this.#weather = weatherOf(this.#random, visitor);
  }

  /** What happens at the failpoint that is passed now. */
  next(place: string): Outcome | null {
    if (this.#passed === FAILPOINTS_A_WEATHER) {
      this.#weather = weatherOf(this.#random, this.#visitor);
      this.#passed = 0;
      this.#struck = 0;
    }
    const weather = this.#weather;
    const here = this.#passed++;
    switch (weather.kind) {
      case 'calm':
        return null;
      case 'once':
        return here === weather.at ? weather.outcome : null;
      case 'showers':
        return this.#random.below(weather.oneIn) === 0 ? this.#random.pick(SURVIVABLE) : null;
      case 'outage':
        if (here < weather.from || place !== DATABASE || this.#struck >= weather.length) return null;
        this.#struck += 1;
        return weather.outcome;
    }
  }

  /** When a late request is carried out. Milliseconds from now. */
  lateness(): number {
    return 1 + this.#random.below(LATEST_MS);
  }
}

/** The database as a failpoint is named. */
export const DATABASE = 'database';

/** One thing that leaves the isolate: how it is sent, and what its caller is told where a 5xx comes back. */
export type Passage<T> = {
  readonly place: string;
  readonly send: () => Promise<T>;
  /** Answers or throws what a 5xx is here. */
  readonly failed: () => T;
  /** Reads an answer to its end, so that it has been carried out. */
  readonly finish?: (answer: T) => Promise<unknown>;
};

/** What never comes: an isolate that has ended waits for nothing and goes on with nothing. */
const never = <T>() => new Promise<T>(() => undefined);

/** Every failpoint of one drill, with a count of what was passed and what went wrong where. */
export class Failpoints {
  /** Whether everything works for now. */
  isCalm = false;
  passed = 0;
  readonly struck = new Map<string, number>();
  readonly #visits = new AsyncLocalStorage<Visit>();
  readonly #stragglers = new Set<Promise<unknown>>();

  /** Does work as this visit: every failpoint on its way is one of it. */
  during<T>(visit: Visit, work: () => T): T {
    return this.#visits.run(visit, work);
  }

  /** The visit whose work is being done. */
  get visit(): Visit | undefined {
    return this.#visits.getStore();
  }

  /** Lets one thing leave, or has its outcome happen. Never answers an isolate that has ended. */
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
        // Nobody is left to read it. An answer that stays unread keeps the database's transaction open, and every writer behind it.
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

  /** Waits until everything that was sent has been carried out. */
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
