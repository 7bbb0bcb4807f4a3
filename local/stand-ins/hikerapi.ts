import type { Clock } from '../../src/clock.ts';
import { shortcodeFromMediaId } from '../../src/instagram/shortcode.ts';
import { faultOf } from '../faults.ts';
import type { PayloadKind } from '../payloads.ts';
import { sampleReelAs } from '../samples/samples.ts';
import { faultReply, type VendorFaults } from './fault-reply.ts';
import { shortcodeInLink } from './post-link.ts';
import type { ProviderStandIn } from './scrapecreators.ts';
import { type Answer, type Call, json, jsonText, type Reply } from './server.ts';

type Version = Extract<PayloadKind, 'hikerapi_v1' | 'hikerapi_v2'>;
type Parameter = 'code' | 'url' | 'id';

const ENDPOINTS: Readonly<Record<string, { readonly version: Version; readonly parameter: Parameter }>> = {
  '/v1/media/by/code': { version: 'hikerapi_v1', parameter: 'code' },
  '/v1/media/by/url': { version: 'hikerapi_v1', parameter: 'url' },
  '/v1/media/by/id': { version: 'hikerapi_v1', parameter: 'id' },
  '/v2/media/info/by/code': { version: 'hikerapi_v2', parameter: 'code' },
  '/v2/media/info/by/url': { version: 'hikerapi_v2', parameter: 'url' },
  '/v2/media/info/by/id': { version: 'hikerapi_v2', parameter: 'id' },
};

/** An answered request is billed as one; server errors are not billed. */
const BILLED = { 'x-hiker-info': 'reqs=1' };

/** HikerAPI's media endpoints of both versions, by code, URL and id. */
export function hikerapiStandIn({ payloads, clock }: ProviderStandIn): (call: Call) => Reply {
  return (call) => {
    const answer = (reply: Answer, shortcode: string | null = null): Reply => ({ kind: 'answer', shortcode, answer: reply });
    const endpoint = Object.hasOwn(ENDPOINTS, call.url.pathname) ? ENDPOINTS[call.url.pathname] : undefined;
    if (endpoint === undefined) return answer(json(404, { detail: 'Not Found' }));
    if (call.method !== 'GET') return answer(json(405, { detail: 'Method Not Allowed' }));
    const key = call.header('x-access-key') ?? call.url.searchParams.get('access_key') ?? '';
    if (key === '') return answer(unauthorized());
    const { version, parameter } = endpoint;
    const value = call.url.searchParams.get(parameter) ?? '';
    if (value === '')
      return answer(json(422, { detail: [{ loc: ['query', parameter], msg: 'field required', type: 'value_error.missing' }] }));
    const shortcode = shortcodeOf(parameter, value);
    if (shortcode === null) return answer(refusal(404, 'InvalidMediaId', `Invalid media_id ${value.slice(0, 40)}`, BILLED));
    const fault = faultOf(shortcode);
    if (fault !== null) return faultReply(fault, shortcode, faults(shortcode, version, clock));
    const body = payloads.find(version, shortcode);
    return answer(body === null ? notFound() : jsonText(200, body, BILLED), shortcode);
  };
}

function shortcodeOf(parameter: Parameter, value: string): string | null {
  switch (parameter) {
    case 'code':
      return value;
    case 'url':
      return shortcodeInLink(value)?.shortcode ?? null;
    case 'id': {
      // Both `pk` and `pk_ownerId` are accepted.
      const pk = /^([1-9]\d{0,18})(?:_\d{1,20})?$/.exec(value)?.[1];
      return pk === undefined ? null : shortcodeFromMediaId(pk);
    }
  }
}

function faults(shortcode: string, version: Version, clock: Clock): VendorFaults {
  const found = () => jsonText(200, sampleReelAs(shortcode, version, clock), BILLED);
  return {
    found,
    // The waiting time is what its clients keep to.
    rate_limited: () => refusal(429, 'RateLimitError', 'Too many requests', { 'retry-after': '2' }),
    server_error: () => refusal(500, 'ServerError', 'Internal server error'),
    overloaded: () => refusal(503, 'ServiceUnavailable', 'Service unavailable'),
    out_of_credit: () =>
      json(402, { state: false, error: 'Top up your account at https://hikerapi.com/billing', exc_type: 'InsufficientFunds' }),
    bad_key: unauthorized,
    wrong_shape: () => json(200, version === 'hikerapi_v1' ? { title: '', resources: [] } : { media_or_ad: {}, status: 'ok' }, BILLED),
    blocked: () => refusal(403, 'PleaseWaitFewMinutes', 'Please wait a few minutes before you try again.', BILLED),
    not_found: notFound,
    unavailable: () => refusal(404, 'MediaUnavailable', 'Media is unavailable', BILLED),
    private: () => refusal(403, 'PrivateAccount', 'Private account', BILLED),
    login_required: () => refusal(403, 'LoginRequired', 'login_required', BILLED),
    // Not seen in any recording: a gate in the place where the app's own object has it.
    age_restricted: () => {
      const gate = '"gating_info":{"gating_type":"AGE"},';
      const good = found();
      const opening = version === 'hikerapi_v1' ? '{' : '{"media_or_ad":{';
      return jsonText(200, opening + gate + good.body.slice(opening.length), BILLED);
    },
    first_provider_down: found,
  };
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
