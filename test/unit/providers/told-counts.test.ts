import { describe, expect, test } from 'vitest';
import type { InstagramMedia } from '../../../src/instagram/media.ts';
import { mediaLimitations } from '../../../src/read/limitations/of-media.ts';
import { toldCount, toldMetrics } from '../../../src/providers/adapter/counts.ts';
import { type CommentCounts, type PostCounts, TOLD_COUNTS } from '../../../src/providers/adapter/told-counts.ts';
import { createApify } from '../../../src/providers/apify/apify.ts';
import { createHikerApi } from '../../../src/providers/hikerapi/hikerapi.ts';
import type { Provider } from '../../../src/providers/provider.ts';
import { createScrapeCreators } from '../../../src/providers/scrapecreators/scrapecreators.ts';
import { answering, budget, clock, NOW, target } from './answers.ts';

const CODE = 'C3L9IQOygAN';
const access = { baseUrl: 'https://vendor.example', key: 'key', clock };

/** Adapters that receive a reel with these fields. */
const READERS = {
  scrapecreators: (fields: object) => {
    const reel = { __typename: 'XDTGraphVideo', id: '31', shortcode: CODE, product_type: 'clips', ...fields };
    return createScrapeCreators({ ...access, ...answering(200, { data: { xdt_shortcode_media: reel } }) });
  },
  hikerapi_v1: (fields: object) => {
    const reel = { pk: '31', code: CODE, media_type: 2, product_type: 'clips', ...fields };
    return createHikerApi({ ...access, ...answering(200, reel), mediaVersion: 'v1' });
  },
  hikerapi_v2: (fields: object) => {
    const reel = { pk: '31', code: CODE, media_type: 2, product_type: 'clips', ...fields };
    return createHikerApi({ ...access, ...answering(200, { media_or_ad: reel }), mediaVersion: 'v2' });
  },
  apify: (fields: object) => {
    const reel = { id: '31', shortCode: CODE, type: 'Video', productType: 'clips', ...fields };
    return createApify({ ...access, ...answering(201, [reel]) });
  },
} as const satisfies Record<string, (fields: object) => Provider>;

type Counts = Partial<InstagramMedia['metrics']>;

async function read(reader: keyof typeof READERS, fields: object) {
  const fetched = await READERS[reader](fields).fetchMedia(target(CODE), budget);
  if (!fetched.ok) throw new Error(fetched.error.kind);
  const media = fetched.value.value;
  const reasons = mediaLimitations(media, NOW, null).map(({ path, reason }) => [path.replace('data.metrics.', ''), reason]);
  return { metrics: media.metrics, reasons: Object.fromEntries(reasons) as Record<string, string> };
}

