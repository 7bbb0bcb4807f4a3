/**
 * Failures that every fake provider produces for a shortcode. Unless its meaning says otherwise, a fault affects the post and all its
 * parts. docs/reference/local-stack.md lists them. All have 11 characters and start with F, which keeps the encoded media id below 2^63.
 */
export const FAULTS = {
  FaultSilent: { fault: 'timeout', meaning: 'No response for 60 seconds, or until the caller disconnects.' },
  FaultSlow__: { fault: 'slow', meaning: 'A good response after three seconds.' },
  Fault429___: { fault: 'rate_limited', meaning: 'The provider reports too many requests.' },
  Fault500___: { fault: 'server_error', meaning: 'The provider fails with status 500.' },
  Fault503___: { fault: 'overloaded', meaning: 'The provider fails with status 503.' },
  FaultCredit: { fault: 'out_of_credit', meaning: 'The provider reports, in its own format, that our credit is used up.' },
  Fault401___: { fault: 'bad_key', meaning: 'The provider refuses our key.' },
  FaultBroken: { fault: 'malformed_body', meaning: 'The response ends in the middle of its JSON.' },
  FaultShape_: { fault: 'wrong_shape', meaning: 'The response is valid JSON that does not contain the post.' },
  FaultHuge__: { fault: 'huge_body', meaning: 'The response is larger than any post can be (32 MiB).' },
  FaultMoved_: { fault: 'redirect', meaning: 'The provider redirects to another of its paths.' },
  FaultHangUp: { fault: 'hang_up', meaning: 'The connection closes without a response.' },
  FaultBlock_: { fault: 'blocked', meaning: 'The platform has blocked the provider for a while.' },
  FaultGone__: { fault: 'not_found', meaning: 'The post does not exist.' },
  FaultMaybe_: {
    fault: 'unavailable',
    meaning: 'The post is gone or private and the provider cannot tell which; providers without such a response report not found.',
  },
  FaultPriv__: { fault: 'private', meaning: 'The post belongs to a private account.' },
  FaultLogin_: {
    fault: 'login_required',
    meaning: 'The post is visible only to people who are logged in; Apify can only report an empty result.',
  },
  FaultAge18_: { fault: 'age_restricted', meaning: 'The post is visible only to adults; Apify can only report an empty result.' },
  FaultFirst_: { fault: 'first_provider_down', meaning: 'ScrapeCreators fails with status 500; the other providers work.' },
  FaultPage2_: {
    fault: 'second_page_fails',
    meaning: 'The post and the first page of its comments work; every later page fails with status 500.',
  },
  FaultPgHang: {
    fault: 'second_page_hangs',
    meaning: 'The post and the first page of its comments work; later pages get no response.',
  },
  FaultCmts__: { fault: 'comments_down', meaning: 'The post works; comments and replies fail with status 500.' },
  FaultTrans_: { fault: 'transcripts_down', meaning: 'The post works; its transcript fails with status 500.' },
  FaultCrawl_: {
    fault: 'slow_pages',
    meaning: 'The post works and has 620 comments; each page of comments or replies takes 400 milliseconds.',
  },
  FaultNoCmt_: { fault: 'comments_disabled', meaning: 'The post works; its author has turned comments off.' },
  FaultMute__: { fault: 'no_transcript', meaning: 'The post works; the providers have no transcript and do not say why.' },
} as const satisfies Readonly<Record<string, { readonly fault: string; readonly meaning: string }>>;

/** What can go wrong at a provider. */
export type Fault = (typeof FAULTS)[keyof typeof FAULTS]['fault'];

/** What a fake is asked for, for faults that are about a part only. */
export type Ask = { readonly part: 'media' | 'comments' | 'replies' | 'transcript'; readonly isFirstPage: boolean };

/** The fault that a shortcode asks for, or null for any other shortcode. */
export function faultOf(shortcode: string): Fault | null {
  return isFaultShortcode(shortcode) ? FAULTS[shortcode].fault : null;
}

function isFaultShortcode(shortcode: string): shortcode is keyof typeof FAULTS {
  return Object.hasOwn(FAULTS, shortcode);
}
