import { err, type Result } from '../../core/result.ts';
import { ApifyErrorItem, ApifyRefusal } from './media-schema.ts';
import { NOTHING_USED, type VendorUsage } from '../list-prices.ts';
import { instagramMessage } from '../adapter/instagram-messages.ts';
import type { Fetched, ProviderFailure, ProviderFailureKind } from '../provider.ts';
import type { Budget } from '../../net/deadline.ts';
import { joinUrl, type BodyKind, type JsonAnswer, type JsonFailure } from '../../net/fetch-json.ts';
import { callVendor, notStarted, type VendorAccess } from '../adapter/call.ts';

/**
 * No run starts with less time left. A good post takes about 7 s (measured), and an aborted run is billed for nothing; this still admits a
 * warm actor.
 */
export const APIFY_MIN_TIME_LEFT_MS = 5_000;

/** The vendor's limit for a synchronous run; the read's deadline is shorter. */
const APIFY_LIMIT_MS = 300_000;

/** The lowest charge cap that the platform accepts (`minimalMaxTotalChargeUsd`). Enough for any run of one post. */
export const MIN_RUN_CHARGE_CAP_USD = 0.5;

/** Apify's error types, which are more specific than the status. */
const ERROR_TYPES = new Map<string, ProviderFailureKind>([
  ['invalid-token', 'misconfigured'],
  ['token-not-provided', 'misconfigured'],
  ['invalid-input', 'misconfigured'],
  ['invalid-request', 'misconfigured'],
  ['insufficient-permissions', 'misconfigured'],
  ['max-total-charge-usd-below-minimum', 'misconfigured'],
  // The actor is missing, not the post.
  ['record-not-found', 'misconfigured'],
  ['not-enough-usage-to-run-paid-actor', 'out_of_credit'],
  ['platform-feature-disabled', 'out_of_credit'],
  // Other runs use the account's memory.
  ['actor-memory-limit-exceeded', 'rate_limited'],
  ['concurrent-runs-limit-exceeded', 'rate_limited'],
  ['rate-limit-exceeded', 'rate_limited'],
  ['run-timeout-exceeded', 'timed_out'],
]);

/** Types of a started run that failed. Only the message names a timeout. */
const FAILED_RUNS = new Set(['run-failed', 'actor-run-failed']);

/** A run of an actor and how to read its data set. */
export type ActorRun<T> = {
  /** As in the path, `user~name`. */
  readonly actor: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly maxChargeUsd: number;
  readonly body: BodyKind;
  readonly read: (items: readonly unknown[]) => Result<T, ProviderFailureKind>;
  readonly count: (value: T) => number;
};

/** Runs an actor and waits for its data set. Fails without a call when less than APIFY_MIN_TIME_LEFT_MS is left. */
export async function runActor<T>(access: VendorAccess, run: ActorRun<T>, budget: Budget): Promise<Result<Fetched<T>, ProviderFailure>> {
  const endpoint = `/v2/acts/${run.actor}/run-sync-get-dataset-items`;
  const leftMs = budget.deadlineAt - access.clock();
  if (leftMs < APIFY_MIN_TIME_LEFT_MS) return err(notStarted({ provider: 'apify', endpoint }));
  // Limits the run to the time left, so that it does not cost anything after the read has ended.
  const query = { timeout: String(Math.floor(leftMs / 1_000)), maxTotalChargeUsd: String(run.maxChargeUsd) };
  const headers = { accept: 'application/json', 'content-type': 'application/json', authorization: `Bearer ${access.key}` };
  const request = {
    url: joinUrl(access.baseUrl, endpoint, query),
    init: { method: 'POST', headers, body: JSON.stringify(run.input) },
    limitMs: APIFY_LIMIT_MS,
  } as const;
  const read = (answer: JsonAnswer): Result<T, ProviderFailureKind> => {
    if (answer.status < 200 || answer.status > 299) return err(refusal(answer.status, answer.body));
    if (!Array.isArray(answer.body)) return err('bad_response');
    const items: readonly unknown[] = answer.body;
    return run.read(items);
  };
  return callVendor(access, { provider: 'apify', endpoint, request, body: run.body, read, usage: resultsUsed, count: run.count }, budget);
}

/** Returns the failure that the first error item of a data set means; `bad_response` without one. */
export function apifyProblem(items: readonly unknown[]): ProviderFailureKind {
  for (const item of items) {
    const problem = ApifyErrorItem.safeParse(item);
    if (problem.success) return itemFailure(problem.data);
  }
  return 'bad_response';
}

/** `no_items` with failed requests means that the platform blocked the actor; without them the post is gone or private. */
function itemFailure(item: ApifyErrorItem): ProviderFailureKind {
  if (item.error === 'not_found') return 'not_found';
  if (item.error === 'no_items') return (item.requestErrorMessages ?? []).length > 0 ? 'blocked' : 'unavailable';
  return instagramMessage(item) ?? 'bad_response';
}

function refusal(status: number, body: unknown): ProviderFailureKind {
  const parsed = ApifyRefusal.safeParse(body);
  const { type, message } = parsed.success ? parsed.data.error : { type: null, message: null };
  if (/usage hard limit exceeded/i.test(message ?? '')) return 'out_of_credit';
  const named = ERROR_TYPES.get(type ?? '');
  if (named !== undefined) return named;
  if (FAILED_RUNS.has(type ?? '')) return /TIMED-OUT/.test(message ?? '') ? 'timed_out' : 'server_error';
  if (status === 402) return 'out_of_credit';
  if (status === 408 || status === 504) return 'timed_out';
  if (status === 429) return 'rate_limited';
  if (status >= 500) return 'server_error';
  return status >= 400 ? 'misconfigured' : 'bad_response';
}

/**
 * The synchronous endpoint reports no bill, so every item counts as a result, error items included. A timed-out run continues and is
 * billed, so it counts as one result. A failed run counts its start only.
 */
function resultsUsed(exchange: Result<JsonAnswer, JsonFailure>): VendorUsage {
  if (!exchange.ok) {
    const { kind, httpStatus, sent } = exchange.error;
    const isRunning = kind !== 'unreachable' && sent && (httpStatus === null || httpStatus < 300);
    return isRunning ? { billedUnits: 1, started: true } : NOTHING_USED;
  }
  const { status, body } = exchange.value;
  if (status >= 200 && status <= 299) return { billedUnits: Array.isArray(body) ? body.length : 1, started: true };
  if (status === 408) return { billedUnits: 1, started: true };
  const parsed = ApifyRefusal.safeParse(body);
  const hasRun = parsed.success && FAILED_RUNS.has(parsed.data.error.type ?? '');
  return hasRun ? { billedUnits: 0, started: true } : NOTHING_USED;
}
