import { describe, expect, test } from 'vitest';
import { InstagramMedia } from '../../../../src/instagram/media.ts';
import type { MediaTarget } from '../../../../src/instagram/target.ts';
import { createScrapeCreators } from '../../../../src/providers/scrapecreators/scrapecreators.ts';
import { SCRAPECREATORS_LIMIT_MS } from '../../../../src/providers/scrapecreators/requests.ts';
import type { Fetch } from '../../../../src/net/fetch-json.ts';
import { providerFixture } from '../../../fixtures/providers/load.ts';
import { answering, budget, clock, NOW, silent, target, unreachable } from '../answers.ts';

const KEY = 'test-key-of-scrapecreators';

function read(fetch: Fetch, wanted: MediaTarget, deadlineAt = budget.deadlineAt) {
  return createScrapeCreators({ baseUrl: 'https://sc.example/base', key: KEY, fetch, clock }).fetchMedia(wanted, { deadlineAt });
}

async function media(fixture: string, wanted: MediaTarget): Promise<InstagramMedia> {
  const fetched = await read(answering(200, providerFixture(fixture)).fetch, wanted);
  if (!fetched.ok) throw new Error(fetched.error.kind);
  return InstagramMedia.parse(fetched.value.value);
}

describe('the request', () => {
  test('contains the rebuilt URL, untrimmed, with the key only in the header', async () => {
    const { fetch, sent } = answering(404, {});
    await read(fetch, target('CsFaZNTtgAh', 'reel'));
    expect(sent.map((request) => request.url)).toEqual([
      'https://sc.example/base/v1/instagram/post?url=https%3A%2F%2Fwww.instagram.com%2Freel%2FCsFaZNTtgAh%2F&trim=false',
    ]);
    expect(sent[0]?.init).toMatchObject({ method: 'GET', redirect: 'manual', headers: { 'x-api-key': KEY } });
  });
});

