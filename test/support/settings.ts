import type { Fakes } from '../../local/fakes/fakes.ts';
import { FAKE_WEBHOOK_SECRET } from '../../local/fakes/stripe.ts';

/** The settings with which the Worker talks to the fakes; SQL, owner key and everything a test decides come on top. */
export function fakeSettings({ baseUrls }: Pick<Fakes, 'baseUrls'>) {
  return {
    SIGNUP_GRANT_MICRO_CREDITS: '5000000',
    APIFY_BASE_URL: baseUrls.apify,
    APIFY_TOKEN: 'test-token-apify',
    HIKERAPI_BASE_URL: baseUrls.hikerapi,
    HIKERAPI_ACCESS_KEY: 'test-key-hikerapi',
    SCRAPECREATORS_BASE_URL: baseUrls.scrapecreators,
    SCRAPECREATORS_API_KEY: 'test-key-scrapecreators',
    INSTAGRAM_BASE_URL: baseUrls.instagram,
    CURSOR_SIGNING_SECRET: 'a secret of these tests, 32 or longer',
    STRIPE_API_BASE_URL: baseUrls.stripe,
    STRIPE_MODE: 'test',
    STRIPE_SECRET_KEY: 'sk_test_of_these_tests',
    STRIPE_WEBHOOK_SECRET: FAKE_WEBHOOK_SECRET,
    ACHRONON_AI_ENDPOINT: baseUrls.achronon,
    ACHRONON_AI_SERVICE_TOKEN: 'test-token-achronon',
    RATE_LIMIT_SCALE: '1000',
  } as const;
}
