import { describe, expect, test } from 'vitest';
import { type Kind, kindOf, type KindEvidence } from '../../../src/providers/adapter/kind.ts';
import { createApify } from '../../../src/providers/apify/apify.ts';
import { createHikerApi } from '../../../src/providers/hikerapi/hikerapi.ts';
import type { Provider } from '../../../src/providers/provider.ts';
import { createScrapeCreators } from '../../../src/providers/scrapecreators/scrapecreators.ts';
import { answering, budget, clock, target } from './answers.ts';

const CODE = 'C8vOfxsVAAW';
const FILM = 'https://scontent.cdninstagram.com/v/ap.mp4?oe=6A000000';
const STILL = 'https://scontent.cdninstagram.com/v/ap.jpg?oe=6A000000';
const access = { baseUrl: 'https://vendor.example', key: 'key', clock };

const apify = (item: object) => createApify({ ...access, ...answering(201, [{ id: '31', shortCode: CODE, displayUrl: STILL, ...item }]) });
const flat = (post: object) =>
  createHikerApi({ ...access, ...answering(200, { pk: '31', code: CODE, thumbnail_url: STILL, ...post }), mediaVersion: 'v1' });
const raw = (post: object) =>
  createHikerApi({
    ...access,
    ...answering(200, {
      media_or_ad: { pk: '31', code: CODE, image_versions2: { candidates: [{ url: STILL, width: 9, height: 16 }] }, ...post },
    }),
    mediaVersion: 'v2',
  });
const web = (node: object) =>
  createScrapeCreators({
    ...access,
    ...answering(200, { data: { xdt_shortcode_media: { id: '31', shortcode: CODE, display_url: STILL, ...node } } }),
  });

async function read(provider: Provider, hint: 'post' | 'reel' = 'post') {
  const fetched = await provider.fetchMedia(target(CODE, hint), budget);
  if (!fetched.ok) throw new Error(fetched.error.kind);
  return fetched.value.value;
}

describe('a reel that its vendor calls an image', () => {
  test.each([
    ['Apify', apify({ type: 'Image', productType: 'clips', videoUrl: FILM, videoDuration: 33.25 })],
    ['HikerAPI v1', flat({ media_type: 1, product_type: 'clips', video_url: FILM, video_duration: 33.25 })],
    [
      'HikerAPI v2',
      raw({ media_type: 1, product_type: 'clips', video_versions: [{ url: FILM, width: 9, height: 16 }], video_duration: 33.25 }),
    ],
    ['ScrapeCreators', web({ __typename: 'XDTGraphImage', product_type: 'clips', video_url: FILM, video_duration: 33.25 })],
  ])('is delivered as a reel with its file, by %s', async (_name, provider) => {
    expect(await read(provider)).toMatchObject({
      type: 'reel',
      media: [{ type: 'video', url: FILM, thumbnailUrl: STILL, durationSeconds: 33.25 }],
    });
  });

  test.each([
    ['Apify', apify({ type: 'Image', productType: 'clips' })],
    ['HikerAPI v1', flat({ media_type: 1, product_type: 'clips' })],
    ['HikerAPI v2', raw({ media_type: 1, product_type: 'clips' })],
    ['ScrapeCreators', web({ __typename: 'XDTGraphImage', product_type: 'clips' })],
  ])('is a reel by its product type alone, without its file, by %s', async (_name, provider) => {
    expect(await read(provider)).toMatchObject({ type: 'reel', media: [{ type: 'video', url: null, thumbnailUrl: STILL }] });
  });

  test.each([
    ['Apify', (): Provider => apify({ type: 'Image', videoUrl: FILM })],
    ['HikerAPI', (): Provider => flat({ media_type: 1, video_url: FILM })],
    ['ScrapeCreators', (): Provider => web({ __typename: 'XDTGraphImage', is_video: true, video_url: FILM })],
  ])('without a product type leaves open whether it is a reel, whatever was asked for, by %s', async (_name, provider) => {
    for (const hint of ['reel', 'post'] as const) {
      expect(await read(provider(), hint)).toMatchObject({ type: 'video', isReelUntold: true, media: [{ type: 'video' }] });
    }
  });
});

describe('a slide with a video that its vendor calls an image', () => {
  test.each([
    ['Apify', apify({ type: 'Sidecar', childPosts: [{ id: '32', type: 'Image', displayUrl: STILL, videoUrl: FILM }] })],
    ['HikerAPI v1', flat({ media_type: 8, resources: [{ pk: '32', media_type: 1, thumbnail_url: STILL, video_url: FILM }] })],
    [
      'ScrapeCreators',
      web({ edge_sidecar_to_children: { edges: [{ node: { __typename: 'XDTGraphImage', display_url: STILL, video_url: FILM } }] } }),
    ],
  ])('is a video, by %s', async (_name, provider) => {
    expect(await read(provider)).toMatchObject({ type: 'carousel', children: [{ type: 'video', url: FILM, thumbnailUrl: STILL }] });
  });
});

test.each<[string, KindEvidence, Kind | null]>([
  ['an image', { said: 'image', productType: 'feed', videoUrl: '', durationSeconds: 0, slides: [] }, 'image'],
  ['an image of which only the duration tells', { said: 'image', durationSeconds: 3 }, 'video'],
  ['a former IGTV', { said: 'image', productType: 'igtv' }, 'video'],
  ['an image with slides', { said: 'image', slides: [{}] }, 'carousel'],
  ['a container without its slides', { said: 'image', productType: 'carousel_container' }, 'carousel'],
  ['a carousel whose cover is a video', { said: 'carousel', videoUrl: FILM, durationSeconds: 5 }, 'carousel'],
  ['a carousel that is a reel without slides', { said: 'carousel', productType: 'clips' }, 'video'],
  ['a video without its file', { said: 'video' }, 'video'],
  ['nothing at all', { said: null }, null],
])('%s', (_name, evidence, kind) => {
  expect(kindOf(evidence)).toBe(kind);
});
