/**
 * Failures that can be asked for by shortcode at every provider stand-in, so that each can be seen by hand. Where it says nothing
 * else, a fault is one of the post and of all that hangs on it. The README's
 * table is this one. All are 11 characters and start with F, which keeps the media id that they encode below 2^63.
 */
export const FAULTS = {
  FaultSilent: { fault: 'timeout', meaning: 'No answer comes until the caller gives up, for at most 60 seconds.' },
  FaultSlow__: { fault: 'slow', meaning: 'A good answer comes after three seconds.' },
  Fault429___: { fault: 'rate_limited', meaning: 'The provider says that it is asked too often.' },
  Fault500___: { fault: 'server_error', meaning: 'The provider fails with status 500.' },
  Fault503___: { fault: 'overloaded', meaning: 'The provider fails with status 503.' },
  FaultCredit: { fault: 'out_of_credit', meaning: 'Our credit at the provider is used up, said in its own way.' },
  Fault401___: { fault: 'bad_key', meaning: 'The provider refuses our key.' },
  FaultBroken: { fault: 'malformed_body', meaning: 'The answer is cut off in the middle of its JSON.' },
  FaultShape_: { fault: 'wrong_shape', meaning: 'The answer is valid JSON without the post in it.' },
  FaultHuge__: { fault: 'huge_body', meaning: 'The answer is larger than any post could be (32 MiB).' },
  FaultMoved_: { fault: 'redirect', meaning: 'The provider redirects to another path of its own.' },
  FaultHangUp: { fault: 'hang_up', meaning: 'The connection is closed without an answer.' },
  FaultBlock_: { fault: 'blocked', meaning: 'The platform has blocked the provider for a while.' },
  FaultGone__: { fault: 'not_found', meaning: 'The post does not exist.' },
  FaultMaybe_: {
    fault: 'unavailable',
    meaning: 'The post is gone or private and the provider cannot tell which; where it has no such answer, it says not found.',
  },
  FaultPriv__: { fault: 'private', meaning: 'The post belongs to a private account.' },
  FaultLogin_: {
    fault: 'login_required',
    meaning: 'The post is only shown to people who are logged in; Apify can only say that it got nothing.',
  },
  FaultAge18_: { fault: 'age_restricted', meaning: 'The post is only shown to adults; Apify can only say that it got nothing.' },
  FaultFirst_: { fault: 'first_provider_down', meaning: 'ScrapeCreators fails with status 500 and the other providers answer well.' },
  FaultPage2_: {
    fault: 'second_page_fails',
    meaning: 'The post and the first page of its comments are good; every later page fails with status 500.',
  },
  FaultPgHang: {
    fault: 'second_page_hangs',
    meaning: 'The post and the first page of its comments are good; no answer comes for a later one.',
  },
  FaultCmts__: { fault: 'comments_down', meaning: 'The post is good; comments and replies fail with status 500.' },
  FaultTrans_: { fault: 'transcripts_down', meaning: 'The post is good; asking for a transcript fails with status 500.' },
  FaultCrawl_: {
    fault: 'slow_pages',
    meaning: 'The post is good and has 620 comments; each page of comments or replies takes 400 milliseconds.',
  },
  FaultNoCmt_: { fault: 'comments_disabled', meaning: 'The post is good; its owner has turned comments off.' },
  FaultMute__: { fault: 'no_transcript', meaning: 'The post is good; the providers have no transcript of it and do not say why.' },
} as const satisfies Readonly<Record<string, { readonly fault: string; readonly meaning: string }>>;

/** What can go wrong at a provider. */
export type Fault = (typeof FAULTS)[keyof typeof FAULTS]['fault'];

/** What a stand-in is asked for, for faults that are about a part only. */
export type Ask = { readonly part: 'media' | 'comments' | 'replies' | 'transcript'; readonly isFirstPage: boolean };

/** The fault that a shortcode asks for, or null for any other shortcode. */
export function faultOf(shortcode: string): Fault | null {
  return isFaultShortcode(shortcode) ? FAULTS[shortcode].fault : null;
}

function isFaultShortcode(shortcode: string): shortcode is keyof typeof FAULTS {
  return Object.hasOwn(FAULTS, shortcode);
}
