import type { Clock } from '../../src/clock.ts';
import { faultOf } from '../faults.ts';
import { sampleReelAs } from '../samples/samples.ts';
import { faultReply, type VendorFaults } from './fault-reply.ts';
import { shortcodeInLink } from './post-link.ts';
import type { ProviderStandIn } from './scrapecreators.ts';
import { type Answer, type Call, json, jsonText, type Reply } from './server.ts';

/** Any actor's synchronous run; the actor is written with a tilde or as an id. */
const RUN_SYNC = /^\/v2\/(?:acts|actors)\/[A-Za-z0-9._~-]+\/run-sync-get-dataset-items$/;

/** The smallest limit on a run's charge that its actors accept, in US dollars, as seen in a recorded run. */
const MIN_TOTAL_CHARGE_USD = 0.5;

/** How many times the scraper says in one item that it was blocked; more lines say no more. */
const BLOCKED_LINES = 3;

/** Apify's synchronous actor runs for posts, by `directUrls` or `username`. One item an input; a missing post is an item too, with status 201. */
export function apifyStandIn({ payloads, clock }: ProviderStandIn): (call: Call) => Reply {
  return (call) => {
    const answer = (reply: Answer, shortcode: string | null = null): Reply => ({ kind: 'answer', shortcode, answer: reply });
    if (call.method !== 'POST' || !RUN_SYNC.test(call.url.pathname)) {
      return answer(refusal(404, 'record-not-found', 'The requested resource was not found.'));
    }
    const token = /^Bearer\s+(\S+)$/i.exec(call.header('authorization') ?? '')?.[1] ?? call.url.searchParams.get('token') ?? '';
    if (token === '') return answer(refusal(401, 'token-not-provided', 'Authentication token was not provided.'));
    const maxCharge = call.url.searchParams.get('maxTotalChargeUsd');
    if (maxCharge !== null && !(Number(maxCharge) >= MIN_TOTAL_CHARGE_USD)) {
      return answer(refusal(400, 'max-total-charge-usd-below-minimum', 'The maximum total charge is below the minimum of the actor.'));
    }
    const inputs = inputsOf(call.body);
    if (inputs === null) return answer(refusal(400, 'invalid-input', 'Invalid input: The request body contains invalid data.'));
    const links = inputs.map((input) => ({ input, shortcode: shortcodeInLink(input)?.shortcode ?? null }));
    const first = links.find((link) => link.shortcode !== null)?.shortcode ?? null;
    const fault = first === null ? null : faultOf(first);
    if (first !== null && fault !== null) return faultReply(fault, first, faults(first, clock));
    const items = links.map(
      ({ input, shortcode }) => (shortcode === null ? null : payloads.find('apify', shortcode)) ?? JSON.stringify(missing(input)),
    );
    return answer(dataset(items), first);
  };
}

/** The addresses that a run is to read, or null for an input that an actor refuses. */
function inputsOf(body: string): readonly string[] | null {
  let input: unknown;
  try {
    input = JSON.parse(body);
  } catch {
    return null;
  }
  if (typeof input !== 'object' || input === null) return null;
  const given = 'directUrls' in input ? input.directUrls : 'username' in input ? input.username : null;
  if (!Array.isArray(given) || given.length === 0) return null;
  const addresses: readonly unknown[] = given;
  return addresses.every((address) => typeof address === 'string') ? addresses : null;
}

function faults(shortcode: string, clock: Clock): VendorFaults {
  const url = `https://www.instagram.com/p/${shortcode}/`;
  const found = () => dataset([sampleReelAs(shortcode, 'apify', clock)]);
  const item = (value: unknown) => dataset([JSON.stringify(value)]);
  const nothing = () =>
    item({ url, requestErrorMessages: [], error: 'no_items', errorDescription: 'Empty or private data for provided input' });
  return {
    found,
    rate_limited: () => ({
      ...refusal(429, 'rate-limit-exceeded', 'You have exceeded the rate limit. Please try again later.'),
      headers: { 'content-type': 'application/json; charset=utf-8', 'x-ratelimit-limit': '60' },
    }),
    server_error: () => refusal(500, 'internal-server-error', 'We have bad news: there was an internal error.'),
    overloaded: () => refusal(503, 'service-unavailable', 'The service is temporarily unavailable.'),
    out_of_credit: () => refusal(403, 'platform-feature-disabled', 'Monthly usage hard limit exceeded'),
    bad_key: () => refusal(401, 'invalid-token', 'Authentication token is not valid.'),
    wrong_shape: () => item({ inputUrl: url, caption: 'An item without id and shortcode' }),
    blocked: () => {
      const line = 'Request blocked, retrying it again with different session';
      const requestErrorMessages = Array.from({ length: BLOCKED_LINES }, () => line);
      return item({ url, requestErrorMessages, error: 'no_items', errorDescription: 'Empty or private data for provided input' });
    },
    not_found: () => item(missing(url)),
    unavailable: nothing,
    private: nothing,
    login_required: nothing,
    age_restricted: nothing,
    first_provider_down: found,
  };
}

/** The item of a post that is not there. The scraper takes the first part of the path for a user name. */
function missing(url: string) {
  const username = /instagram\.com\/([^/?#]+)/.exec(url)?.[1] ?? url;
  return { url, username, error: 'not_found', errorDescription: 'Post does not exist' };
}

function dataset(items: readonly string[]): Answer {
  return jsonText(201, `[${items.join(',')}]`);
}

function refusal(status: number, type: string, message: string): Answer {
  return json(status, { error: { type, message } });
}
