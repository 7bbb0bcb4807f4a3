import { describe, expect, test } from 'vitest';
import { time } from '../../../src/providers/adapter/fields.ts';
import { createApify } from '../../../src/providers/apify/apify.ts';
import { createHikerApi } from '../../../src/providers/hikerapi/hikerapi.ts';
import type { CommentsProvider, Provider } from '../../../src/providers/provider.ts';
import { createScrapeCreators } from '../../../src/providers/scrapecreators/scrapecreators.ts';
import { answering, budget, clock, commentsOrder, target } from './answers.ts';

const CODE = 'C3L9IQOygAN';
const access = { baseUrl: 'https://vendor.example', key: 'key', clock };
const ISO = '2026-03-04T05:06:07.000Z';
const MS = Date.parse(ISO);

/** One moment in every form that a vendor may use. */
const FORMS: [string, unknown][] = [
  ['ISO 8601', ISO],
  ['unix seconds', MS / 1_000],
  ['unix milliseconds', MS],
  ['unix seconds as text', String(MS / 1_000)],
  ['unix milliseconds as text', String(MS)],
];

const COMMENTS: Record<string, (at: unknown) => CommentsProvider> = {
  apify: (at) => createApify({ ...access, ...answering(201, [{ id: '18', text: 'Which hide?', timestamp: at }]) }),
  hikerapi: (at) => {
    const page = { response: { comments: [{ pk: '18', text: 'Which hide?', created_at: at }] }, next_page_id: null };
    return createHikerApi({ ...access, ...answering(200, page), mediaVersion: 'v1' });
  },
  scrapecreators: (at) => {
    const page = { success: true, comments: [{ id: '18', text: 'Which hide?', created_at: at }], cursor: null };
    return createScrapeCreators({ ...access, ...answering(200, page) });
  },
};

const POSTS: Record<string, (at: unknown) => Provider> = {
  apify: (at) => createApify({ ...access, ...answering(201, [{ id: '31', shortCode: CODE, type: 'Image', timestamp: at }]) }),
  hikerapi_v1: (at) => {
    const post = { pk: '31', code: CODE, media_type: 1, taken_at: at };
    return createHikerApi({ ...access, ...answering(200, post), mediaVersion: 'v1' });
  },
  hikerapi_v2: (at) => {
    const post = { pk: '31', code: CODE, media_type: 1, taken_at: at };
    return createHikerApi({ ...access, ...answering(200, { media_or_ad: post }), mediaVersion: 'v2' });
  },
  scrapecreators: (at) => {
    const post = { __typename: 'XDTGraphImage', id: '31', shortcode: CODE, taken_at_timestamp: at };
    return createScrapeCreators({ ...access, ...answering(200, { data: { xdt_shortcode_media: post } }) });
  },
};

describe.each(FORMS)('a time in %s', (_form, at) => {
  test.each(Object.entries(COMMENTS))('is that of a comment, from %s', async (_name, provider) => {
    const fetched = await provider(at).fetchComments({ target: target(CODE), order: commentsOrder(20), postOwner: null }, budget);
    expect(fetched).toMatchObject({ ok: true, value: { value: { comments: [{ timestamp: ISO }] } } });
  });

  test.each(Object.entries(POSTS))('is that of a post, from %s', async (_name, provider) => {
    expect(await provider(at).fetchMedia(target(CODE), budget)).toMatchObject({ ok: true, value: { value: { timestamp: ISO } } });
  });
});

test.each([[''], ['yesterday'], ['0'], ['2026'], ['week 5'], ['2026-02-99'], [0], [-5], [null], [undefined], [{}], [Number.NaN]])(
  '%j is no time',
  (given) => {
    expect(time.parse(given)).toBeNull();
  },
);
