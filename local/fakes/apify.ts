import { faultOf } from '../faults.ts';
import type { Payloads } from '../payloads.ts';
import { samplesBehindFaults } from '../samples/samples.ts';
import { faultReply, type VendorFaults } from './fault-reply.ts';
import { shortcodeInLink } from './post-link.ts';
import type { ProviderFake } from './scrapecreators.ts';
import { type Answer, type Call, json, jsonText, type Reply } from './server.ts';

/** The synchronous run of any actor, written with a tilde or as an id. */
const RUN_SYNC = /^\/v2\/(?:acts|actors)\/([A-Za-z0-9._~-]+)\/run-sync-get-dataset-items$/;

/** Actors, by name and id, that read only comments or that can transcribe a reel. */
const COMMENT_SCRAPERS = new Set(['apify~instagram-comment-scraper', 'SbK00X0JYCPblD2wp']);
const REEL_SCRAPERS = new Set(['apify~instagram-reel-scraper']);

/** The lowest charge cap that its actors accept, as seen in a recorded run. */
const MIN_TOTAL_CHARGE_USD = 0.5;

/** Lines in one item that report a blocked request; more add nothing. */
const BLOCKED_LINES = 3;

type Run = {
  readonly part: 'media' | 'comments' | 'transcript';
  readonly inputs: readonly string[];
  readonly limit: number;
  readonly withReplies: boolean;
};

/**
 * Fakes Apify's synchronous actor runs: posts by `directUrls` or `username`, their comments (`resultsType` or the comment scraper), and
 * reels with `includeTranscript`. A missing post is an item too, with status 201.
 */
export function apifyFake({ payloads, clock }: ProviderFake): (call: Call) => Reply {
  return (call) => {
    const answer = (reply: Answer, shortcode: string | null = null): Reply => ({ kind: 'answer', shortcode, answer: reply });
    const actor = RUN_SYNC.exec(call.url.pathname)?.[1];
    if (call.method !== 'POST' || actor === undefined) {
      return answer(refusal(404, 'record-not-found', 'The requested resource was not found.'));
    }
    const token = /^Bearer\s+(\S+)$/i.exec(call.header('authorization') ?? '')?.[1] ?? call.url.searchParams.get('token') ?? '';
    if (token === '') return answer(refusal(401, 'token-not-provided', 'Authentication token was not provided.'));
    const maxCharge = call.url.searchParams.get('maxTotalChargeUsd');
    if (maxCharge !== null && !(Number(maxCharge) >= MIN_TOTAL_CHARGE_USD)) {
      return answer(refusal(400, 'max-total-charge-usd-below-minimum', 'The maximum total charge is below the minimum of the actor.'));
    }
    const run = runOf(actor, call.body);
    if (run === null) return answer(refusal(400, 'invalid-input', 'Invalid input: The request body contains invalid data.'));
    const first = run.inputs.map((input) => shortcodeInLink(input)?.shortcode).find((shortcode) => shortcode !== undefined) ?? null;
    const fault = first === null ? null : faultOf(first);
    if (first !== null && fault !== null) {
      const found = () => result(samplesBehindFaults(clock), run);
      return faultReply(fault, first, { part: run.part, isFirstPage: true }, faults(first, found));
    }
    return answer(result(payloads, run), first);
  };
}

/** Parses a run's input; null for one that an actor refuses. */
function runOf(actor: string, body: string): Run | null {
  let input: unknown;
  try {
    input = JSON.parse(body);
  } catch {
    return null;
  }
  if (typeof input !== 'object' || input === null) return null;
  const given = 'directUrls' in input ? input.directUrls : 'username' in input ? input.username : null;
  if (!Array.isArray(given) || given.length === 0) return null;
  const inputs: readonly unknown[] = given;
  if (!inputs.every((address) => typeof address === 'string')) return null;
  const limit = 'resultsLimit' in input ? input.resultsLimit : Infinity;
  if (typeof limit !== 'number' || limit < 1) return null;
  const isOfComments = ('resultsType' in input && input.resultsType === 'comments') || COMMENT_SCRAPERS.has(actor);
  const hasTranscript = 'includeTranscript' in input && input.includeTranscript === true && REEL_SCRAPERS.has(actor);
  return {
    part: isOfComments ? 'comments' : hasTranscript ? 'transcript' : 'media',
    inputs,
    limit,
    withReplies: 'includeNestedComments' in input && input.includeNestedComments === true,
  };
}

/** The data set of a run, or a refusal when only another provider's recording has the data. */
function result(from: Payloads, run: Run): Answer {
  const items: string[] = [];
  for (const input of run.inputs) {
    const shortcode = shortcodeInLink(input)?.shortcode ?? null;
    const found = shortcode === null ? [JSON.stringify(missing(input))] : itemsOf(from, run, input, shortcode);
    if (found === null) return refusal(503, 'service-unavailable', 'The service is temporarily unavailable.');
    items.push(...found);
  }
  return dataset(items);
}

function itemsOf(from: Payloads, run: Run, input: string, shortcode: string): readonly string[] | null {
  const found = from.find('apify', shortcode);
  if (run.part === 'media' && found === null && from.isKnown(shortcode)) return null;
  const item = () => [found ?? JSON.stringify(missing(input))];
  if (run.part === 'media') return item();
  const { limit, withReplies } = run;
  const kind = run.part === 'comments' ? 'apify_comments' : 'apify_transcript';
  const page = from.page({ kind, shortcode, cursor: null, commentId: null, limit, withReplies });
  if (page.kind === 'elsewhere') return null;
  if (run.part === 'transcript') return page.kind === 'page' ? [page.text] : item();
  if (page.kind === 'page') return [page.text.replace(/^\s*\[|\]\s*$/g, '')];
  if (page.kind === 'no_post') return [JSON.stringify(missing(input))];
  return page.kind === 'comments_disabled' ? [JSON.stringify(nothing(input))] : [];
}

function faults(shortcode: string, found: () => Answer): VendorFaults {
  const url = `https://www.instagram.com/p/${shortcode}/`;
  const item = (value: unknown) => dataset([JSON.stringify(value)]);
  const noItems = () => item(nothing(url));
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
      return item({ ...nothing(url), requestErrorMessages });
    },
    not_found: () => item(missing(url)),
    unavailable: noItems,
    private: noItems,
    login_required: noItems,
    age_restricted: noItems,
    first_provider_down: found,
  };
}

/** The item for a post without data: private, or empty. */
function nothing(url: string) {
  return { url, requestErrorMessages: [], error: 'no_items', errorDescription: 'Empty or private data for provided input' };
}

/** The item for a missing post. The scraper takes the first part of the path for a username. */
function missing(url: string) {
  const username = /instagram\.com\/([^/?#]+)/.exec(url)?.[1] ?? url;
  return { url, username, error: 'not_found', errorDescription: 'Post does not exist' };
}

function dataset(items: readonly string[]): Answer {
  return jsonText(201, `[${items.filter((item) => item.trim() !== '').join(',')}]`);
}

function refusal(status: number, type: string, message: string): Answer {
  return json(status, { error: { type, message } });
}
