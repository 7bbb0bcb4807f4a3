import { shortcodeFromMediaId } from '../../src/instagram/shortcode.ts';
import { withSafeIntegers } from '../exact-json.ts';
import { type Ask, faultOf } from '../faults.ts';
import { type Page, type PageKind, PAYLOAD_KINDS, type PayloadKind, type Payloads } from '../payloads.ts';
import { samplesBehindFaults } from '../samples/samples.ts';
import { faultReply, type VendorFaults } from './fault-reply.ts';
import { shortcodeInLink } from './post-link.ts';
import type { ProviderFake } from './scrapecreators.ts';
import { type Answer, type Call, json, jsonText, type Reply } from './server.ts';

/**
 * `parameter` identifies the post: by shortcode, URL or media id. `cursor` is the parameter of later pages, null for a list without pages.
 */
type Endpoint = { readonly parameter: 'code' | 'url' | 'id' | 'media_id' } & (
  | { readonly part: 'media'; readonly kind: Extract<PayloadKind, `hikerapi_${string}`> }
  | { readonly part: 'comments' | 'replies'; readonly kind: Extract<PageKind, `hikerapi_${string}`>; readonly cursor: string | null }
);

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  '/v1/media/by/code': { part: 'media', kind: 'hikerapi_v1', parameter: 'code' },
  '/v1/media/by/url': { part: 'media', kind: 'hikerapi_v1', parameter: 'url' },
  '/v1/media/by/id': { part: 'media', kind: 'hikerapi_v1', parameter: 'id' },
  '/v2/media/info/by/code': { part: 'media', kind: 'hikerapi_v2', parameter: 'code' },
  '/v2/media/info/by/url': { part: 'media', kind: 'hikerapi_v2', parameter: 'url' },
  '/v2/media/info/by/id': { part: 'media', kind: 'hikerapi_v2', parameter: 'id' },
  '/v2/media/comments': { part: 'comments', kind: 'hikerapi_v2_comments', parameter: 'id', cursor: 'page_id' },
  '/v1/media/comments/chunk': { part: 'comments', kind: 'hikerapi_v1_comments', parameter: 'id', cursor: 'min_id' },
  '/gql/comments': { part: 'comments', kind: 'hikerapi_gql_comments', parameter: 'media_id', cursor: null },
  '/v2/media/comments/replies': { part: 'replies', kind: 'hikerapi_replies', parameter: 'media_id', cursor: 'min_id' },
};

const DEFAULT_AMOUNT = 50;

/** Every response but a server error is billed as one request. */
const BILLED = { 'x-hiker-info': 'reqs=1' };

/** Fakes HikerAPI: media of both versions by code, URL and id, and comments and replies by media id. */
export function hikerapiFake({ payloads, clock }: ProviderFake): (call: Call) => Reply {
  return (call) => {
    const answer = (reply: Answer, shortcode: string | null = null): Reply => ({ kind: 'answer', shortcode, answer: reply });
    const endpoint = Object.hasOwn(ENDPOINTS, call.url.pathname) ? ENDPOINTS[call.url.pathname] : undefined;
    if (endpoint === undefined) return answer(json(404, { detail: 'Not Found' }));
    if (call.method !== 'GET') return answer(json(405, { detail: 'Method Not Allowed' }));
    const query = call.url.searchParams;
    if ((call.header('x-access-key') ?? query.get('access_key') ?? '') === '') return answer(unauthorized());
    const { parameter, part } = endpoint;
    const needed = part === 'replies' ? [parameter, 'comment_id'] : [parameter];
    const missing = needed.find((name) => (query.get(name) ?? '') === '');
    if (missing !== undefined)
      return answer(json(422, { detail: [{ loc: ['query', missing], msg: 'field required', type: 'value_error.missing' }] }));
    const value = query.get(parameter) ?? '';
    const shortcode = shortcodeOf(parameter, value, payloads);
    if (shortcode === null) return answer(refusal(404, 'InvalidMediaId', `Invalid media_id ${value.slice(0, 40)}`, BILLED));
    const read = (from: Payloads) =>
      endpoint.part === 'media' ? post(from, endpoint.kind, shortcode) : page(from, endpoint, shortcode, query);
    const fault = faultOf(shortcode);
    if (fault === null) return answer(read(payloads), shortcode);
    const ask = { part, isFirstPage: endpoint.part === 'media' || cursorIn(query, endpoint.cursor) === null };
    return faultReply(
      fault,
      shortcode,
      ask,
      faults(endpoint.kind, part, () => read(samplesBehindFaults(clock))),
    );
  };
}

function post(from: Payloads, kind: PayloadKind, shortcode: string): Answer {
  const body = from.find(kind, shortcode);
  if (body !== null) return jsonText(200, body, BILLED);
  return from.isKnown(shortcode) ? busy() : notFound();
}

