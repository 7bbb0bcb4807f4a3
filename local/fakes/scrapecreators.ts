import type { Clock } from '../../src/core/clock.ts';
import { type Ask, faultOf } from '../faults.ts';
import type { Page, PageRequest, Payloads } from '../payloads.ts';
import { createCdn } from '../samples/cdn.ts';
import { REEL } from '../samples/sample-post.ts';
import { samplesBehindFaults } from '../samples/samples.ts';
import { SAMPLE_CREDITS, shortcodeMedia } from '../samples/scrapecreators-body.ts';
import { faultReply, type VendorFaults } from './fault-reply.ts';
import { shortcodeInLink } from './post-link.ts';
import { type Answer, type Call, json, jsonText, type Reply } from './server.ts';

export type ProviderFake = { readonly payloads: Payloads; readonly clock: Clock };

const PARTS: Readonly<Record<string, Ask['part']>> = {
  '/v1/instagram/post': 'media',
  '/v2/instagram/post/comments': 'comments',
  '/v1/instagram/post/comment/replies': 'replies',
  '/v2/instagram/media/transcript': 'transcript',
};

const KINDS = {
  comments: 'scrapecreators_comments',
  replies: 'scrapecreators_replies',
  transcript: 'scrapecreators_transcript',
} as const satisfies Readonly<Record<Exclude<Ask['part'], 'media'>, PageRequest['kind']>>;

/** Fakes ScrapeCreators' posts, comments, replies and transcripts. A query in the post's URL breaks the look-up, as at the real service. */
export function scrapecreatorsFake({ payloads, clock }: ProviderFake): (call: Call) => Reply {
  return (call) => {
    const answer = (reply: Answer, shortcode: string | null = null): Reply => ({ kind: 'answer', shortcode, answer: reply });
    const part = Object.hasOwn(PARTS, call.url.pathname) ? PARTS[call.url.pathname] : undefined;
    if (call.method !== 'GET' || part === undefined) return answer(refusal(404, 'not_found', 'No such endpoint'));
    if ((call.header('x-api-key') ?? '') === '') return answer(refusal(401, 'unauthorized', 'API key is required'));
    const needed = part === 'replies' ? ['url', 'comment_id'] : ['url'];
    const missing = needed.find((name) => (call.url.searchParams.get(name) ?? '') === '');
    if (missing !== undefined) return answer(refusal(400, 'bad_request', `${missing} is required`));
    const link = shortcodeInLink(call.url.searchParams.get('url') ?? '');
    if (link === null || link.hasQuery) return answer(notFound(), link?.shortcode ?? null);
    const { shortcode } = link;
    const read = (from: Payloads) => (part === 'media' ? post(from, shortcode) : hanging(from, part, shortcode, call.url.searchParams));
    const fault = faultOf(shortcode);
    if (fault === null) return answer(read(payloads), shortcode);
    const ask = { part, isFirstPage: (call.url.searchParams.get('cursor') ?? '') === '' };
    return faultReply(
      fault,
      shortcode,
      ask,
      faults(shortcode, part, () => read(samplesBehindFaults(clock)), clock),
    );
  };
}

function post(from: Payloads, shortcode: string): Answer {
  const body = from.find('scrapecreators', shortcode);
  if (body !== null) return jsonText(200, body);
  return from.isKnown(shortcode) ? busy() : notFound();
}

function hanging(from: Payloads, part: Exclude<Ask['part'], 'media'>, shortcode: string, query: URLSearchParams): Answer {
  const cursor = query.get('cursor') ?? '';
  const page = from.page({
    kind: KINDS[part],
    shortcode,
    cursor: cursor === '' ? null : cursor,
    commentId: query.get('comment_id'),
    limit: Infinity,
    withReplies: query.get('include_replies') === 'true',
  });
  return page.kind === 'page' ? jsonText(200, page.text) : without(page.kind, part);
}

function without(why: Exclude<Page['kind'], 'page'>, part: Exclude<Ask['part'], 'media'>): Answer {
  switch (why) {
    case 'end':
    case 'none':
    case 'comments_disabled':
      // Null is its response to silence; its response for an unavailable transcript is not known.
      if (part === 'transcript') return json(200, { success: true, transcripts: [] });
      return json(200, {
        success: true,
        credits_remaining: SAMPLE_CREDITS,
        credits_charged: 1,
        comments: [],
        cursor: null,
        ...(part === 'replies' ? { has_more: false } : {}),
      });
    case 'no_speech':
      return json(200, { success: true, transcripts: null });
    case 'no_video':
      return refusal(404, 'not_found', 'The post does not have a video');
    case 'too_long':
      // The limit of two minutes is documented; the response to a longer video is not known.
      return refusal(400, 'bad_request', 'The video must be shorter than 2 minutes');
    case 'no_post':
      return notFound();
    case 'elsewhere':
      return busy();
  }
}

function faults(shortcode: string, part: Ask['part'], found: () => Answer, clock: Clock): VendorFaults {
  const media = () => ({ ...shortcodeMedia({ ...REEL, shortcode }, createCdn(clock())), shortcode });
  return {
    found,
    rate_limited: () => refusal(429, 'rate_limited', 'Too many requests'),
    server_error: () => refusal(500, 'internal_error', 'Something went wrong'),
    overloaded: busy,
    out_of_credit: () => refusal(402, 'out_of_credits', 'You are out of credits', 0),
    bad_key: () => refusal(401, 'unauthorized', 'Invalid API key'),
    wrong_shape: () => (part === 'media' ? envelope({}) : json(200, { success: true, credits_remaining: SAMPLE_CREDITS, items: {} })),
    // The vendor has no error for it: blocked requests surface as a bad gateway.
    blocked: () => refusal(502, 'bad_gateway', 'Could not reach Instagram'),
    not_found: notFound,
    unavailable: notFound,
    // Bodies of private and gated posts are not known; these follow the fields of a public one.
    private: () => {
      if (part !== 'media') return notFound();
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
      if (part !== 'media') return notFound();
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

function busy(): Answer {
  return refusal(503, 'unavailable', 'Try again later');
}

function refusal(status: number, error: string, message: string, creditsRemaining = SAMPLE_CREDITS): Answer {
  return json(status, { success: false, credits_remaining: creditsRemaining, error, errorStatus: status, message });
}
