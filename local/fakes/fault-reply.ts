import type { Ask, Fault } from '../faults.ts';
import { type Answer, jsonText, type Reply } from './server.ts';

/** Faults that any HTTP service can have. All others use each vendor's own wording. */
type SharedFault = 'timeout' | 'slow' | 'malformed_body' | 'huge_body' | 'redirect' | 'hang_up';

/** Faults of one part; everything else succeeds. */
type PartFault =
  | 'second_page_fails'
  | 'second_page_hangs'
  | 'comments_down'
  | 'transcripts_down'
  | 'slow_pages'
  | 'comments_disabled'
  | 'no_transcript';

/** The delay of each page of a slow thread: long enough for a read of hundreds of comments to meet its deadline. */
const SLOW_PAGE_MS = 400;

/** A vendor's responses to faults. `found` is its success, for faults that are not about the content. */
export type VendorFaults = { readonly found: () => Answer } & { readonly [F in Exclude<Fault, SharedFault | PartFault>]: () => Answer };

/** Returns a fake's response when `shortcode` requests `fault`. */
export function faultReply(fault: Fault, shortcode: string, ask: Ask, vendor: VendorFaults): Reply {
  const isOfThread = ask.part === 'comments' || ask.part === 'replies';
  const answer = (isGood: boolean): Reply => ({ kind: 'answer', shortcode, answer: isGood ? vendor.found() : vendor.server_error() });
  switch (fault) {
    case 'second_page_fails':
      return answer(ask.part !== 'comments' || ask.isFirstPage);
    case 'second_page_hangs':
      return ask.part !== 'comments' || ask.isFirstPage ? answer(true) : { kind: 'silent', shortcode };
    case 'comments_down':
      return answer(!isOfThread);
    case 'transcripts_down':
      return answer(ask.part !== 'transcript');
    case 'slow_pages':
      return isOfThread ? { kind: 'slow', shortcode, answer: vendor.found(), delayMs: SLOW_PAGE_MS } : answer(true);
    case 'comments_disabled':
    case 'no_transcript':
      return answer(true);
    case 'timeout':
      return { kind: 'silent', shortcode };
    case 'hang_up':
      return { kind: 'hang_up', shortcode };
    case 'slow':
      return { kind: 'slow', shortcode, answer: vendor.found() };
    case 'huge_body':
      return { kind: 'huge', shortcode, answer: vendor.found() };
    case 'malformed_body': {
      const good = vendor.found();
      return { kind: 'answer', shortcode, answer: jsonText(good.status, good.body.slice(0, Math.floor(good.body.length / 2))) };
    }
    case 'redirect':
      // Leads nowhere, so that following it only shows in the list of calls.
      return { kind: 'answer', shortcode, answer: { status: 302, headers: { location: `/redirected/${shortcode}` }, body: '' } };
    case 'rate_limited':
    case 'server_error':
    case 'overloaded':
    case 'out_of_credit':
    case 'bad_key':
    case 'wrong_shape':
    case 'blocked':
    case 'not_found':
    case 'unavailable':
    case 'private':
    case 'login_required':
    case 'age_restricted':
    case 'first_provider_down':
      return { kind: 'answer', shortcode, answer: vendor[fault]() };
  }
}