describe('mapping of a post', () => {
  test('maps a reel with plays, music, users and canonical URL; zero views beside plays are null', async () => {
    expect(await media('scrapecreators-reel', target('CsFaZNTtgAh', 'unknown'))).toEqual({
      shortcode: 'CsFaZNTtgAh',
      id: '3100000000000000033',
      url: 'https://www.instagram.com/p/CsFaZNTtgAh/',
      canonicalUrl: 'https://www.instagram.com/reel/CsFaZNTtgAh/',
      type: 'reel',
      caption: 'Two wheels, one hill #slowride',
      hashtags: ['slowride'],
      mentions: [],
      owner: {
        id: '5000000003',
        username: 'slow.bicycle',
        fullName: 'Slow Bicycle Club',
        isVerified: true,
        isPrivate: false,
        avatarUrl: expect.stringContaining('/slow.bicycle.jpg?'),
        followers: 30303,
      },
      timestamp: '2025-10-09T08:53:20.000Z',
      metrics: { likes: 512, comments: 7, plays: 90210, views: null, shares: null, reposts: null },
      media: [
        {
          type: 'video',
          url: expect.stringContaining('/reel.mp4?'),
          thumbnailUrl: expect.stringContaining('/large.jpg?'),
          width: 640,
          height: 1136,
          durationSeconds: 61.5,
          altText: null,
          expiresAt: '2026-11-05T00:00:00.000Z',
        },
      ],
      children: [],
      location: null,
      taggedUsers: [{ id: '5000000001', username: 'harbor.kiln', fullName: 'Harbor Kiln', isVerified: false }],
      coauthors: [{ id: '5000000002', username: 'minato_tea', fullName: null, isVerified: false }],
      paidPartnership: false,
      sponsors: [],
      music: { title: 'Original audio', artist: 'slow.bicycle', audioId: '1306000000000001', isOriginalAudio: true },
      audioUrl: null,
      flags: { likesHidden: false, commentsDisabled: false, isPinned: false },
      untoldCounts: { views: 'placeholder' },
    });
  });

  test('maps hidden likes to null with the flag and a missing caption to null; tolerates partial errors beside the post', async () => {
    expect(await media('scrapecreators-image-hidden-likes', target('CsFaZNTtgAL'))).toMatchObject({
      type: 'image',
      caption: null,
      metrics: { likes: null, comments: 7, plays: null, views: null },
      flags: { likesHidden: true, commentsDisabled: true },
      location: { id: '213000001', name: 'Lowtide Pier', city: null, latitude: null, longitude: null },
      media: [
        {
          type: 'image',
          url: expect.stringContaining('/large.jpg?'),
          width: 1080,
          height: 1350,
          altText: 'A glazed bowl on a wooden table.',
        },
      ],
    });
  });

  test('keeps the script of captions and extracts their hashtags and mentions', async () => {
    expect(await media('scrapecreators-image-non-latin', target('CsFaZNTtgAW'))).toMatchObject({
      caption: '新しい抹茶の季節 🍵 #抹茶 #お茶会 — вместе с @harbor.kiln. पहला कप',
      hashtags: ['抹茶', 'お茶会'],
      mentions: ['harbor.kiln'],
      flags: { isPinned: true },
    });
  });

  test('keeps a carousel’s slides in order, each video and image with its own file', async () => {
    const carousel = await media('scrapecreators-carousel-mixed', target('CsFaZNTtgAs', 'reel'));
    expect(carousel.type).toBe('carousel');
    expect(carousel.children.map((child) => [child.id, child.type, child.width, child.height])).toEqual([
      ['3100000000000000045', 'video', 750, 937],
      ['3100000000000000046', 'image', 1080, 1350],
      ['3100000000000000047', 'video', 750, 937],
    ]);
    expect(carousel.children[0]).toMatchObject({
      shortcode: 'CsFaZNTtgAt',
      url: expect.stringContaining('/child-45.mp4?'),
      thumbnailUrl: expect.stringContaining('/child-45.jpg?'),
      expiresAt: '2024-03-24T10:27:12.000Z',
    });
    expect(carousel.children[1]).toMatchObject({ url: expect.stringContaining('/child-46.jpg?'), altText: 'Fog over a field.' });
    expect(carousel.media.map((asset) => asset.url)).toEqual(carousel.children.map((child) => child.url));
    expect(carousel.metrics).toMatchObject({ plays: null, views: null });
  });

  test('maps a reduced carousel without invented ids; unknown flags are null, the flat comment count is used', async () => {
    expect(await media('scrapecreators-carousel-reduced', target('CsFaZNTtgA3'))).toMatchObject({
      type: 'carousel',
      id: '3100000000000000055',
      owner: { username: 'atlas.of.bread', isVerified: true, isPrivate: null, followers: null },
      metrics: { likes: 32000, comments: 138 },
      children: [
        { id: null, shortcode: 'IMUinvented', type: 'image', width: 1080, height: 1353 },
        { id: null, shortcode: 'IMVinvented', type: 'image' },
      ],
      taggedUsers: [{ id: '5000000001', isVerified: true }],
      flags: { likesHidden: false, commentsDisabled: null, isPinned: null },
    });
  });

  test('reads a trimmed reel without a `data` envelope; its size is unknown', async () => {
    expect(await media('scrapecreators-reel-trimmed', target('CsFaZNTtgBC'))).toMatchObject({
      type: 'reel',
      caption: '🪿',
      metrics: { plays: 31337, views: null, comments: 299 },
      media: [{ type: 'video', width: null, height: null, durationSeconds: 48.5 }],
    });
  });

  test('names the sponsors of a paid partnership (synthetic: no recording has one)', async () => {
    expect(await media('scrapecreators-sponsored-synthetic', target('CsFaZNTtgBN'))).toMatchObject({
      paidPartnership: true,
      sponsors: [{ id: '5000000099', username: 'northlight.paints', fullName: null, isVerified: true }],
    });
  });

  test('a video without product type is left open', async () => {
    const body = { data: { xdt_shortcode_media: { __typename: 'XDTGraphVideo', id: '31', shortcode: 'AAAAAAA', product_type: null } } };
    const fetched = await read(answering(200, body).fetch, target('AAAAAAA', 'reel'));
    expect(fetched.ok && fetched.value.value).toMatchObject({ type: 'video', isReelUntold: true });
  });

  test('maps a field of an unexpected type to null and keeps the rest', async () => {
    const odd = {
      __typename: 'XDTGraphImage',
      id: 31,
      shortcode: 'AAAAAAA',
      owner: 'x',
      location: [],
      dimensions: { width: '9' },
      coauthor_producers: [7],
    };
    const fetched = await read(answering(200, { data: { xdt_shortcode_media: odd } }).fetch, target('AAAAAAA'));
    expect(fetched).toMatchObject({ ok: true, value: { value: { id: '31', owner: { id: null }, location: null, coauthors: [] } } });
  });
});

const post = { __typename: 'XDTGraphImage', id: '31', shortcode: 'AAAAAAA' };

