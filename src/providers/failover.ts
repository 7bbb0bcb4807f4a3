import type { Clock } from '../core/clock.ts';
import type { InstagramMedia } from '../instagram/media.ts';
import type { MediaTarget } from '../instagram/target.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { Circuit } from './circuit-breaker.ts';
import { LIST_PRICES, smallestCallMicros } from './list-prices.ts';
import type {
  CallBudget,
  CommentBatch,
  CommentsOrder,
  CommentsProvider,
  Delivery,
  CoalescingNote,
  Provider,
  ProviderFailure,
  ProviderFailureKind,
  ProviderId,
  TranscriptOutcome,
  TranscriptProvider,
  UpstreamReceipt,
} from './provider.ts';
import type { Budget } from '../net/deadline.ts';

/** No attempt starts with less time left: the fastest vendor needs about this long, and a call that is cut short may be billed. */
export const MIN_ATTEMPT_MS = 1_000;

/** The failure of one provider. */
export type FailedAttempt = { readonly provider: ProviderId; readonly kind: ProviderFailureKind };

/**
 * Why no provider delivered, with every upstream call. `unconfigured`: no provider has a key; `overloaded`: too many callers request the
 * same thing at once.
 */
export type MediaFailure = {
  readonly kind: ProviderFailureKind | 'unconfigured' | 'overloaded';
  readonly retryAfterSeconds?: number;
  readonly failed: readonly FailedAttempt[];
  readonly attempts: readonly UpstreamReceipt[];
  readonly coalescing?: CoalescingNote;
};

type Ordered = {
  /** In the order in which they are asked. Empty when none is configured: check that before reserving credit. */
  readonly providers: readonly ProviderId[];
};

/** Reads posts from several providers. A provider is asked only while its call, with those made before, is within the budget's money. */
export type Failover = Ordered & {
  fetchMedia(target: MediaTarget, budget: CallBudget): Promise<Result<Delivery<InstagramMedia>, MediaFailure>>;
};

/** Reads comments from several providers. */
export type CommentsSource = Ordered & {
  /**
   * Reads one batch, within the money of the order. `provider` is the one whose batch is continued, because cursors are the vendor's own;
   * null to start anew. A provider that is no longer configured is `unconfigured`.
   */
  fetchComments(
    target: MediaTarget,
    order: CommentsOrder,
    postOwner: string | null,
    provider: ProviderId | null,
    budget: Budget,
  ): Promise<Result<Delivery<CommentBatch>, MediaFailure>>;
};

type TranscriptDelivery = Omit<Delivery<TranscriptOutcome>, 'billedUnit' | 'resultCount'>;

/** Reads transcripts from several providers, within the money of the budget. */
export type TranscriptSource = Ordered & {
  fetchTranscript(
    target: MediaTarget,
    durationSeconds: number | null,
    budget: CallBudget,
  ): Promise<Result<TranscriptDelivery, MediaFailure>>;
};

const NEXT_STEP = {
  not_found: 'stop',
  private: 'stop',
  login_required: 'stop',
  age_restricted: 'stop',
  unavailable: 'second_opinion',
  blocked: 'go_on',
  rate_limited: 'go_on',
  out_of_credit: 'go_on',
  misconfigured: 'go_on',
  timed_out: 'go_on',
  server_error: 'go_on',
  bad_response: 'go_on',
} as const satisfies Record<ProviderFailureKind, 'stop' | 'second_opinion' | 'go_on'>;

/**
 * Which of several failures is reported: those that may pass by themselves come before those that need the operator, so that a caller is
 * told to retry when that can help. See `reportedFailure`.
 */
const FAILURE_ORDER = [
  'blocked',
  'server_error',
  'bad_response',
  'timed_out',
  'rate_limited',
  'out_of_credit',
  'misconfigured',
] as const satisfies readonly ProviderFailureKind[];

type Answer<T> = { readonly value: T; readonly attempts: readonly UpstreamReceipt[] };