function page(from: Payloads, endpoint: Exclude<Endpoint, { part: 'media' }>, shortcode: string, query: URLSearchParams): Answer {
  const amount = Number(query.get('amount') ?? DEFAULT_AMOUNT);
  const found = from.page({
    kind: endpoint.kind,
    shortcode,
    cursor: cursorIn(query, endpoint.cursor),
    commentId: query.get('comment_id'),
    limit: Number.isInteger(amount) && amount > 0 ? amount : DEFAULT_AMOUNT,
    withReplies: false,
  });
  if (found.kind !== 'page') return without(found.kind, endpoint.kind);
  return jsonText(200, query.get('safe_int') === 'true' ? withSafeIntegers(found.text) : found.text, BILLED);
}

function cursorIn(query: URLSearchParams, name: string | null): string | null {
  const cursor = (name === null ? null : query.get(name)) ?? '';
  return cursor === '' ? null : cursor;
}

/** The response when there is no page. No comments at all is an error here, and so are disabled ones. */
function without(why: Exclude<Page['kind'], 'page'>, kind: PageKind): Answer {
  switch (why) {
    case 'end':
      return json(200, lastPage(kind), BILLED);
    case 'comments_disabled':
      return refusal(403, 'CommentsDisabled', 'Comments disabled by author', BILLED);
    case 'no_post':
      return notFound();
    case 'elsewhere':
      return busy();
    case 'none':
    // HikerAPI has no transcripts, so these are never requested.
    case 'no_speech':
    case 'no_video':
    case 'too_long':
      return kind === 'hikerapi_replies' ? json(200, lastPage(kind), BILLED) : refusal(404, 'NotFoundError', 'Entries not found', BILLED);
  }
}

function lastPage(kind: PageKind): unknown {
  if (kind === 'hikerapi_replies') {
    return {
      child_comment_count: 0,
      child_comments: [],
      has_more_head_child_comments: false,
      has_more_tail_child_comments: false,
      status: 'ok',
    };
  }
  if (kind === 'hikerapi_v1_comments') return [[], null, null];
  if (kind === 'hikerapi_gql_comments') return [];
  return {
    response: { comments: [], comment_count: 0, has_more_comments: false, has_more_headload_comments: false, status: 'ok' },
    next_page_id: null,
  };
}

function shortcodeOf(parameter: Endpoint['parameter'], value: string, payloads: Payloads): string | null {
  switch (parameter) {
    case 'code':
      return value;
    case 'url':
      return shortcodeInLink(value)?.shortcode ?? null;
    case 'id':
    case 'media_id': {
      // Accepts `pk` and `pk_ownerId`.
      const pk = /^([1-9]\d{0,18})(?:_\d{1,20})?$/.exec(value)?.[1];
      return pk === undefined ? null : knownShortcode(pk, payloads);
    }
  }
}

/** A number drops the leading zeros that a shortcode may have, as the letter A: then the known shortcode with them is meant. */
function knownShortcode(pk: string, payloads: Payloads): string {
  const short = shortcodeFromMediaId(pk);
  const long = short.padStart(11, 'A');
  return PAYLOAD_KINDS.some((kind) => payloads.find(kind, long) !== null) ? long : short;
}

function faults(kind: PayloadKind | PageKind, part: Ask['part'], found: () => Answer): VendorFaults {
  return {
    found,
    // Its clients honour the delay.
    rate_limited: () => refusal(429, 'RateLimitError', 'Too many requests', { 'retry-after': '2' }),
    server_error: () => refusal(500, 'ServerError', 'Internal server error'),
    overloaded: busy,
    out_of_credit: () =>
      json(402, { state: false, error: 'Top up your account at https://hikerapi.com/billing', exc_type: 'InsufficientFunds' }),
    bad_key: unauthorized,
    wrong_shape: () => json(200, kind === 'hikerapi_v2' ? { media_or_ad: {}, status: 'ok' } : { title: '', resources: [] }, BILLED),
    blocked: () => refusal(403, 'PleaseWaitFewMinutes', 'Please wait a few minutes before you try again.', BILLED),
    not_found: notFound,
    unavailable: () => refusal(404, 'MediaUnavailable', 'Media is unavailable', BILLED),
    private: () => refusal(403, 'PrivateAccount', 'Private account', BILLED),
    login_required: () => refusal(403, 'LoginRequired', 'login_required', BILLED),
    // Not in any recording: for a post, a gate where the app's own object has it; for its comments, the documented status.
    age_restricted: () => {
      if (part !== 'media') return refusal(403, 'ClientForbiddenError', 'Age-restricted media', BILLED);
      const gate = '"gating_info":{"gating_type":"AGE"},';
      const good = found();
      const opening = kind === 'hikerapi_v1' ? '{' : '{"media_or_ad":{';
      return jsonText(200, opening + gate + good.body.slice(opening.length), BILLED);
    },
    first_provider_down: found,
  };
}

function busy(): Answer {
  return refusal(503, 'ServiceUnavailable', 'Service unavailable');
}

function notFound(): Answer {
  return refusal(404, 'MediaNotFound', 'Media not found', BILLED);
}

function unauthorized(): Answer {
  return json(401, { detail: 'Invalid or missing access key' });
}

function refusal(status: number, exception: string, detail: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return json(status, { detail, exc_type: exception }, headers);
}
