import type { InstagramMedia } from '../instagram/media.ts';
import type { MediaTarget } from '../instagram/target.ts';
import type { Result } from '../result.ts';

/** The data providers igskill knows. Also the names used in configuration. */
export const PROVIDER_IDS = ['scrapecreators', 'hikerapi', 'apify'] as const;
export type ProviderId = (typeof PROVIDER_IDS)[number];

/** How long a fetch may take: everything of one read shares one deadline. */
export type Budget = {
  /** Unix milliseconds after which no answer is waited for. */
  readonly deadlineAt: number;
};

/** What one upstream call cost and how it went; kept in the receipt of the read, never with the vendor's body. */
export type UpstreamReceipt = {
  readonly provider: ProviderId;
  /** The vendor's path or actor, without query, key or target. */
  readonly endpoint: string;
  /** The vendor's own unit of billing. */
  readonly billedUnit: 'result' | 'request' | 'credit';
  readonly billedUnits: number;
  readonly resultCount: number;
  /** Millionths of a US dollar, by the list prices of the adapter. */
  readonly estimatedCostMicros: number;
  readonly latencyMs: number;
  /** Null when no answer came. */
  readonly httpStatus: number | null;
};

/** A delivered thing with what it cost upstream. */
export type Fetched<T> = { readonly value: T; readonly receipt: UpstreamReceipt };

/**
 * Why a provider delivered nothing. `not_found`, `private`, `login_required` and `age_restricted` are definite: another
 * provider would say the same. `unavailable` is a vendor's "gone or private, can't tell" and is worth one second opinion.
 * The rest are the vendor's trouble, and the next provider is asked.
 */
export type ProviderFailureKind =
  | 'not_found'
  | 'private'
  | 'login_required'
  | 'age_restricted'
  | 'unavailable'
  | 'blocked'
  | 'rate_limited'
  | 'out_of_credit'
  | 'misconfigured'
  | 'timed_out'
  | 'server_error'
  | 'bad_response';

export type ProviderFailure = {
  readonly kind: ProviderFailureKind;
  /** Seconds, when the vendor said how long to wait. */
  readonly retryAfterSeconds?: number;
  readonly receipt: UpstreamReceipt;
};

/** A data provider. One adapter a vendor; each answers in the same shape and with the same failures. */
export interface Provider {
  readonly id: ProviderId;
  /** Reads one post or reel. Never throws for what the vendor or the network does. */
  fetchMedia(target: MediaTarget, budget: Budget): Promise<Result<Fetched<InstagramMedia>, ProviderFailure>>;
}
