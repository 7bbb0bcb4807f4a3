import type { Clock } from '../../src/clock.ts';
import { faultOf } from '../faults.ts';
import type { Payloads } from '../payloads.ts';
import { createCdn } from '../samples/cdn.ts';
import { REEL } from '../samples/posts.ts';
import { SAMPLE_CREDITS, sampleReelAs } from '../samples/samples.ts';
import { shortcodeMedia } from '../samples/scrapecreators-body.ts';
import { faultReply, type VendorFaults } from './fault-reply.ts';
import { shortcodeInLink } from './post-link.ts';
import { type Answer, type Call, json, jsonText, type Reply } from './server.ts';

/** What a stand-in for a provider is made from. */
export type ProviderStandIn = { readonly payloads: Payloads; readonly clock: Clock };

/** ScrapeCreators' `GET /v1/instagram/post?url=`. A query in that address breaks the look-up, as it does at the real one. */
export function scrapecreatorsStandIn({ payloads, clock }: ProviderStandIn): (call: Call) => Reply {
  return (call) => {
    const answer = (reply: Answer, shortcode: string | null = null): Reply => ({ kind: 'answer', shortcode, answer: reply });
    if (call.method !== 'GET' || call.url.pathname !== '/v1/instagram/post') return answer(refusal(404, 'not_found', 'No such endpoint'));
    if ((call.header('x-api-key') ?? '') === '') return answer(refusal(401, 'unauthorized', 'API key is required'));
    const url = call.url.searchParams.get('url');
    if (url === null || url === '') return answer(refusal(400, 'bad_request', 'url is required'));
    const link = shortcodeInLink(url);
    if (link === null || link.hasQuery) return answer(notFound(), link?.shortcode ?? null);
    const fault = faultOf(link.shortcode);
    if (fault !== null) return faultReply(fault, link.shortcode, faults(link.shortcode, clock));
    const body = payloads.find('scrapecreators', link.shortcode);
    return answer(body === null ? notFound() : jsonText(200, body), link.shortcode);
  };
}

function faults(shortcode: string, clock: Clock): VendorFaults {
  const media = () => ({ ...shortcodeMedia({ ...REEL, shortcode }, createCdn(clock())), shortcode });
  return {
    found: () => jsonText(200, sampleReelAs(shortcode, 'scrapecreators', clock)),
    rate_limited: () => refusal(429, 'rate_limited', 'Too many requests'),
    server_error: () => refusal(500, 'internal_error', 'Something went wrong'),
    overloaded: () => refusal(503, 'unavailable', 'Try again later'),
    out_of_credit: () => refusal(402, 'out_of_credits', 'You are out of credits', 0),
    bad_key: () => refusal(401, 'unauthorized', 'Invalid API key'),
    wrong_shape: () => envelope({}),
    // The vendor has no word for it: what the platform does to it comes out as a failed gateway.
    blocked: () => refusal(502, 'bad_gateway', 'Could not reach Instagram'),
    not_found: notFound,
    unavailable: notFound,
    // Bodies of private and gated posts have not been seen; these follow the fields of a public one.
    private: () => {
      const post = media();
      return envelope({
        xdt_shortcode_media: {
          ...post,
          display_url: null,
          video_url: null,
          thumbnail_src: null,
          owner: { ...post.owner, is_private: true },
        },
      });
    },
    login_required: () => refusal(403, 'forbidden', 'login_required'),
    age_restricted: () => {
      const gate = { gating_type: 'MISINFORMATION_OR_AGE', title: 'Restricted', description: '', buttons: [] };
      return envelope({ xdt_shortcode_media: { ...media(), gating_info: gate } });
    },
    first_provider_down: () => refusal(500, 'internal_error', 'Something went wrong'),
  };
}

function envelope(data: unknown): Answer {
  return json(200, {
    success: true,
    credits_remaining: SAMPLE_CREDITS,
    credits_charged: 1,
    data,
    extensions: { is_final: true },
    status: 'ok',
  });
}

function notFound(): Answer {
  return refusal(404, 'not_found', 'Post not found');
}

function refusal(status: number, error: string, message: string, creditsRemaining = SAMPLE_CREDITS): Answer {
  return json(status, { success: false, credits_remaining: creditsRemaining, error, errorStatus: status, message });
}