/** `attempts` is absent where the only call is the failure's own receipt. */
type AnswerFailure = ProviderFailure & { readonly attempts?: readonly UpstreamReceipt[] };

type Settled<T> = Answer<T> & { readonly provider: ProviderId };

type Search<P, T> = {
  /** `leftMicros` is what its calls may still cost. */
  readonly ask: (provider: P, leftMicros: number) => Promise<Result<Answer<T>, AnswerFailure>>;
  /** A negative rank ends the search. Otherwise the answer with the lowest rank is used when no provider does better. */
  readonly rank: (value: T) => number;
  /** Null keeps the given order. */
  readonly circuit: Circuit | null;
};

const FINAL = -1;

/**
 * Asks one provider after another until one delivers or fails definitely. After `unavailable` one more provider is asked: what it delivers
 * or says definitely holds, anything else leaves it at `unavailable`. A provider whose call the money left does not pay for is passed over.
 */
async function askInTurn<P extends { readonly id: ProviderId }, T>(
  providers: readonly P[],
  clock: Clock,
  budget: CallBudget,
  search: Search<P, T>,
): Promise<Result<Settled<T>, MediaFailure>> {
  const failures: ProviderFailure[] = [];
  const attempts: UpstreamReceipt[] = [];
  const hasTime = (): boolean => budget.deadlineAt - clock() >= MIN_ATTEMPT_MS;
  let best: { readonly value: T; readonly provider: ProviderId } | null = null;
  let isSecondOpinion = false;
  let isOutOfTime = false;
  for (const provider of search.circuit?.order(providers, clock()) ?? providers) {
    isOutOfTime = !hasTime();
    if (isOutOfTime) break;
    const leftMicros = budget.maxCostMicros - costOf(attempts);
    if (smallestCallMicros(provider.id) > leftMicros) continue;
    const hadMs = budget.deadlineAt - clock();
    const answered = await search.ask(provider, leftMicros);
    search.circuit?.record(provider.id, { failure: answered.ok ? null : answered.error.kind, hadMs }, clock());
    if (answered.ok) {
      const { value } = answered.value;
      attempts.push(...answered.value.attempts);
      if (best === null || search.rank(value) < search.rank(best.value)) best = { value, provider: provider.id };
      if (search.rank(value) <= FINAL) break;
      continue;
    }
    const { error } = answered;
    attempts.push(...(error.attempts ?? [error.receipt]));
    failures.push(error);
    const step = NEXT_STEP[error.kind];
    if (step === 'stop' && best === null) return err(report(error, failures, attempts));
    if (step === 'stop' || isSecondOpinion) break;
    isSecondOpinion = step === 'second_opinion';
  }
  if (best !== null) return ok({ ...best, attempts });
  const unavailable = failures.find((failure) => failure.kind === 'unavailable');
  if (unavailable !== undefined) return err(report(unavailable, failures, attempts));
  // None was asked: there is none, or none that the money pays for.
  const isUnpaid = failures.length === 0 && !isOutOfTime;
  if (providers.length === 0 || isUnpaid) return err(report({ kind: 'unconfigured' }, failures, attempts));
  return err(report(reportedFailure(failures, isOutOfTime || !hasTime()), failures, attempts));
}

/** Reads posts from these providers in this order. A circuit puts unhealthy providers last. */
export function createFailover(providers: readonly Provider[], clock: Clock, circuit: Circuit | null = null): Failover {
  return {
    providers: providers.map((provider) => provider.id),
    fetchMedia: async (target, budget) => {
      const ask = async (provider: Provider) => {
        const fetched = await provider.fetchMedia(target, budget);
        return fetched.ok ? ok({ value: fetched.value, attempts: [fetched.value.receipt] }) : fetched;
      };
      const settled = await askInTurn(providers, clock, budget, { ask, rank: () => FINAL, circuit });
      if (!settled.ok) return settled;
      const { value, receipt } = settled.value.value;
      const { provider, billedUnit, resultCount } = receipt;
      return ok({ value, provider, billedUnit, resultCount, attempts: settled.value.attempts });
    },
  };
}

