import { describe, expect, test } from 'vitest';
import { InstagramMedia } from '../../../../src/instagram/media.ts';
import type { MediaTarget } from '../../../../src/instagram/target.ts';
import { createApify } from '../../../../src/providers/apify/apify.ts';
import { APIFY_MIN_TIME_LEFT_MS } from '../../../../src/providers/apify/run.ts';
import type { Fetch } from '../../../../src/net/fetch-json.ts';
import { providerFixture } from '../../../fixtures/providers/load.ts';
import { answering, budget, clock, NOW, silent, target, unreachable } from '../answers.ts';

const KEY = 'test-token-of-apify';
const ENDPOINT = '/v2/acts/apify~instagram-api-scraper/run-sync-get-dataset-items';

function read(fetch: Fetch, wanted: MediaTarget, deadlineAt = budget.deadlineAt, time = clock) {
  return createApify({ baseUrl: 'https://apify.example', key: KEY, fetch, clock: time }).fetchMedia(wanted, { deadlineAt });
}

async function media(fixture: string, wanted: MediaTarget): Promise<InstagramMedia> {
  const fetched = await read(answering(201, providerFixture(fixture)).fetch, wanted);
  if (!fetched.ok) throw new Error(fetched.error.kind);
  return InstagramMedia.parse(fetched.value.value);
}

describe('the request', () => {
  test('starts one run per post, limited in time and charge, with the token only in the header', async () => {
    const { fetch, sent } = answering(201, []);
    await read(fetch, target('C8vOfxsVAAW', 'reel'), NOW + 17_900);
    expect(sent.map((request) => request.url)).toEqual([`https://apify.example${ENDPOINT}?timeout=17&maxTotalChargeUsd=0.5`]);
    expect(sent[0]?.init).toMatchObject({
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    });
    const input = {
      directUrls: ['https://www.instagram.com/reel/C8vOfxsVAAW/'],
      resultsType: 'posts',
      resultsLimit: 1,
    };
    expect(sent[0]?.init.body).toBe(JSON.stringify(input));
  });

  test('starts no run, and bills nothing, with too little time left', async () => {
    const { fetch, sent } = answering(201, []);
    const fetched = await read(fetch, target('AAAAAAA'), NOW + APIFY_MIN_TIME_LEFT_MS - 1);
    expect(fetched).toMatchObject({
      ok: false,
      error: { kind: 'timed_out', receipt: { billedUnits: 0, estimatedCostMicros: 0, httpStatus: null } },
    });
    expect(sent).toHaveLength(0);
  });
});

