import type { Clock } from '../clock.ts';
import type { InstagramMedia } from '../instagram/media.ts';
import type { MediaTarget } from '../instagram/target.ts';
import { err, ok, type Result } from '../result.ts';
import type { Budget, Provider, ProviderFailure, ProviderFailureKind, ProviderId, UpstreamReceipt } from './provider.ts';

/** No attempt begins with less time left, in milliseconds: the fastest vendor needs about as long, and a call cut short may be billed. */
export const MIN_ATTEMPT_MS = 1_000;

/** A post, who delivered it, and every upstream call that it took. */
export type MediaDelivery = {
  readonly value: InstagramMedia;
  readonly provider: ProviderId;
  readonly billedUnit: UpstreamReceipt['billedUnit'];
  readonly resultCount: number;
  readonly attempts: readonly UpstreamReceipt[];
};

/** What one provider said instead of delivering. */
export type FailedAttempt = { readonly provider: ProviderId; readonly kind: ProviderFailureKind };

/** Why nobody delivered. `unconfigured` means that there was nobody to ask. */
export type MediaFailure = {
  readonly kind: ProviderFailureKind | 'unconfigured';
  readonly retryAfterSeconds?: number;
  readonly failed: readonly FailedAttempt[];
  readonly attempts: readonly UpstreamReceipt[];
};

/** Providers in the order in which they are asked. */
export type Failover = {
  /** Empty when none is configured; a caller looks before it reserves money. */
  readonly providers: readonly ProviderId[];
  fetchMedia(target: MediaTarget, budget: Budget): Promise<Result<MediaDelivery, MediaFailure>>;
};

/** What a failure means for the providers after this one. */
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
 * Which of several troubles is reported, the first that happened: what may pass by itself comes before what needs the operator,
 * so that a caller is told to try again when that can help. Read together with `reportedTrouble`.
 */
const TROUBLE_ORDER = [
  'blocked',
  'server_error',
  'bad_response',
  'timed_out',
  'rate_limited',
  'out_of_credit',
  'misconfigured',
] as const satisfies readonly ProviderFailureKind[];

/**
 * Asks one provider after another until one delivers or says something definite. An `unavailable` is checked with one more
 * provider: what that one delivers or definitely says holds, anything else leaves it at `unavailable`.
 */
export function createFailover(providers: readonly Provider[], clock: Clock): Failover {
  return {
    providers: providers.map((provider) => provider.id),
    fetchMedia: async (target, budget) => {
      const failures: ProviderFailure[] = [];
      const hasTime = (): boolean => budget.deadlineAt - clock() >= MIN_ATTEMPT_MS;
      let isSecondOpinion = false;
      let isOutOfTime = false;
      for (const provider of providers) {
        isOutOfTime = !hasTime();
        if (isOutOfTime) break;
        const fetched = await provider.fetchMedia(target, budget);
        if (fetched.ok) return ok(delivery(fetched.value, failures));
        failures.push(fetched.error);
        const step = NEXT_STEP[fetched.error.kind];
        if (step === 'stop') return err(report(fetched.error, failures));
        if (isSecondOpinion) break;
        isSecondOpinion = step === 'second_opinion';
      }
      const unavailable = failures.find((failure) => failure.kind === 'unavailable');
      if (unavailable !== undefined) return err(report(unavailable, failures));
      if (providers.length === 0) return err(report({ kind: 'unconfigured' }, failures));
      return err(report(reportedTrouble(failures, isOutOfTime || !hasTime()), failures));
    },
  };
}

function delivery(
  fetched: { readonly value: InstagramMedia; readonly receipt: UpstreamReceipt },
  failures: readonly ProviderFailure[],
): MediaDelivery {
  const { value, receipt } = fetched;
  return {
    value,
    provider: receipt.provider,
    billedUnit: receipt.billedUnit,
    resultCount: receipt.resultCount,
    attempts: [...failures.map((failure) => failure.receipt), receipt],
  };
}

type Reported = { readonly kind: MediaFailure['kind']; readonly retryAfterSeconds?: number };

function report(reported: Reported, failures: readonly ProviderFailure[]): MediaFailure {
  const { kind, retryAfterSeconds } = reported;
  return {
    kind,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    failed: failures.map((failure) => ({ provider: failure.receipt.provider, kind: failure.kind })),
    attempts: failures.map((failure) => failure.receipt),
  };
}

/**
 * A deadline that ended the search is what the caller can act on, so it is reported as such when time was lost to a provider.
 * Otherwise the first of TROUBLE_ORDER; with the soonest wait that any provider named.
 */
function reportedTrouble(failures: readonly ProviderFailure[], isOutOfTime: boolean): Reported {
  const happened = new Set(failures.map((failure) => failure.kind));
  if (failures.length === 0 || (isOutOfTime && happened.has('timed_out'))) return { kind: 'timed_out' };
  const kind = TROUBLE_ORDER.find((trouble) => happened.has(trouble)) ?? 'server_error';
  const waits = failures.flatMap((failure) => failure.retryAfterSeconds ?? []);
  return waits.length === 0 ? { kind } : { kind, retryAfterSeconds: Math.min(...waits) };
}
