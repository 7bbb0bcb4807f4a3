import type { Clock } from '../../core/clock.ts';
import type { InstagramMedia } from '../../instagram/media.ts';
import type { MediaTarget } from '../../instagram/target.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { estimateCostMicros, LIST_PRICES, NOTHING_USED, type VendorUsage } from '../list-prices.ts';
import type { Fetched, ProviderFailure, ProviderFailureKind, ProviderId, UpstreamReceipt } from '../provider.ts';
import type { Budget } from '../../net/deadline.ts';
import {
  requestJson,
  retryAfterSeconds,
  type BodyKind,
  type Fetch,
  type JsonAnswer,
  type JsonFailure,
  type TimedRequest,
} from '../../net/fetch-json.ts';

/** What an adapter needs to call its vendor. The key goes into a request header only. */
export type VendorAccess = {
  /** May include a path; a trailing slash is optional. */
  readonly baseUrl: string;
  readonly key: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
};

/** The vendor, and its path or actor without query, key or target, as a receipt names them. */
export type Endpoint = { readonly provider: ProviderId; readonly endpoint: string };

/** One vendor request and how to read and bill its response. Everything but the request is pure. */
export type VendorCall<T> = Endpoint & {
  readonly request: TimedRequest;
  /** Selects the largest response that is read. */
  readonly body: BodyKind;
  readonly read: (answer: JsonAnswer) => Result<T, ProviderFailureKind>;
  readonly usage: (exchange: Result<JsonAnswer, JsonFailure>) => VendorUsage;
  readonly count: (value: T) => number;
};

/** Sends one call and returns what it delivered or the failure, each with its receipt. */
export async function callVendor<T>(
  access: VendorAccess,
  call: VendorCall<T>,
  budget: Budget,
): Promise<Result<Fetched<T>, ProviderFailure>> {
  const exchange = await requestJson(access, call.request, budget, call.body);
  const read = readExchange(exchange, call);
  const receipt = makeReceipt(call, exchange, call.usage(exchange), read.ok ? call.count(read.value) : 0);
  if (read.ok) return ok({ value: read.value, receipt });
  const waitSeconds = exchange.ok ? retryAfterSeconds(exchange.value.headers, access.clock()) : undefined;
  return err({ kind: read.error, receipt, ...(waitSeconds === undefined ? {} : { retryAfterSeconds: waitSeconds }) });
}

/** Sends one call for a post. A response with another post than `target` is `bad_response`. */
export function callForMedia(
  access: VendorAccess,
  call: Omit<VendorCall<InstagramMedia>, 'read' | 'count' | 'body'> & {
    readonly target: MediaTarget;
    readonly read: (answer: JsonAnswer) => Result<InstagramMedia, ProviderFailureKind>;
  },
  budget: Budget,
): Promise<Result<Fetched<InstagramMedia>, ProviderFailure>> {
  const read = (answer: JsonAnswer): Result<InstagramMedia, ProviderFailureKind> => {
    const media = call.read(answer);
    return media.ok && media.value.shortcode !== call.target.shortcode ? err('bad_response') : media;
  };
  return callVendor(access, { ...call, body: 'post', read, count: () => 1 }, budget);
}

/** Returns the failure of a call that was not sent because too little time is left. */
export function notStarted(endpoint: Endpoint): ProviderFailure {
  return { kind: 'timed_out', receipt: unusedReceipt(endpoint) };
}

/** Returns the receipt of a call that was not sent. */
export function unusedReceipt(endpoint: Endpoint): UpstreamReceipt {
  return makeReceipt(endpoint, err({ kind: 'timed_out', httpStatus: null, latencyMs: 0, sent: false }), NOTHING_USED, 0);
}

function readExchange<T>(exchange: Result<JsonAnswer, JsonFailure>, call: VendorCall<T>): Result<T, ProviderFailureKind> {
  if (exchange.ok) return call.read(exchange.value);
  return err(exchange.error.kind === 'unreachable' ? 'server_error' : exchange.error.kind);
}

function makeReceipt(
  { provider, endpoint }: Endpoint,
  exchange: Result<JsonAnswer, JsonFailure>,
  usage: VendorUsage,
  resultCount: number,
): UpstreamReceipt {
  return {
    provider,
    endpoint,
    billedUnit: LIST_PRICES[provider].billedUnit,
    billedUnits: usage.billedUnits,
    resultCount,
    estimatedCostMicros: estimateCostMicros(provider, usage),
    latencyMs: exchange.ok ? exchange.value.latencyMs : exchange.error.latencyMs,
    httpStatus: exchange.ok ? exchange.value.status : exchange.error.httpStatus,
  };
}
