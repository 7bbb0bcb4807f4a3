import { err, type Result } from '../../core/result.ts';
import { ApifyErrorItem, ApifyRefusal } from './media-schema.ts';
import { NOTHING_USED, type VendorUsage } from '../list-prices.ts';
import { instagramMessage } from '../adapter/instagram-messages.ts';
import type { Fetched, ProviderFailure, ProviderFailureKind } from '../provider.ts';
import type { Budget } from '../../net/deadline.ts';
import { joinUrl, type JsonAnswer, type JsonFailure } from '../../net/fetch-json.ts';
import { callVendor, notStarted, type VendorAccess } from '../adapter/call.ts';

/**
 * No run begins with less time left, in milliseconds. A good post takes about 7 s (measured); a run that is cut short is billed
 * for nothing, and this still lets a warm actor through.
 */
export const APIFY_MIN_TIME_LEFT_MS = 5_000;

/** The vendor ends a synchronous run after 300 s whatever is asked, in milliseconds; in practice the read's deadline comes first. */
const APIFY_LIMIT_MS = 300_000;

/** The least cap on a run's charge that the platform accepts, in US dollars (`minimalMaxTotalChargeUsd`). Enough for any run of one post. */
export const MIN_RUN_CHARGE_CAP_USD = 0.5;

/** The vendor's error types; they tell more than the status does. */
const ERROR_TYPES = new Map<string, ProviderFailureKind>([
  ['invalid-token', 'misconfigured'],
  ['token-not-provided', 'misconfigured'],
  ['invalid-input', 'misconfigured'],
  ['invalid-request', 'misconfigured'],
  ['insufficient-permissions', 'misconfigured'],
  ['max-total-charge-usd-below-minimum', 'misconfigured'],
  // The actor is missing, never the post.
  ['record-not-found', 'misconfigured'],
  ['not-enough-usage-to-run-paid-actor', 'out_of_credit'],
  ['platform-feature-disabled', 'out_of_credit'],
  // Other runs hold the account's memory; it is free again in a while.
  ['actor-memory-limit-exceeded', 'rate_limited'],
  ['concurrent-runs-limit-exceeded', 'rate_limited'],
  ['rate-limit-exceeded', 'rate_limited'],
  ['run-timeout-exceeded', 'timed_out'],
]);

/** Types of a run that began and failed; a run out of time is named only in the message. */
const FAILED_RUNS = new Set(['run-failed', 'actor-run-failed']);

/** One run of an actor, and how its data set is read. */
export type ActorRun<T> = {
  /** As in the path, with `~` between user and name. */
  readonly actor: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly maxChargeUsd: number;
  readonly read: (items: readonly unknown[]) => Result<T, ProviderFailureKind>;
  readonly count: (value: T) => number;
};

/** Starts an actor and waits for its data set. A run isn't started when less than APIFY_MIN_TIME_LEFT_MS are left. */
export async function runActor<T>(access: VendorAccess, run: ActorRun<T>, budget: Budget): Promise<Result<Fetched<T>, ProviderFailure>> {
  const endpoint = `/v2/acts/${run.actor}/run-sync-get-dataset-items`;
  const leftMs = budget.deadlineAt - access.clock();
  if (leftMs < APIFY_MIN_TIME_LEFT_MS) return err(notStarted({ provider: 'apify', endpoint }));
  // The run is given the time that is left, so that it doesn't go on, and cost, when nobody waits any more.
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
  return callVendor(access, { provider: 'apify', endpoint, request, read, usage: resultsUsed, count: run.count }, budget);
}

/** Why a data set without the thing asked for is without it: what its first error item says. */
export function apifyProblem(items: readonly unknown[]): ProviderFailureKind {
  for (const item of items) {
    const problem = ApifyErrorItem.safeParse(item);
    if (problem.success) return itemFailure(problem.data);
  }
  return 'bad_response';
}

/** `no_items` with failed requests means that the platform blocked the actor; without any it is gone or private, which the actor can't tell. */
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
 * The synchronous endpoint names no bill: every item counts as a result, error items too. A run that went out of time goes on
 * and is billed, so it counts as one. A failed run counts its start only.
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
