import { z } from 'zod';
import type { Result } from '../../core/result.ts';
import { NOTHING_USED, type VendorUsage } from '../list-prices.ts';
import { isJsonObject } from '../../core/json.ts';
import { instagramMessage } from '../adapter/instagram-messages.ts';
import type { ProviderFailureKind } from '../provider.ts';
import { joinUrl, type JsonAnswer, type JsonFailure, type TimedRequest } from '../../net/fetch-json.ts';
import type { VendorAccess } from '../adapter/call.ts';
import { flag, number, text } from '../adapter/fields.ts';

/** The vendor publishes no figure; beyond this the next vendor is the better use of a read of 25 s. */
export const SCRAPECREATORS_LIMIT_MS = 10_000;

const Envelope = z.object({ success: flag, credits_charged: number, errorStatus: number, error: text });

/** Builds one GET request with a time limit in milliseconds. */
export function scrapeCreatorsRequest(
  access: VendorAccess,
  path: string,
  query: Readonly<Record<string, string>>,
  limitMs = SCRAPECREATORS_LIMIT_MS,
): TimedRequest {
  return {
    url: joinUrl(access.baseUrl, path, query),
    init: { method: 'GET', headers: { accept: 'application/json', 'x-api-key': access.key } },
    limitMs,
  };
}

/** Returns the failure that a response is, or null for a success. Checks the status first, because a 404's body may say `success: true`. */
export function scrapeCreatorsProblem(answer: JsonAnswer): ProviderFailureKind | null {
  if (answer.status < 200 || answer.status > 299) return refusal(answer.status, answer.body);
  const envelope = Envelope.safeParse(answer.body);
  if (!envelope.success) return 'bad_response';
  const { success, errorStatus, error } = envelope.data;
  if (success !== false && error == null) return null;
  return error === 'not_found' ? 'not_found' : refusal(errorStatus ?? answer.status, answer.body);
}

function refusal(status: number, body: unknown): ProviderFailureKind {
  // Without the vendor's JSON a 404 comes from a proxy and is not a definite answer, which would be cached.
  if (status === 404) return isJsonObject(body) ? 'not_found' : 'bad_response';
  if (status === 402) return 'out_of_credit';
  if (status === 429) return 'rate_limited';
  const message = instagramMessage(body);
  if (message !== null) return message;
  if (status === 408 || status === 504) return 'timed_out';
  if (status >= 500) return 'server_error';
  return status >= 400 ? 'misconfigured' : 'bad_response';
}

/** Reads the billed credits from `credits_charged`. Without it a post, a miss (sometimes charged) and a timeout count one. */
export function creditsUsed(exchange: Result<JsonAnswer, JsonFailure>): VendorUsage {
  if (!exchange.ok) return exchange.error.kind === 'unreachable' || !exchange.error.sent ? NOTHING_USED : { billedUnits: 1, started: true };
  const { status, body } = exchange.value;
  const envelope = Envelope.safeParse(body);
  const said = envelope.success ? envelope.data.credits_charged : null;
  if (said != null && Number.isSafeInteger(said) && said >= 0) return { billedUnits: said, started: true };
  return status < 300 || status === 404 ? { billedUnits: 1, started: true } : NOTHING_USED;
}
