import { microCredits, ZERO } from '../../core/money.ts';
import { lastingRefusal } from '../../errors/from-database.ts';
import { absentRefusal, providerUnconfigured, type ReadRefusal, shareLinkRefusal, tooManyMisses } from '../../errors/from-read.ts';
import type { CacheStatus } from '../cache/freshness.ts';
import type { VariantsOf } from '../model/part.ts';
import type { Parts } from '../parts/parts.ts';
import { DAY_MS } from '../../core/clock.ts';
import { sampleUrl } from '../samples/media.ts';

/** What a test key gets for one shortcode. Every part that it says nothing of is complete. */
export type SandboxSample = {
  readonly meaning: string;
  readonly refusal?: ReadRefusal;
  readonly status?: CacheStatus;
  readonly parts?: VariantsOf<Parts>;
};

const EXAMPLE_ACCOUNT = 'acct_sandbox';

const picture = { type: 'image', width: 1080, height: 1350 } as const;

/** Every sample by its shortcode. The table in docs/guides/sandbox.md is generated from it. */
export const SANDBOX_SAMPLES: Readonly<Record<string, SandboxSample>> = {
  TestImage01: { meaning: 'a picture, complete', parts: { media: { type: 'image' } } },
  TestVideo01: { meaning: 'a video, complete', parts: { media: { type: 'video' } } },
  TestCarous1: { meaning: 'a carousel of two, complete', parts: { media: { type: 'carousel' } } },
  TestReel_01: { meaning: 'a reel with a transcript from the data provider', parts: { media: { type: 'reel' } } },
  TestHosted1: { meaning: 'a reel with a transcript made by hosted transcription', parts: { transcript: 'hosted' } },
  TestCached1: { meaning: 'a cache entry: `metrics_stale`', parts: { media: { type: 'image' } }, status: 'hit' },
  TestStale01: { meaning: 'an expired cache entry: `stale_copy`', parts: { media: { type: 'image' } }, status: 'stale' },
  TestHidden1: {
    meaning: '`metric_unavailable`: hidden by the author',
    parts: { media: { type: 'image', facts: () => ({ metrics: { comments: 14, shares: 1, reposts: 0 }, flags: { likesHidden: true } }) } },
  },
  TestViews01: {
    meaning: '`metric_unavailable`: views that are not counted',
    parts: { media: { facts: () => ({ metrics: { likes: 5, comments: 2, plays: 90, views: 0, shares: 1, reposts: 0 } }) } },
  },
  TestCounts1: {
    meaning: '`metric_unavailable`: numbers of the provider that are not these counts',
    parts: {
      media: {
        facts: () => ({
          metrics: { likes: 5, comments: 2, reposts: 0 },
          untold: { plays: 'facebook_included', views: 'placeholder', shares: 'unverified' },
        }),
      },
    },
  },
  TestContra1: {
    meaning: '`metric_unavailable`: plays of zero, which the likes contradict',
    parts: { media: { facts: () => ({ metrics: { likes: 5, comments: 2, plays: 0, views: 0, shares: 1, reposts: 0 } }) } },
  },
  TestSparse1: {
    meaning: '`metric_unavailable`, `owner_field_unavailable`, `field_unavailable`: the provider gave few fields',
    parts: {
      media: { facts: () => ({ metrics: {}, owner: { username: 'sandbox.baker' }, takenAtMs: null, paidPartnership: null, music: null }) },
    },
  },
  TestGone_01: {
    meaning: '`media_url_expired`: the URL no longer works',
    parts: { media: { type: 'image', facts: (now) => ({ assets: [{ ...picture, url: sampleUrl('gone.jpg', now - DAY_MS) }] }) } },
  },
  TestNoUrl01: { meaning: '`media_url_missing`: no URL', parts: { media: { type: 'image', facts: () => ({ assets: [picture] }) } } },
  TestBadUrl1: {
    meaning: '`media_url_withheld`: a URL that leads elsewhere than to the platform',
    parts: { media: { type: 'image', facts: () => ({ assets: [{ ...picture, url: 'https://169.254.169.254/picture.jpg' }] }) } },
  },
  TestNoCapt1: { meaning: '`parse_without_caption`: a reel without a caption', parts: { media: { facts: () => ({ caption: null }) } } },
  TestEnd__01: { meaning: '`comments_incomplete`: the thread ends', parts: { comments: { shortfall: 'end_of_thread' } } },
  TestOff__01: { meaning: '`comments_incomplete`: comments are turned off', parts: { comments: { shortfall: 'disabled' } } },
  TestLate_01: { meaning: '`comments_incomplete`: the time limit was reached', parts: { comments: { shortfall: 'deadline' } } },
  TestPrice01: {
    meaning: '`comments_incomplete` and `replies_incomplete`: the price pays for no further call',
    parts: { comments: { shortfall: 'price_limit', repliesIncomplete: true, repliesEndedBy: 'price_limit' } },
  },
  TestLimit01: { meaning: '`comments_incomplete`: the provider returns no more', parts: { comments: { shortfall: 'provider_limit' } } },
  TestBroke01: {
    meaning: '`comments_incomplete`: the provider failed after some comments',
    parts: { comments: { shortfall: 'provider_failed' } },
  },
  TestNoComm1: { meaning: '`comments_unavailable`: the provider failed', parts: { comments: { missing: 'provider_failed' } } },
  TestNoProv1: { meaning: '`comments_unavailable`: no provider', parts: { comments: { missing: 'provider_none' } } },
  TestRanked1: { meaning: '`comments_order_unverified`: ranked by the platform', parts: { comments: { order: 'ranked' } } },
  TestOrder01: { meaning: '`comments_order_unverified`: the order is unknown', parts: { comments: { order: 'unknown' } } },
  TestReplies: { meaning: '`replies_incomplete`: there are more replies', parts: { comments: { repliesIncomplete: true } } },
  TestAnon_01: { meaning: '`comment_owner_unavailable`: the commenters are unknown', parts: { comments: { commentersUnknown: true } } },
  TestWords_1: { meaning: '`comment_text_unavailable`: the comments have no text', parts: { comments: { textsUnknown: true } } },
  TestMute_01: { meaning: '`transcript_unavailable`: no speech', parts: { transcript: 'no_speech' } },
  TestLong_01: { meaning: '`transcript_unavailable`: the video is too long', parts: { transcript: 'too_long' } },
  TestNoText1: { meaning: '`transcript_unavailable`: the provider has none', parts: { transcript: 'provider_none' } },
  TestTextErr: { meaning: '`transcript_unavailable`: the provider failed', parts: { transcript: 'provider_failed' } },
  TestNoHost1: { meaning: '`transcript_unavailable`: no hosted transcription', parts: { transcript: 'boundary_not_configured' } },
  TestHostErr: { meaning: '`transcript_unavailable`: hosted transcription failed', parts: { transcript: 'boundary_failed' } },
  TestTextUrl: { meaning: '`transcript_unavailable`: the video URL had expired', parts: { transcript: 'media_url_expired' } },
  TestNoParse: { meaning: '`parse_failed`: no hosted interpretation', parts: { parse: 'boundary_not_configured' } },
  TestParseEr: { meaning: '`parse_failed`: hosted interpretation failed', parts: { parse: 'boundary_failed' } },
  TestParseTm: { meaning: '`parse_failed`: no time left', parts: { parse: 'timed_out' } },
  TestParseSh: { meaning: '`parse_failed`: an output of the wrong shape', parts: { parse: 'invalid_output' } },
  TestParseNo: { meaning: '`parse_failed`: nothing to interpret', parts: { parse: 'nothing_to_parse' } },
  TestNone_01: { meaning: '`post_not_found`', refusal: absentRefusal('not_found') },
  TestPriv_01: { meaning: '`private_post`: a private account', refusal: absentRefusal('private') },
  TestLogin01: { meaning: '`private_post`: visible after login only', refusal: absentRefusal('login_required') },
  TestAge__01: { meaning: '`private_post`: restricted by age', refusal: absentRefusal('age_restricted') },
  TestUrl__01: {
    meaning: '`unsupported_url`',
    refusal: { code: 'unsupported_url', message: 'The URL names a profile, not a post.', details: { reason: 'profile' } },
  },
  TestShare01: { meaning: '`share_link_unresolved`', refusal: shareLinkRefusal('unresolved') },
  TestCursor1: { meaning: '`invalid_cursor`', refusal: { code: 'invalid_cursor', details: { reason: 'invalid' } } },
  TestDown_01: { meaning: '`provider_unavailable`', refusal: shareLinkRefusal('unreachable') },
  TestBusy_01: { meaning: '`provider_busy`', refusal: { code: 'provider_busy', retryAfterSeconds: 30 } },
  TestSlow_01: { meaning: '`provider_timeout`', refusal: shareLinkRefusal('timed_out') },
  TestRepeat1: {
    meaning: '`repeated_failure`',
    refusal: { code: 'repeated_failure', details: { failures: 3, lastCode: 'provider_unavailable' }, retryAfterSeconds: 120 },
  },
  TestMisses1: {
    meaning: '`too_many_misses`',
    refusal: tooManyMisses({ allowed: false, missed: 60, inProgress: 0, allowance: 60, retryAfterSeconds: 1_200 }),
  },
  TestFlight1: { meaning: '`idempotency_in_flight`', refusal: { code: 'idempotency_in_flight', retryAfterSeconds: 2 } },
  TestLost__1: {
    meaning: '`idempotency_answer_lost`',
    refusal: { code: 'idempotency_answer_lost', details: { requestId: 'req_sandbox' } },
  },
  TestMatch_1: { meaning: '`idempotency_mismatch`', refusal: { code: 'idempotency_mismatch' } },
  TestUnconf1: { meaning: '`provider_unconfigured`', refusal: providerUnconfigured },
  TestOverld1: { meaning: '`overloaded`', refusal: lastingRefusal({ kind: 'unreachable' }) },
  TestFrozen1: { meaning: '`account_frozen`', refusal: lastingRefusal({ kind: 'account_frozen', accountId: EXAMPLE_ACCOUNT }) },
  TestPoor_01: {
    meaning: '`insufficient_credits`',
    refusal: lastingRefusal({
      kind: 'insufficient_credits',
      accountId: EXAMPLE_ACCOUNT,
      required: microCredits(3_000),
      balance: { available: microCredits(500), held: ZERO, debt: ZERO },
    }),
  },
  TestBudget1: {
    meaning: '`key_budget_exceeded`',
    refusal: lastingRefusal({
      kind: 'key_budget_exceeded',
      required: microCredits(3_000),
      budget: microCredits(10_000),
      spent: microCredits(8_000),
      resetsAt: null,
    }),
  },
  TestCeiling: {
    meaning: '`price_above_max`',
    refusal: lastingRefusal({ kind: 'above_key_ceiling', required: microCredits(3_000), ceiling: microCredits(2_000) }),
  },
  TestScope01: { meaning: '`forbidden`', refusal: lastingRefusal({ kind: 'scope_missing', scope: 'read' }) },
};