describe('a number that is no count is null, with its reason', () => {
  test.each<[string, keyof typeof READERS, object, Counts, Record<string, string>]>([
    [
      'zero views beside unknown plays',
      'scrapecreators',
      { video_play_count: null, video_view_count: 0 },
      { plays: null, views: null },
      { plays: 'provider_missing', views: 'placeholder' },
    ],
    [
      'zeros beside disabled counts',
      'scrapecreators',
      { like_and_view_counts_disabled: true, video_play_count: 0, video_view_count: 0, edge_media_preview_like: { count: -1 } },
      { likes: null, plays: null, views: null },
      { likes: 'hidden_by_author', plays: 'hidden_by_author', views: 'hidden_by_author' },
    ],
    [
      'zero plays beside likes',
      'scrapecreators',
      { edge_media_preview_like: { count: 12 }, video_play_count: 0 },
      { likes: 12, plays: null },
      { plays: 'contradicted' },
    ],
    [
      'a zero in one of two fields for comments',
      'scrapecreators',
      { edge_media_to_parent_comment: { count: 0 }, edge_media_preview_comment: { count: 299 } },
      { comments: 299 },
      {},
    ],
    [
      'zero comments beside one that came along',
      'scrapecreators',
      { edge_media_to_parent_comment: { count: 0, edges: [{ node: { id: '1' } }] } },
      { comments: null },
      { comments: 'contradicted' },
    ],
    [
      'zeros beside many likes',
      'hikerapi_v1',
      { like_count: 66_086, play_count: 0, view_count: 0 },
      { likes: 66_086, plays: null, views: null },
      { plays: 'facebook_included', views: 'placeholder' },
    ],
    [
      'the sum of plays on Instagram and Facebook',
      'hikerapi_v1',
      { like_count: 9, play_count: 16_544, view_count: 0 },
      { plays: null },
      { plays: 'facebook_included' },
    ],
    ['such a sum without its parts', 'hikerapi_v2', { play_count: 16_544 }, { plays: null }, { plays: 'facebook_included' }],
    ['zeros beside likes', 'hikerapi_v2', { like_count: 5, ig_play_count: 0 }, { likes: 5, plays: null }, { plays: 'contradicted' }],
    [
      'zeros beside disabled counts',
      'hikerapi_v2',
      { like_and_view_counts_disabled: true, like_count: 3, ig_play_count: 0, view_count: 0 },
      { likes: null, plays: null, views: null },
      { likes: 'hidden_by_author', plays: 'hidden_by_author', views: 'hidden_by_author' },
    ],
    ['zero comments beside previews', 'hikerapi_v2', { comment_count: 0, preview_comments: [{ pk: '1' }] }, { comments: null }, {}],
    [
      'zeros and undocumented shares',
      'apify',
      { likesCount: 7, videoPlayCount: 0, videoViewCount: 0, sharesCount: 4 },
      { likes: 7, plays: null, views: null, shares: null },
      { plays: 'placeholder', views: 'placeholder', shares: 'unverified' },
    ],
    [
      'zero comments beside the latest ones',
      'apify',
      { commentsCount: 0, latestComments: [{ id: '1', text: 'Which hide?' }] },
      { comments: null },
      { comments: 'contradicted' },
    ],
  ])('%s, at %s', async (_name, reader, fields, metrics, reasons) => {
    const seen = await read(reader, fields);
    expect(seen.metrics).toMatchObject(metrics);
    expect(seen.reasons).toMatchObject(reasons);
  });
});

describe('a count is delivered', () => {
  test.each<[string, keyof typeof READERS, object, Counts]>([
    [
      'a new reel that nobody has played',
      'scrapecreators',
      { video_play_count: 0, edge_media_preview_like: { count: 0 } },
      { plays: 0, likes: 0 },
    ],
    ['views and plays', 'scrapecreators', { video_play_count: 4_651, video_view_count: 1_639 }, { plays: 4_651, views: 1_639 }],
    ['plays on Instagram beside the sum', 'hikerapi_v2', { ig_play_count: 10_652, play_count: 16_544 }, { plays: 10_652 }],
    ['plays on Instagram as a difference', 'hikerapi_v2', { play_count: 16_544, fb_play_count: 5_892 }, { plays: 10_652 }],
    ['views of an older video', 'hikerapi_v2', { view_count: 4_048 }, { views: 4_048 }],
    ['zero likes and comments', 'apify', { likesCount: 0, commentsCount: 0, latestComments: [] }, { likes: 0, comments: 0 }],
  ])('%s, from %s', async (_name, reader, fields, metrics) => {
    expect((await read(reader, fields)).metrics).toMatchObject(metrics);
  });
});

describe('the table', () => {
  const vendors = Object.values(TOLD_COUNTS);
  const posts = vendors.flatMap((vendor): [string, PostCounts][] => Object.entries(vendor.posts));
  const comments = vendors.flatMap((vendor): [string, CommentCounts][] => Object.entries(vendor.comments));

  test.each([...posts, ...comments])('names the source of every fact about %s', (_endpoint, facts) => {
    for (const { source } of Object.values(facts)) expect(source).toMatch(/^.{20,}\.$/);
  });

  test.each(posts)('lets through what %s tells, and nothing else', (_endpoint, facts) => {
    const given = { likes: 5, comments: 5, plays: 5, views: 5, shares: 5, reposts: 5 };
    const { metrics, untold } = toldMetrics(facts, given);
    const told = Object.entries(facts).flatMap(([name, fact]) => (fact.is === 'told' && name !== 'followers' ? [name] : []));
    expect(Object.keys(metrics).toSorted()).toEqual(told.toSorted());
    expect(Object.keys({ ...metrics, ...untold }).toSorted()).toEqual(Object.keys(given).toSorted());
    expect(toldCount(facts.followers, 5)).toBe(facts.followers.is === 'told' ? 5 : null);
  });
});
