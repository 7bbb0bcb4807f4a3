import type { ProviderFailureKind, ProviderId } from './provider.ts';

/** So many failures in a row, of whatever targets, are no accident. */
const FAILURES_TO_OPEN = 5;

/** Failures further apart than this are no streak. Milliseconds. */
const STREAK_GAP_MS = 60_000;

/** How long a provider in trouble is asked last; then one read tries it again. Milliseconds. */
const OPEN_MS = 20_000;

/** A call that had less time than this says nothing about the provider when it runs out of it. Milliseconds. */
const CONCLUSIVE_MS = 5_000;

/** What a failure says about the provider. An answer that can't be read may be the fault of the post alone. */
const HEALTH = {
  not_found: 'healthy',
  private: 'healthy',
  login_required: 'healthy',
  age_restricted: 'healthy',
  unavailable: 'healthy',
  bad_response: 'inconclusive',
  blocked: 'unhealthy',
  rate_limited: 'unhealthy',
  out_of_credit: 'unhealthy',
  misconfigured: 'unhealthy',
  timed_out: 'unhealthy',
  server_error: 'unhealthy',
} as const satisfies Record<ProviderFailureKind, 'healthy' | 'inconclusive' | 'unhealthy'>;

/** What one isolate remembers of one provider's last failures in a streak. Times in unix milliseconds. */
export type FailureStreak = {
  readonly failures: number;
  readonly lastAt: number;
  /** Null while closed; else when the next read may try it again. */
  readonly tryAt: number | null;
};

/** The rows of one isolate, by what was asked for and of whom. Hand in one map for each isolate. */
export type CircuitMemory = Map<string, FailureStreak>;

/** A call that is over: null where the provider delivered, and the milliseconds that it had. */
export type CallEnd = { readonly failure: ProviderFailureKind | null; readonly hadMs: number };

/** Who is asked when, by what the last calls came to. Nobody is left out: a provider in trouble is asked after the others. */
export interface Circuit {
  /**
   * The providers in the order in which they are to be asked now (unix milliseconds). Where an open circuit is due for a try, this
   * counts as the try: the next one is due later, however it ends.
   */
  order<P extends { readonly id: ProviderId }>(providers: readonly P[], now: number): readonly P[];
  /** Notes how a call to a provider ended. */
  record(id: ProviderId, end: CallEnd, now: number): void;
}

/** A circuit for each provider of one kind of thing. `onDeprioritized` is told of each that others are asked before. */
export function createCircuit(options: {
  readonly part: 'media' | 'comments' | 'transcript';
  readonly memory: CircuitMemory;
  readonly onDeprioritized: (id: ProviderId) => void;
}): Circuit {
  const { part, memory, onDeprioritized } = options;
  const keyOf = (id: ProviderId) => `${part} ${id}`;
  return {
    order(providers, now) {
      if (providers.length < 2) return providers;
      const last = new Set(providers.map(({ id }) => id).filter((id) => shouldAskLast(memory, keyOf(id), now)));
      // With all in trouble the order is as it was.
      if (last.size === 0 || last.size === providers.length) return providers;
      for (const id of last) onDeprioritized(id);
      return [...providers.filter(({ id }) => !last.has(id)), ...providers.filter(({ id }) => last.has(id))];
    },
    record(id, { failure, hadMs }, now) {
      const key = keyOf(id);
      const health = failure === null ? 'healthy' : failure === 'timed_out' && hadMs < CONCLUSIVE_MS ? 'inconclusive' : HEALTH[failure];
      if (health === 'healthy') memory.delete(key);
      if (health !== 'unhealthy') return;
      const streak = memory.get(key);
      const continues = streak !== undefined && (streak.tryAt !== null || now - streak.lastAt <= STREAK_GAP_MS);
      const failures = continues ? streak.failures + 1 : 1;
      memory.set(key, { failures, lastAt: now, tryAt: failures >= FAILURES_TO_OPEN ? now + OPEN_MS : null });
    },
  };
}

/** Whether a provider is to be asked last. The first to come when its wait is over is let through, and the wait begins anew. */
function shouldAskLast(memory: CircuitMemory, key: string, now: number): boolean {
  const streak = memory.get(key);
  if (streak === undefined || streak.tryAt === null) return false;
  if (now < streak.tryAt) return true;
  memory.set(key, { ...streak, tryAt: now + OPEN_MS });
  return false;
}
