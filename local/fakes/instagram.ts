import { FAULTS } from '../faults.ts';
import { PAYLOAD_KINDS, type Payloads } from '../payloads.ts';
import type { Call, Reply } from './server.ts';

/** Tokens of share links whose redirect must not be followed. */
export const SHARE_FAULTS = {
  ShareFaultLogin: {
    location: 'https://www.instagram.com/accounts/login/',
    meaning: 'The platform asks to log in instead of showing the post.',
  },
  ShareFaultEvil: {
    location: 'https://instagram.com.evil.example/p/DemoImage01/',
    meaning: 'The redirect leads to a host that only looks like the platform.',
  },
  ShareFaultLoop: { location: 'https://www.instagram.com/share/ShareFaultLoop', meaning: 'The redirect leads to itself.' },
  ShareFaultBusy: { location: null, meaning: 'The platform answers 429.' },
  ShareFaultSilent: { location: null, meaning: 'No answer comes until the caller gives up, for at most 60 seconds.' },
} as const satisfies Readonly<Record<string, { readonly location: string | null; readonly meaning: string }>>;

/**
 * Fakes the platform's share links: `/share/`, `/share/p/` and `/share/reel/` with the token `Share` + shortcode lead to that post if any
 * provider has it; anything else is 404.
 */
export function instagramFake(payloads: Payloads): (call: Call) => Reply {
  const isKnown = (shortcode: string) =>
    Object.hasOwn(FAULTS, shortcode) || PAYLOAD_KINDS.some((kind) => payloads.find(kind, shortcode) !== null);
  return (call) => {
    const found = /^\/share\/(?:(p|reel)\/)?([A-Za-z0-9_-]+)\/?$/.exec(call.url.pathname);
    const token = found?.[2] ?? '';
    const redirect = (shortcode: string | null, location: string): Reply => ({
      kind: 'answer',
      shortcode,
      answer: { status: 302, headers: { location }, body: '' },
    });
    if (token === 'ShareFaultSilent') return { kind: 'silent', shortcode: null };
    if (token === 'ShareFaultBusy')
      return { kind: 'answer', shortcode: null, answer: { status: 429, headers: { 'content-type': 'text/html' }, body: '' } };
    if (isShareFault(token)) return redirect(null, SHARE_FAULTS[token].location ?? '/');
    const shortcode = /^Share([A-Za-z0-9_-]{5,11})$/.exec(token)?.[1];
    if (shortcode === undefined || !isKnown(shortcode) || (call.method !== 'GET' && call.method !== 'HEAD')) {
      return {
        kind: 'answer',
        shortcode: shortcode ?? null,
        answer: { status: 404, headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>Page not found</title>' },
      };
    }
    return redirect(shortcode, `https://www.instagram.com/${found?.[1] === 'reel' ? 'reel' : 'p'}/${shortcode}/?igsh=c2FtcGxl`);
  };
}

function isShareFault(token: string): token is keyof typeof SHARE_FAULTS {
  return Object.hasOwn(SHARE_FAULTS, token);
}