describe('failures', () => {
  test.each([
    ['a miss by status', 404, { success: false, error: 'not_found', errorStatus: 404, message: 'gone' }, 'not_found'],
    ['a miss whose body claims success', 404, { success: true, error: 'not_found', errorStatus: 404 }, 'not_found'],
    ['a null post', 200, { success: true, data: { xdt_shortcode_media: null } }, 'not_found'],
    ['a miss inside a success', 200, { success: false, error: 'not_found' }, 'not_found'],
    ['a private owner beside a null post', 200, { data: { xdt_shortcode_media: null, owner: { is_private: true } } }, 'private'],
    ['a private owner and no file', 200, { data: { xdt_shortcode_media: { ...post, owner: { is_private: true } } } }, 'private'],
    [
      'a gate (synthetic)',
      200,
      { data: { xdt_shortcode_media: { ...post, display_url: 'https://x.example/a.jpg', gating_info: { title: 'x' } } } },
      'age_restricted',
    ],
    ['a login wall passed on', 500, { success: false, message: 'login_required' }, 'login_required'],
    ['a challenge passed on', 200, { success: false, message: 'challenge_required' }, 'login_required'],
    ['a checkpoint passed on', 400, { success: false, error: 'checkpoint_required' }, 'login_required'],
    ['a feedback block passed on', 400, { success: false, message: 'feedback_required' }, 'blocked'],
    ['a pause asked by the platform', 200, { message: 'Please wait a few minutes before you try again.' }, 'blocked'],
    ['a server error', 500, { success: false }, 'server_error'],
    ['a gateway page', 502, '<html>', 'server_error'],
    ['a gateway out of time', 504, '', 'timed_out'],
    ['too many requests', 429, { success: false }, 'rate_limited'],
    ['no credits', 402, { success: false, message: 'credits' }, 'out_of_credit'],
    ['a wrong key', 401, { success: false }, 'misconfigured'],
    ['a wrong request', 400, { success: false, message: 'url is required' }, 'misconfigured'],
    ['a proxy’s own 404', 404, '<html>', 'bad_response'],
    ['a success without a post', 200, { success: true, data: {} }, 'bad_response'],
    ['a list', 200, [], 'bad_response'],
    ['a post without id', 200, { data: { xdt_shortcode_media: { ...post, id: undefined } } }, 'bad_response'],
    ['a post without shortcode', 200, { data: { xdt_shortcode_media: { ...post, shortcode: undefined } } }, 'bad_response'],
    ['an id that is none', 200, { data: { xdt_shortcode_media: { ...post, id: 'POLARIS_1' } } }, 'bad_response'],
    ['another post than asked for', 200, { data: { xdt_shortcode_media: { ...post, shortcode: 'BBBBBBB' } } }, 'bad_response'],
    ['a thing of unknown kind', 200, { data: { xdt_shortcode_media: { ...post, __typename: 'XDTGraphStory' } } }, 'bad_response'],
    ['a redirect', 302, '', 'bad_response'],
  ])('%s', async (_name, status, body, kind) => {
    const fetched = await read(answering(status, body).fetch, target('AAAAAAA'));
    expect(fetched).toMatchObject({ ok: false, error: { kind } });
  });

  test('pass on Retry-After in seconds', async () => {
    const fetched = await read(answering(429, {}, { 'retry-after': '17' }).fetch, target('AAAAAAA'));
    expect(fetched).toMatchObject({ ok: false, error: { kind: 'rate_limited', retryAfterSeconds: 17 } });
  });

  test('a silent vendor times out at the deadline; an unreachable one is a server error', async () => {
    expect(await read(silent, target('AAAAAAA'), NOW + 1)).toMatchObject({ error: { kind: 'timed_out' } });
    expect(await read(unreachable, target('AAAAAAA'))).toMatchObject({ error: { kind: 'server_error' } });
    expect(SCRAPECREATORS_LIMIT_MS).toBe(10_000);
  });

  test('contain neither the key nor the URL nor the vendor’s message', async () => {
    const fetched = await read(answering(500, { message: 'private words of the vendor' }).fetch, target('AAAAAAA'));
    const shown = JSON.stringify(fetched);
    expect(shown).toContain('server_error');
    for (const secret of [KEY, 'sc.example', 'AAAAAAA', 'private words']) expect(shown).not.toContain(secret);
  });
});

describe('receipts', () => {
  const receipt = { provider: 'scrapecreators', endpoint: '/v1/instagram/post', billedUnit: 'credit' };
  const delivered = { data: { xdt_shortcode_media: { ...post, display_url: 'https://x.example/a.jpg' } } };

  test.each([
    ['said by the vendor', 200, { ...delivered, credits_charged: 10 }, 10, 18_800, 1],
    ['a post counts one where nothing is said', 200, delivered, 1, 1_880, 1],
    ['a miss that cost nothing', 404, { credits_charged: 0 }, 0, 0, 0],
    ['a miss where nothing is said', 404, {}, 1, 1_880, 0],
    ['an error where nothing is said', 500, {}, 0, 0, 0],
    ['a nonsense count', 200, { ...delivered, credits_charged: -3 }, 1, 1_880, 1],
  ])('%s', async (_name, status, body, billedUnits, estimatedCostMicros, resultCount) => {
    const fetched = await read(answering(status, body).fetch, target('AAAAAAA'));
    const made = fetched.ok ? fetched.value.receipt : fetched.error.receipt;
    expect(made).toEqual({ ...receipt, billedUnits, estimatedCostMicros, resultCount, latencyMs: 0, httpStatus: status });
  });

  test('a call that timed out may be charged, one that never arrived is not', async () => {
    const slow = await read(silent, target('AAAAAAA'), NOW + 1);
    const lost = await read(unreachable, target('AAAAAAA'));
    expect(slow).toMatchObject({ error: { receipt: { billedUnits: 1, httpStatus: null } } });
    expect(lost).toMatchObject({ error: { receipt: { billedUnits: 0, httpStatus: null } } });
  });
});
