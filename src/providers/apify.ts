import { canonicalUrl, type InstagramMedia } from '../instagram/media.ts';
import type { MediaTarget } from '../instagram/target.ts';
import { err, ok, type Result } from '../result.ts';
import { apifyMedia } from './apify-media.ts';
import { ApifyErrorItem, ApifyPost, ApifyRefusal } from './apify-schema.ts';
import { NOTHING_USED, type VendorUsage } from './costs.ts';
import { instagramMessage } from './instagram-messages.ts';
import { callForMedia, notStarted, type VendorAccess } from './media-call.ts';
import type { Provider, ProviderFailureKind } from './provider.ts';
import { joinUrl, type JsonAnswer, type JsonFailure } from './upstream.ts';

/**
 * No run begins with less time left, in milliseconds. A good post takes about 7 s (measured); a run that is cut short is billed
 * for nothing, and this still lets a warm actor through.
 */
export const APIFY_MIN_TIME_LEFT_MS = 5_000;

/** The vendor ends a synchronous run after 300 s whatever is asked, in milliseconds; in practice the read's deadline comes first. */
const APIFY_LIMIT_MS = 300_000;

/** The most that one run may cost, in US dollars: the least that the platform accepts for such a cap (`minimalMaxTotalChargeUsd`). */
const MAX_RUN_CHARGE_USD = '0.5';

/** The actor measured at 7 s a post with full detail; the post scraper's basic data has no slides. */
const ENDPOINT = '/v2/acts/apify~instagram-api-scraper/run-sync-get-dataset-items';

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

/** Apify: starts an actor and waits for its data set. https://docs.apify.com/api/v2 */
export function createApify(access: VendorAccess): Provider {
  return {
    id: 'apify',
    fetchMedia: async (target, budget) => {
      const leftMs = budget.deadlineAt - access.clock();
      if (leftMs < APIFY_MIN_TIME_LEFT_MS) return err(notStarted({ provider: 'apify', endpoint: ENDPOINT }));
      const input = {
        directUrls: [canonicalUrl(target.shortcode, target.hint === 'reel' ? 'reel' : 'image')],
        resultsType: 'posts',
        resultsLimit: 1,
      };
      // The run is given the time that is left, so that it doesn't go on, and cost, when nobody waits any more.
      const query = { timeout: String(Math.floor(leftMs / 1_000)), maxTotalChargeUsd: MAX_RUN_CHARGE_USD };
      const headers = { accept: 'application/json', 'content-type': 'application/json', authorization: `Bearer ${access.key}` };
      const request = {
        url: joinUrl(access.baseUrl, ENDPOINT, query),
        init: { method: 'POST', headers, body: JSON.stringify(input) },
        limitMs: APIFY_LIMIT_MS,
      } as const;
      return callForMedia(access, { provider: 'apify', endpoint: ENDPOINT, request, read: readApify, usage: resultsUsed }, target, budget);
    },
  };
}

/** Reads an answer: a data set of posts and error items, or a refusal. */
function readApify(answer: JsonAnswer, target: MediaTarget): Result<InstagramMedia, ProviderFailureKind> {
  if (answer.status < 200 || answer.status > 299) return err(refusal(answer.status, answer.body));
  if (!Array.isArray(answer.body)) return err('bad_response');
  const items: readonly unknown[] = answer.body;
  // A run that ends well without a word about the post is as vague as a vendor can be.
  if (items.length === 0) return err('unavailable');

  const posts = items.flatMap((item) => {
    const post = ApifyPost.safeParse(item);
    return post.success ? [post.data] : [];
  });
  const post = posts.find((candidate) => candidate.shortCode === target.shortcode);
  if (post !== undefined) {
    const media = apifyMedia(post, target);
    return media === null ? err('bad_response') : ok(media);
  }
  for (const item of items) {
    const problem = ApifyErrorItem.safeParse(item);
    if (problem.success) return err(itemFailure(problem.data));
  }
  return err('bad_response');
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