/**
 * Reads comments from these providers in this order. A partial batch of one is not completed by another, whose order would differ. A
 * circuit puts unhealthy providers last.
 */
export function createCommentsFailover(
  providers: readonly CommentsProvider[],
  clock: Clock,
  circuit: Circuit | null = null,
): CommentsSource {
  return {
    providers: providers.map((provider) => provider.id),
    fetchComments: async (target, order, postOwner, pinned, budget) => {
      const asked = pinned === null ? providers : providers.filter((provider) => provider.id === pinned);
      const { maxCostMicros } = order;
      const ask = (provider: CommentsProvider, leftMicros: number) => {
        const paidOrder = { ...order, maxCostMicros: { ...maxCostMicros, comments: leftMicros } };
        return provider.fetchComments({ target, order: paidOrder, postOwner }, budget);
      };
      const paidBudget = { ...budget, maxCostMicros: maxCostMicros.comments };
      const settled = await askInTurn(asked, clock, paidBudget, { ask, rank: () => FINAL, circuit });
      if (!settled.ok) return settled;
      const { value, provider, attempts } = settled.value;
      const own = attempts.filter((receipt) => receipt.provider === provider);
      const resultCount = own.reduce((sum, receipt) => sum + receipt.resultCount, 0);
      return ok({ value, provider, billedUnit: LIST_PRICES[provider].billedUnit, resultCount, attempts });
    },
  };
}

/** A transcript and silence are final. Of the rest, an outcome with a reason is better than one without. */
const RANK = { transcript: FINAL, no_speech: FINAL, too_long: 1, none: 2 } as const satisfies Record<TranscriptOutcome['kind'], number>;

/**
 * Reads transcripts from these providers in this order; fails only when no provider has any outcome. A circuit puts unhealthy providers
 * last.
 */
export function createTranscriptFailover(
  providers: readonly TranscriptProvider[],
  clock: Clock,
  circuit: Circuit | null = null,
): TranscriptSource {
  return {
    providers: providers.map((provider) => provider.id),
    fetchTranscript: (target, durationSeconds, budget) => {
      const ask = async (provider: TranscriptProvider) => {
        const fetched = await provider.fetchTranscript(target, durationSeconds, budget);
        return fetched.ok ? ok({ value: fetched.value.value, attempts: [fetched.value.receipt] }) : fetched;
      };
      return askInTurn(providers, clock, budget, { ask, rank: ({ kind }) => RANK[kind], circuit });
    },
  };
}

function costOf(attempts: readonly UpstreamReceipt[]): number {
  return attempts.reduce((sum, { estimatedCostMicros }) => sum + estimatedCostMicros, 0);
}

type Reported = { readonly kind: MediaFailure['kind']; readonly retryAfterSeconds?: number };

function report(reported: Reported, failures: readonly ProviderFailure[], attempts: readonly UpstreamReceipt[]): MediaFailure {
  const { kind, retryAfterSeconds } = reported;
  return {
    kind,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    failed: failures.map((failure) => ({ provider: failure.receipt.provider, kind: failure.kind })),
    attempts,
  };
}

/**
 * Reports a deadline as such when a provider used the time up, because the caller can change it. Otherwise the first of FAILURE_ORDER, with
 * the shortest wait that any provider named.
 */
function reportedFailure(failures: readonly ProviderFailure[], isOutOfTime: boolean): Reported {
  const happened = new Set(failures.map((failure) => failure.kind));
  if (failures.length === 0 || (isOutOfTime && happened.has('timed_out'))) return { kind: 'timed_out' };
  const kind = FAILURE_ORDER.find((candidate) => happened.has(candidate)) ?? 'server_error';
  const waits = failures.flatMap((failure) => failure.retryAfterSeconds ?? []);
  return waits.length === 0 ? { kind } : { kind, retryAfterSeconds: Math.min(...waits) };
}
