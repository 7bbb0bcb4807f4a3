import type { Clock } from '../../src/clock.ts';
import type { PayloadKind, Payloads } from '../payloads.ts';
import { apifyItem } from './apify-item.ts';
import { type Cdn, createCdn } from './cdn.ts';
import { hikerapiV1Body } from './hikerapi-v1.ts';
import { hikerapiV2Body } from './hikerapi-v2.ts';
import { REEL, SAMPLE_POSTS, type SamplePost } from './posts.ts';
import { scrapecreatorsBody } from './scrapecreators-body.ts';

/** Credits that a new ScrapeCreators account of the stand-in is said to have. */
export const SAMPLE_CREDITS = 25_000;

const SHAPES: Readonly<Record<PayloadKind, (post: SamplePost, cdn: Cdn) => string>> = {
  apify: apifyItem,
  hikerapi_v1: hikerapiV1Body,
  hikerapi_v2: hikerapiV2Body,
  scrapecreators: (post, cdn) => scrapecreatorsBody(post, cdn, { creditsRemaining: SAMPLE_CREDITS }),
};

/** The project's own posts in every provider's shape. Media addresses are signed at the time of asking, so they always lie ahead. */
export function createSamples(clock: Clock): Payloads {
  const posts = new Map(SAMPLE_POSTS.map((post) => [post.shortcode, post]));
  return {
    find(kind, shortcode) {
      const post = posts.get(shortcode);
      return post === undefined ? null : SHAPES[kind](post, createCdn(clock()));
    },
    shortcodes: () => [...posts.keys()],
  };
}

/** A good post under any shortcode: what a fault answers that is not about the content, such as a slow answer. */
export function sampleReelAs(shortcode: string, kind: PayloadKind, clock: Clock): string {
  const [cover] = REEL.slides;
  return SHAPES[kind]({ ...REEL, shortcode, slides: [{ ...cover, shortcode }] }, createCdn(clock()));
}
