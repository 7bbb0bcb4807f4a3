import type { ProviderFailureKind, ProviderId } from './provider.ts';

/** So many failures in a row, of whatever targets, are no accident. */
const FAILURES_TO_OPEN = 5;

/** Failures further apart than this are no row. Milliseconds. */
const ROW_WITHIN_MS = 60_000;

/** How long a provider in trouble is asked last; then one read tries it again. Milliseconds. */
const OPEN_MS = 20_000;

/** A call that had less time than this says nothing about the provider when it runs out of it. Milliseconds. */
const FAIR_TIME_MS = 5_000;

/** What a failure says about the provider. An answer that can't be read may be the fault of the post alone. */
const SAYS = {
  not_found: 'well',
  private: 'well',
  login_required: 'well',
  age_restricted: 'well',
  unavailable: 'well',
  bad_response: 'nothing',
  blocked: 'trouble',
  rate_limited: 'trouble',
  out_of_credit: 'trouble',
  misconfigured: 'trouble',
  timed_out: 'trouble',
  server_error: 'trouble',
} as const satisfies Record<ProviderFailureKind, 'well' | 'nothing' | 'trouble'>;

/** What one isolate remembers of one provider's last failures in a row. Times in unix milliseconds. */
export type Row = {
  readonly failures: number;
  readonly lastAt: number;
  /** Null while closed; else when the next read may try it again. */
  readonly tryAt: number | null;
};

/** The rows of one isolate, by what was asked for and of whom. Hand in one map for each isolate. */
export type CircuitMemory = Map<string, Row>;

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
  note(id: ProviderId, end: CallEnd, now: number): void;
}

/** A circuit for each provider of one kind of thing. `passedOver` is told of each that others are asked before. */
export function createCircuit(options: {
  readonly part: 'media' | 'comments' | 'transcript';
  readonly memory: CircuitMemory;
  readonly passedOver: (id: ProviderId) => void;
}): Circuit {
  const { part, memory, passedOver } = options;
  const keyOf = (id: ProviderId) => `${part} ${id}`;
  return {
    order(providers, now) {
      if (providers.length < 2) return providers;
      const waiting = new Set(providers.map(({ id }) => id).filter((id) => waits(memory, keyOf(id), now)));
      // With all in trouble the order is as it was.
      if (waiting.size === 0 || waiting.size === providers.length) return providers;
      for (const id of waiting) passedOver(id);
      return [...providers.filter(({ id }) => !waiting.has(id)), ...providers.filter(({ id }) => waiting.has(id))];
    },
    note(id, { failure, hadMs }, now) {
      const key = keyOf(id);
      const says = failure === null ? 'well' : failure === 'timed_out' && hadMs < FAIR_TIME_MS ? 'nothing' : SAYS[failure];
      if (says === 'well') memory.delete(key);
      if (says !== 'trouble') return;
      const row = memory.get(key);
      const isRow = row !== undefined && (row.tryAt !== null || now - row.lastAt <= ROW_WITHIN_MS);
      const failures = isRow ? row.failures + 1 : 1;
      memory.set(key, { failures, lastAt: now, tryAt: failures >= FAILURES_TO_OPEN ? now + OPEN_MS : null });
    },
  };
}

/** Whether a provider is to be asked last. The first to come when its wait is over is let through, and the wait begins anew. */
function waits(memory: CircuitMemory, key: string, now: number): boolean {
  const row = memory.get(key);
  if (row === undefined || row.tryAt === null) return false;
  if (now < row.tryAt) return true;
  memory.set(key, { ...row, tryAt: now + OPEN_MS });
  return false;
}
