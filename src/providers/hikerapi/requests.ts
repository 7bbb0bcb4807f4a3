import type { Result } from '../../core/result.ts';
import { NOTHING_USED, type VendorUsage } from '../list-prices.ts';
import { Refusal } from './media-schema.ts';
import { isJsonObject } from '../../core/json.ts';
import { instagramMessage } from '../adapter/instagram-messages.ts';
import type { ProviderFailureKind } from '../provider.ts';
import { joinUrl, type JsonAnswer, type JsonFailure, type TimedRequest } from '../../net/fetch-json.ts';
import type { VendorAccess } from '../adapter/call.ts';

/** The time limit of the vendor's own client. */
export const HIKERAPI_LIMIT_MS = 10_000;

/** HikerAPI's exception names, which are more specific than the status. */
const EXCEPTIONS = new Map<string, ProviderFailureKind>([
  ['InsufficientFunds', 'out_of_credit'],
  ['NotFoundError', 'not_found'],
  ['MediaNotFound', 'not_found'],
  ['InvalidMediaId', 'not_found'],
  ['MediaUnavailable', 'unavailable'],
  ['PrivateAccount', 'private'],
  ['LoginRequired', 'login_required'],
  ['ChallengeRequired', 'login_required'],
  ['CheckpointRequired', 'login_required'],
  ['PleaseWaitFewMinutes', 'blocked'],
  ['FeedbackRequired', 'blocked'],
  ['RateLimitError', 'rate_limited'],
]);

/** Builds one GET request. */
export function hikerRequest(access: VendorAccess, path: string, query: Readonly<Record<string, string>>): TimedRequest {
  return {
    url: joinUrl(access.baseUrl, path, query),
    init: { method: 'GET', headers: { accept: 'application/json', 'x-access-key': access.key } },
    limitMs: HIKERAPI_LIMIT_MS,
  };
}

/**
 * Returns the failure that a response is, or null for a success. Checks names and `state` before the status, because an empty balance has
 * been seen with a 200.
 */
export function hikerRefusal(answer: JsonAnswer): ProviderFailureKind | null {
  const { status, body } = answer;
  const parsed = Refusal.safeParse(body);
  if (parsed.success) {
    const named = EXCEPTIONS.get(parsed.data.exc_type ?? '');
    if (named !== undefined) return named;
    if (parsed.data.state === false) return 'out_of_credit';
    const message = instagramMessage(body);
    if (message !== null) return message;
    if (status < 300 && parsed.data.exc_type != null) return 'bad_response';
  }
  if (status >= 200 && status <= 299) return null;
  return refusalByStatus(status, body, parsed.success ? (parsed.data.detail ?? '') : '');
}

function refusalByStatus(status: number, body: unknown, detail: string): ProviderFailureKind {
  switch (status) {
    case 402:
      return 'out_of_credit';
    case 403:
      // Documented as a private account, also seen for login and age walls. Without the vendor's JSON it comes from a firewall.
      if (!isJsonObject(body)) return 'blocked';
      if (/private/i.test(detail)) return 'private';
      return /\bage\b|restricted/i.test(detail) ? 'age_restricted' : 'unavailable';
    case 404:
      // "Not Found" is the web framework's reply to an unknown path: the base URL is wrong, not the shortcode.
      if (!isJsonObject(body)) return 'bad_response';
      return detail === 'Not Found' ? 'misconfigured' : 'not_found';
    case 408:
    case 504:
      return 'timed_out';
    case 429:
      return 'rate_limited';
    case 430:
      return 'blocked';
  }
  if (status >= 500) return 'server_error';
  return status >= 400 ? 'misconfigured' : 'bad_response';
}

/** Statuses of requests that the vendor rejects unread. 5xx are documented as free. */
const UNCHARGED = new Set([400, 401, 402, 422, 429]);

/** Reads the billed requests from `x-hiker-info: reqs=N`. Without it a response counts one, misses included, and so does a timeout. */
export function requestsUsed(exchange: Result<JsonAnswer, JsonFailure>): VendorUsage {
  if (!exchange.ok) {
    const { kind, httpStatus, sent } = exchange.error;
    const isFree = kind === 'unreachable' || !sent || (httpStatus !== null && httpStatus >= 500);
    return isFree ? NOTHING_USED : { billedUnits: 1, started: true };
  }
  const said = /\breqs=(\d{1,6})\b/.exec(exchange.value.headers.get('x-hiker-info') ?? '')?.[1];
  if (said !== undefined) return { billedUnits: Number(said), started: true };
  const { status } = exchange.value;
  const isFree = status >= 500 || UNCHARGED.has(status) || hikerRefusal(exchange.value) === 'out_of_credit';
  return isFree ? NOTHING_USED : { billedUnits: 1, started: true };
}
