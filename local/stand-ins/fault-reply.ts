import type { Fault } from '../faults.ts';
import { type Answer, jsonText, type Reply } from './server.ts';

/** The faults that every HTTP service can have; the others are told in each vendor's own words. */
type SharedFault = 'timeout' | 'slow' | 'malformed_body' | 'huge_body' | 'redirect' | 'hang_up';

/** A vendor's own way of saying what went wrong. `found` is its good answer, for faults that aren't about the content. */
export type VendorFaults = { readonly found: () => Answer } & { readonly [F in Exclude<Fault, SharedFault>]: () => Answer };

/** What a stand-in does when `shortcode` asks for `fault`. */
export function faultReply(fault: Fault, shortcode: string, vendor: VendorFaults): Reply {
  switch (fault) {
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
      // Nothing is there, so that following it shows in the list of calls and gets nobody anywhere.
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