describe('mapping of an item', () => {
  test('maps a reel with hidden likes, views, plays, audio, location and users', async () => {
    expect(await media('apify-reel', target('C8vOfxsVAAW'))).toEqual({
      shortcode: 'C8vOfxsVAAW',
      id: '3400000000000000022',
      url: 'https://www.instagram.com/p/C8vOfxsVAAW/',
      canonicalUrl: 'https://www.instagram.com/reel/C8vOfxsVAAW/',
      type: 'reel',
      caption: '🎨 لوحة جديدة في الشارع #جداريات @harbor.kiln',
      hashtags: ['جداريات'],
      mentions: ['harbor.kiln'],
      owner: {
        id: '8000000001',
        username: 'mural.yard',
        fullName: 'Mural Yard',
        isVerified: null,
        isPrivate: null,
        avatarUrl: null,
        followers: null,
      },
      timestamp: '2026-05-04T03:02:01.000Z',
      metrics: { likes: null, comments: 60, plays: 8080, views: 4040, shares: null, reposts: null },
      media: [
        {
          type: 'video',
          url: expect.stringContaining('/ap.mp4?'),
          thumbnailUrl: expect.stringContaining('/ap.jpg?'),
          width: 1080,
          height: 1918,
          durationSeconds: 33.25,
          altText: null,
          expiresAt: '2026-11-05T00:00:00.000Z',
        },
      ],
      children: [],
      location: { id: '366000001', name: 'Old Quay', city: null, latitude: null, longitude: null },
      taggedUsers: [{ id: '5000000001', username: 'harbor.kiln', fullName: 'Harbor Kiln', isVerified: true }],
      coauthors: [{ id: '5000000001', username: 'harbor.kiln', fullName: null, isVerified: true }],
      paidPartnership: false,
      sponsors: [],
      music: { title: 'Original audio', artist: 'mural.yard', audioId: '37448000000000001', isOriginalAudio: true },
      audioUrl: expect.stringContaining('/ap-audio.m4a?'),
      flags: { likesHidden: true, commentsDisabled: false, isPinned: null },
    });
  });

  test('maps an image with zero likes and an empty caption', async () => {
    expect(await media('apify-image', target('C8vOfxsVAAL'))).toMatchObject({
      type: 'image',
      caption: null,
      metrics: { likes: 0, comments: 0, plays: null, views: null },
      media: [{ type: 'image', altText: 'Photo by Mural Yard. May be an image of paint.' }],
      flags: { likesHidden: false, isPinned: true },
    });
  });

  test('keeps a carousel’s slides in order, each video and image with its own file', async () => {
    const carousel = await media('apify-carousel-mixed', target('C8vOfxsVAAh'));
    expect(carousel.children.map((child) => [child.id, child.shortcode, child.type, child.altText])).toEqual([
      ['3400000000000000034', 'C8vOfxsVAAi', 'image', 'Slide 4.'],
      ['3400000000000000035', 'C8vOfxsVAAj', 'video', null],
      ['3400000000000000036', 'C8vOfxsVAAk', 'image', 'Slide 6.'],
    ]);
    expect(carousel.children[1]).toMatchObject({
      url: expect.stringContaining('/apc-35.mp4?'),
      thumbnailUrl: expect.stringContaining('/apc-35.jpg?'),
    });
  });

  test('takes the slides of a carousel without child posts from the list of images', async () => {
    expect(await media('apify-carousel-without-children', target('C8vOfxsVAAr'))).toMatchObject({
      type: 'carousel',
      children: [
        { id: null, url: expect.stringContaining('/one.jpg?') },
        { id: null, url: expect.stringContaining('/two.jpg?') },
      ],
    });
  });

  test('names the sponsors of a paid partnership', async () => {
    expect(await media('apify-sponsored', target('C8vOfxsVAAs'))).toMatchObject({
      paidPartnership: true,
      sponsors: [{ id: '8000000099', username: 'northlight.paints' }],
    });
  });

  test('a video without product type is left open', async () => {
    const video = await media('apify-video-without-product-type', target('C8vOfxsVAAX', 'reel'));
    expect(video).toMatchObject({ type: 'video', isReelUntold: true, metrics: { plays: 12, views: null } });
  });
});

const item = { id: '31', shortCode: 'AAAAAAA', type: 'Image' };

