import type { Clock } from '../clock.ts';
import type { InstagramMedia } from '../instagram/media.ts';
import type { MediaTarget } from '../instagram/target.ts';
import { err, ok, type Result } from '../result.ts';
import { estimateCostMicros, LIST_PRICES, type VendorUsage } from './costs.ts';
import type { Budget, Fetched, ProviderFailure, ProviderFailureKind, ProviderId, UpstreamReceipt } from './provider.ts';
import { requestJson, retryAfterSeconds, type Fetch, type JsonAnswer, type JsonFailure, type TimedRequest } from './upstream.ts';

/** What every adapter is made from. The key goes into a header and nowhere else. */
export type VendorAccess = {
  /** May carry a path of its own; no trailing slash needed. */
  readonly baseUrl: string;
  readonly key: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
};

/** How one vendor is asked for a post and how its answers are read. Everything but the request itself is pure. */
export type MediaCall = {
  readonly provider: ProviderId;
  /** For receipts: path or actor without query, key or target. */
  readonly endpoint: string;
  readonly request: TimedRequest;
  readonly read: (answer: JsonAnswer, target: MediaTarget) => Result<InstagramMedia, ProviderFailureKind>;
  readonly usage: (exchange: Result<JsonAnswer, JsonFailure>) => VendorUsage;
};

/** Makes one call and turns whatever happens into media or a failure, each with its receipt. A post other than the one asked for is `bad_response`. */
export async function callForMedia(
  access: VendorAccess,
  call: MediaCall,
  target: MediaTarget,
  budget: Budget,
): Promise<Result<Fetched<InstagramMedia>, ProviderFailure>> {
  const exchange = await requestJson(access, call.request, budget);
  const read = readExchange(exchange, call, target);
  const receipt = makeReceipt(call, exchange, read.ok ? 1 : 0);
  if (read.ok) return ok({ value: read.value, receipt });
  const waitSeconds = exchange.ok ? retryAfterSeconds(exchange.value.headers, access.clock()) : undefined;
  return err({ kind: read.error, receipt, ...(waitSeconds === undefined ? {} : { retryAfterSeconds: waitSeconds }) });
}

/** The failure of a call that wasn't made because too little time is left. Nothing was used. */
export function notStarted(call: Pick<MediaCall, 'provider' | 'endpoint'>): ProviderFailure {
  const exchange = err({ kind: 'timed_out', httpStatus: null, latencyMs: 0, sent: false } as const);
  return { kind: 'timed_out', receipt: makeReceipt({ ...call, usage: () => ({ billedUnits: 0, started: false }) }, exchange, 0) };
}

function readExchange(
  exchange: Result<JsonAnswer, JsonFailure>,
  call: MediaCall,
  target: MediaTarget,
): Result<InstagramMedia, ProviderFailureKind> {
  if (!exchange.ok) return err(exchange.error.kind === 'unreachable' ? 'server_error' : exchange.error.kind);
  const read = call.read(exchange.value, target);
  return read.ok && read.value.shortcode !== target.shortcode ? err('bad_response') : read;
}

function makeReceipt(
  call: Pick<MediaCall, 'provider' | 'endpoint' | 'usage'>,
  exchange: Result<JsonAnswer, JsonFailure>,
  resultCount: number,
): UpstreamReceipt {
  const usage = call.usage(exchange);
  return {
    provider: call.provider,
    endpoint: call.endpoint,
    billedUnit: LIST_PRICES[call.provider].billedUnit,
    billedUnits: usage.billedUnits,
    resultCount,
    estimatedCostMicros: estimateCostMicros(call.provider, usage),
    latencyMs: exchange.ok ? exchange.value.latencyMs : exchange.error.latencyMs,
    httpStatus: exchange.ok ? exchange.value.status : exchange.error.httpStatus,
  };
}
