import type { ProviderFailureKind, ProviderId } from './provider.ts';

/** Consecutive failures before the circuit opens, whichever posts were read. */
const FAILURES_TO_OPEN = 5;

/** The longest gap between two failures of one streak. */
const STREAK_GAP_MS = 60_000;

/** How long an open circuit puts its provider last; then one read tries it again. */
const OPEN_MS = 20_000;

/** A call with less time than this is inconclusive when it times out. */
const CONCLUSIVE_MS = 5_000;

/** What a failure says about the provider. An unreadable response may be the fault of the post alone. */
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

/** Consecutive failures of one provider, as one isolate saw them. Times in unix milliseconds. */
export type FailureStreak = {
  readonly failures: number;
  readonly lastAt: number;
  /** Null while the circuit is closed; else when the next read may try the provider again. */
  readonly tryAt: number | null;
};

/** The streaks of one isolate by what was requested and of whom. Use one map per isolate. */
export type CircuitMemory = Map<string, FailureStreak>;

/** The end of a call: its failure, null when the provider delivered, and the milliseconds it was given. */
export type CallEnd = { readonly failure: ProviderFailureKind | null; readonly hadMs: number };

/** Orders providers by their recent failures. None is left out: an unhealthy provider is asked after the others. */
export interface Circuit {
  /**
   * Returns the providers in the order to ask them at `now` (unix milliseconds). Returning a provider whose open circuit is due for a retry
   * counts as that retry and postpones the next one.
   */
  order<P extends { readonly id: ProviderId }>(providers: readonly P[], now: number): readonly P[];
  /** Records how a call to a provider ended at `now` (unix milliseconds). */
  record(id: ProviderId, end: CallEnd, now: number): void;
}

/** Creates the circuits of one part of a read. Calls `onDeprioritized` for each provider that is put last. */
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

/** Lets the first caller through once the retry is due, and postpones the next retry. */
function shouldAskLast(memory: CircuitMemory, key: string, now: number): boolean {
  const streak = memory.get(key);
  if (streak === undefined || streak.tryAt === null) return false;
  if (now < streak.tryAt) return true;
  memory.set(key, { ...streak, tryAt: now + OPEN_MS });
  return false;
}