describe('failures', () => {
  const noItems = { url: 'https://www.instagram.com/p/AAAAAAA/', error: 'no_items', errorDescription: 'Empty or private data' };
  const envelope = (type: string, message = 'x') => ({ error: { type, message } });
  test.each([
    ['an item that says not found', 201, [{ url: 'x', username: 'p', error: 'not_found' }], 'not_found'],
    ['no items and no failed request: gone or private', 201, [{ ...noItems, requestErrorMessages: [] }], 'unavailable'],
    ['no items, messages left out', 201, [noItems], 'unavailable'],
    ['no items after blocked requests', 201, [{ ...noItems, requestErrorMessages: ['Request blocked'] }], 'blocked'],
    ['an item with a raw message', 201, [{ error: 'login_required' }], 'login_required'],
    ['an item with an unknown error', 201, [{ error: 'novel' }], 'bad_response'],
    ['an empty data set', 201, [], 'unavailable'],
    ['a success that is no list', 200, { items: [] }, 'bad_response'],
    ['an item without id and without error', 201, [{ shortCode: 'AAAAAAA', type: 'Image' }], 'bad_response'],
    ['an item without shortcode', 201, [{ id: '31', type: 'Image' }], 'bad_response'],
    ['another post than asked for', 201, [{ ...item, shortCode: 'BBBBBBB' }], 'bad_response'],
    ['a slide that cannot be read', 201, [{ ...item, type: 'Sidecar', childPosts: [{ id: '1' }] }], 'bad_response'],
    ['invalid input', 400, envelope('invalid-input'), 'misconfigured'],
    ['a charge cap that is too low', 400, envelope('max-total-charge-usd-below-minimum'), 'misconfigured'],
    ['an invalid token', 401, envelope('invalid-token'), 'misconfigured'],
    ['a missing actor is never a missing post', 404, envelope('record-not-found'), 'misconfigured'],
    ['no permission', 403, envelope('insufficient-permissions'), 'misconfigured'],
    ['payment required', 402, envelope('x402'), 'out_of_credit'],
    ['not enough usage', 402, envelope('not-enough-usage-to-run-paid-actor'), 'out_of_credit'],
    ['a switched-off platform', 403, envelope('platform-feature-disabled'), 'out_of_credit'],
    ['the monthly limit by message', 403, envelope('novel', 'Monthly usage hard limit exceeded'), 'out_of_credit'],
    ['no memory free', 402, envelope('actor-memory-limit-exceeded'), 'rate_limited'],
    ['too many requests', 429, envelope('rate-limit-exceeded'), 'rate_limited'],
    ['too many runs', 429, envelope('concurrent-runs-limit-exceeded'), 'rate_limited'],
    ['a run out of time', 408, envelope('run-timeout-exceeded'), 'timed_out'],
    ['a run ended by our own time limit', 400, envelope('run-failed', 'Actor run did not succeed, status: TIMED-OUT'), 'timed_out'],
    ['a failed run', 400, envelope('run-failed'), 'server_error'],
    ['a failed actor', 400, envelope('actor-run-failed'), 'server_error'],
    ['a server error', 500, '', 'server_error'],
    ['a gateway out of time', 504, '', 'timed_out'],
    ['a refusal without a type', 400, '', 'misconfigured'],
  ])('%s', async (_name, status, body, kind) => {
    const fetched = await read(answering(status, body).fetch, target('AAAAAAA'));
    expect(fetched).toMatchObject({ ok: false, error: { kind } });
  });

  test('finds the post beside an error item', async () => {
    const fetched = await read(answering(201, [noItems, item]).fetch, target('AAAAAAA'));
    expect(fetched.ok && fetched.value.value.id).toBe('31');
  });
});

describe('receipts', () => {
  const blockedItem = { error: 'not_found' };
  test.each([
    ['a post is one result and a start', 201, [item], 1, 3_300],
    ['an error item is billed like a post', 201, [blockedItem], 1, 3_300],
    ['every item of the data set is billed', 201, [item, blockedItem, item], 3, 7_900],
    ['an empty data set costs the start', 201, [], 0, 1_000],
    ['a run out of time goes on and is billed', 408, { error: { type: 'run-timeout-exceeded' } }, 1, 3_300],
    ['a failed run costs the start', 400, { error: { type: 'run-failed' } }, 0, 1_000],
    ['a refused request is free', 401, { error: { type: 'invalid-token' } }, 0, 0],
    ['a server error is free', 500, '', 0, 0],
  ])('%s', async (_name, status, body, billedUnits, estimatedCostMicros) => {
    const fetched = await read(answering(status, body).fetch, target('AAAAAAA'));
    const made = fetched.ok ? fetched.value.receipt : fetched.error.receipt;
    const resultCount = fetched.ok ? 1 : 0;
    expect(made).toEqual({
      provider: 'apify',
      endpoint: ENDPOINT,
      billedUnit: 'result',
      billedUnits,
      resultCount,
      estimatedCostMicros,
      latencyMs: 0,
      httpStatus: status,
    });
  });

  test('bills a run that timed out, and not one that never started', async () => {
    // The clock advances between the check for enough time and the request, so that the wait is short.
    const moments = [NOW, NOW + 24_999];
    const slow = await read(silent, target('AAAAAAA'), budget.deadlineAt, () => moments.shift() ?? NOW + 25_000);
    expect(slow).toMatchObject({ error: { kind: 'timed_out', receipt: { billedUnits: 1, estimatedCostMicros: 3_300 } } });
    expect(await read(unreachable, target('AAAAAAA'))).toMatchObject({ error: { kind: 'server_error', receipt: { billedUnits: 0 } } });
  });
});
