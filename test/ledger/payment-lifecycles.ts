import type { PaymentFacts, PaymentHint, PaymentService } from '../../src/billing/topups/payment-service.ts';
import type { TopUps } from '../../src/billing/topups/top-ups.ts';
import { ok } from '../../src/core/result.ts';

/** A seeded random number generator: mulberry32. */
export function randomFrom(seed: number): { below(limit: number): number; pick<T>(from: readonly [T, ...T[]]): T } {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return { below, pick: (from) => from[below(from.length)] ?? from[0] };
}

export type Random = ReturnType<typeof randomFrom>;

/** Runs tasks one step at a time in random order. A step ends where its task pauses. */
export class Interleaver {
  steps = 0;
  #active = 0;
  readonly #paused: (() => void)[] = [];
  readonly #random: Random;
  #idle: (() => void) | null = null;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Waits until this task is chosen to continue. */
  pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#paused.push(resolve);
      this.#leave();
    });
  }

  /** Starts a task without waiting for it; it may start others. */
  start(task: () => Promise<void>): void {
    this.#active += 1;
    void task().finally(() => this.#leave());
  }

  async run(): Promise<void> {
    for (;;) {
      if (this.#active > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
      // The newest task is favoured, so that some tasks continue much later with outdated knowledge.
      const last = this.#paused.length - 1;
      const [next] = this.#paused.splice(this.#random.below(4) > 0 ? last : this.#random.below(last + 1), 1);
      if (next === undefined) return;
      this.steps += 1;
      this.#active += 1;
      next();
    }
  }

  #leave(): void {
    this.#active -= 1;
    if (this.#active > 0) return;
    this.#idle?.();
    this.#idle = null;
  }
}

type Reversal = { readonly kind: 'refund' | 'dispute'; readonly cents: number; counts: boolean };

/** A model of one session at Stripe. */
export class ModelSession {
  progress: PaymentFacts['progress'] = 'open';
  readonly reversals: Reversal[] = [];
  readonly sessionId: string;
  readonly intentId: string;
  readonly cents: number;

  constructor(name: string, cents: number) {
    this.sessionId = `cs_${name}`;
    this.intentId = `pi_${name}`;
    this.cents = cents;
  }

  /** What the ledger should hold in the end, computed without the code under test. */
  get worth(): number {
    if (this.progress !== 'paid') return 0;
    const gone = Math.min(this.cents, this.#sum('refund') + this.#sum('dispute'));
    return (this.cents - gone) * 10_000;
  }

  /** Each step changes the session and yields the events that Stripe would send. */
  *life(random: Random): Generator<readonly ('session' | 'intent')[]> {
    if (random.below(10) === 0) {
      this.progress = 'expired';
      yield ['session'];
      return;
    }
    this.progress = 'paid';
    yield ['session'];
    for (let left = random.below(4); left > 0; left--) {
      const kind = random.pick<Reversal['kind']>(['refund', 'refund', 'dispute']);
      const open = this.cents - this.#sum('refund');
      if (open === 0) return;
      const reversal: Reversal = { kind, cents: random.below(3) === 0 ? open : 1 + random.below(open), counts: true };
      this.reversals.push(reversal);
      yield kind === 'refund' ? ['intent', 'intent'] : ['intent'];
      // A won dispute, a failed refund.
      if (random.below(2) === 0) {
        reversal.counts = false;
        yield ['intent'];
      }
    }
  }

  facts(reversals: { readonly refund: number; readonly dispute: number }, progress: PaymentFacts['progress']): PaymentFacts {
    return {
      sessionId: this.sessionId,
      intentId: progress === 'paid' ? this.intentId : null,
      isWrongMode: false,
      progress,
      currency: 'usd',
      subtotalCents: this.cents,
      totalCents: this.cents,
      refundedCents: reversals.refund,
      disputedCents: reversals.dispute,
      metadata: { order: null, accountId: null, microCredits: null },
    };
  }

  sums(): { readonly refund: number; readonly dispute: number } {
    return { refund: this.#sum('refund'), dispute: this.#sum('dispute') };
  }

  #sum(kind: Reversal['kind']): number {
    return this.reversals.filter((reversal) => reversal.kind === kind && reversal.counts).reduce((sum, { cents }) => sum + cents, 0);
  }
}

/** The model as a payment service: every request takes time, and a session and its reversals are separate requests. */
export function modelPayments(sessions: ReadonlyMap<string, ModelSession>, interleaver: Interleaver): PaymentService {
  return {
    createSession: () => Promise.reject(new Error('the orders of this test are placed by hand')),
    readHint: () => Promise.reject(new Error('the events of this test are hints already')),
    completedSessions: () => Promise.reject(new Error('no session of this test loses its order')),
    async facts(sessionId) {
      await interleaver.pause();
      const session = sessions.get(sessionId);
      if (session === undefined) return ok(null);
      const { progress } = session;
      await interleaver.pause();
      const sums = session.sums();
      await interleaver.pause();
      return ok(session.facts(sums, progress));
    },
    async sessionOfIntent(intentId) {
      await interleaver.pause();
      return ok([...sessions.values()].find((session) => session.intentId === intentId)?.sessionId ?? null);
    },
  };
}

/** Adds a pause before each call. */
export function interleavedTopUps(topUps: TopUps, interleaver: Interleaver): TopUps {
  return {
    ...topUps,
    find: (name) => interleaver.pause().then(() => topUps.find(name)),
    apply: (observation) => interleaver.pause().then(() => topUps.apply(observation)),
  };
}

/** Orders without the compare-and-set: the last write wins. */
export function withoutCompare(topUps: TopUps): TopUps {
  return {
    ...topUps,
    async apply(observation) {
      const now = await topUps.find({ id: observation.id });
      return now.ok ? topUps.apply({ ...observation, rev: now.value?.rev ?? 0 }) : now;
    },
  };
}

export function hintAbout(session: ModelSession, subject: 'session' | 'intent'): PaymentHint {
  const about = subject === 'session' ? { sessionId: session.sessionId } : { intentId: session.intentId };
  return { id: 'evt', type: subject, objectId: session.sessionId, isWrongMode: false, about };
}
