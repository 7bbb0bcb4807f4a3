import { describe, expect, test } from 'vitest';
import { InstagramMedia } from '../../../../src/instagram/media.ts';
import type { MediaTarget } from '../../../../src/instagram/target.ts';
import { createHikerApi, type HikerMediaVersion } from '../../../../src/providers/hikerapi/hikerapi.ts';
import { HIKERAPI_LIMIT_MS } from '../../../../src/providers/hikerapi/requests.ts';
import type { Fetch } from '../../../../src/net/fetch-json.ts';
import { providerFixture } from '../../../fixtures/providers/load.ts';
import { answering, budget, clock, NOW, silent, target, unreachable } from '../answers.ts';

const KEY = 'test-key-of-hikerapi';

function read(mediaVersion: HikerMediaVersion, fetch: Fetch, wanted: MediaTarget, deadlineAt = budget.deadlineAt) {
  const provider = createHikerApi({ baseUrl: 'https://hiker.example', key: KEY, fetch, clock, mediaVersion });
  return provider.fetchMedia(wanted, { deadlineAt });
}

async function media(version: HikerMediaVersion, fixture: string, wanted: MediaTarget): Promise<InstagramMedia> {
  const fetched = await read(version, answering(200, providerFixture(fixture)).fetch, wanted);
  if (!fetched.ok) throw new Error(fetched.error.kind);
  return InstagramMedia.parse(fetched.value.value);
}

describe('the request', () => {
  test.each([
    ['v1', 'https://hiker.example/v1/media/by/code?code=-A_AAAA'],
    ['v2', 'https://hiker.example/v2/media/info/by/code?code=-A_AAAA'],
  ] as const)('%s asks by shortcode with the key in the header only', async (version, url) => {
    const { fetch, sent } = answering(404, {});
    await read(version, fetch, target('-A_AAAA'));
    expect(sent.map((request) => request.url)).toEqual([url]);
    expect(sent[0]?.init).toMatchObject({ method: 'GET', headers: { 'x-access-key': KEY } });
  });
});

describe('mapping of a v1 post', () => {
  test('maps a reel with location, users, licensed music and its largest rendition', async () => {
    expect(await media('v1', 'hikerapi-v1-reel', target('CxorwuxQAAW'))).toEqual({
      shortcode: 'CxorwuxQAAW',
      id: '3200000000000000022',
      url: 'https://www.instagram.com/p/CxorwuxQAAW/',
      canonicalUrl: 'https://www.instagram.com/reel/CxorwuxQAAW/',
      type: 'reel',
      caption: 'Вечерний концерт у реки #музыка #ночнойгород с @river.stage',
      hashtags: ['музыка', 'ночнойгород'],
      mentions: ['river.stage'],
      owner: {
        id: '6000000002',
        username: 'night.train',
        fullName: 'Ночной поезд',
        isVerified: false,
        isPrivate: false,
        avatarUrl: expect.stringContaining('/night.train.jpg?'),
        followers: null,
      },
      timestamp: '2025-10-09T08:53:20.000Z',
      metrics: { likes: 340, comments: 12, plays: null, views: null, shares: null, reposts: null },
      media: [
        {
          type: 'video',
          url: expect.stringContaining('/reel-720.mp4?'),
          thumbnailUrl: expect.stringContaining('/poster.jpg?'),
          width: 720,
          height: 1280,
          durationSeconds: 24.125,
          altText: null,
          expiresAt: '2026-11-05T00:00:00.000Z',
        },
      ],
      children: [],
      location: { id: '107880000000001', name: 'River Stage Hall', city: 'Lowtide', latitude: 41.25, longitude: -8.5 },
      taggedUsers: [{ id: '6000000003', username: 'river.stage', fullName: 'River Stage', isVerified: true }],
      coauthors: [{ id: '6000000003', username: 'river.stage', fullName: 'River Stage', isVerified: true }],
      paidPartnership: false,
      sponsors: [],
      music: { title: 'Harbor Lights', artist: 'The Slow Lamps', audioId: '743000000000001', isOriginalAudio: false },
      audioUrl: null,
      flags: { likesHidden: false, commentsDisabled: false, isPinned: null },
      untoldCounts: { plays: 'facebook_included', views: 'placeholder' },
    });
  });

  test('maps an image to its largest version; hidden likes, no caption, and meaningless zeros become null', async () => {
    expect(await media('v1', 'hikerapi-v1-image', target('CxorwuxQAAL', 'reel'))).toMatchObject({
      type: 'image',
      caption: null,
      metrics: { likes: null, plays: null, views: null },
      media: [
        {
          type: 'image',
          url: expect.stringContaining('/large.jpg?'),
          width: 1440,
          height: 1800,
          durationSeconds: null,
          altText: 'Folded paper pears.',
        },
      ],
      music: null,
      flags: { likesHidden: true },
    });
  });

  test('keeps a carousel’s slides in order, each video and image with its own file', async () => {
    const carousel = await media('v1', 'hikerapi-v1-carousel-mixed', target('CxorwuxQAAh'));
    expect(carousel.children.map((child) => [child.id, child.type, child.width, child.height, child.durationSeconds])).toEqual([
      ['3200000000000000034', 'image', 1440, 1920, null],
      ['3200000000000000035', 'video', 720, 960, 9.5],
      ['3200000000000000036', 'image', 1440, 1920, null],
    ]);
    expect(carousel.children[1]).toMatchObject({
      url: expect.stringContaining('/res-35.mp4?'),
      thumbnailUrl: expect.stringContaining('/res-35.jpg?'),
    });
    expect(carousel).toMatchObject({ type: 'carousel', metrics: { plays: null, views: null } });
  });

  test('names sponsors in both spellings (synthetic: no recording has one)', async () => {
    expect(await media('v1', 'hikerapi-v1-sponsored-synthetic', target('CxorwuxQAAs'))).toMatchObject({
      paidPartnership: true,
      sponsors: [
        { id: '6000000099', username: 'northlight.paints', fullName: 'Northlight Paints', isVerified: true },
        { id: '6000000098', username: 'second.sponsor' },
      ],
      media: [{ url: expect.stringContaining('/only.jpg?') }],
    });
  });
});

describe('mapping of a v2 post', () => {
  test('keeps every digit of ids beyond 2^53, and maps shares, reposts and music', async () => {
    expect(providerFixture('hikerapi-v2-reel')).toContain('"pk": 3300000000000000013,');
    expect(await media('v2', 'hikerapi-v2-reel', target('C3L9IQOygAN'))).toMatchObject({
      id: '3300000000000000013',
      type: 'reel',
      owner: { id: '700000001', username: 'wild.estuary', isVerified: true },
      timestamp: '2025-11-29T07:06:40.000Z',
      metrics: { likes: 16384, comments: 77, plays: 700000, views: null, shares: 410, reposts: 220 },
      media: [
        {
          type: 'video',
          url: expect.stringContaining('/reel.mp4?'),
          thumbnailUrl: expect.stringContaining('/poster.jpg?'),
          width: 720,
          height: 1280,
        },
      ],
      location: { id: '70151000000000895123', name: 'Estuary Hide', city: null, latitude: -7.8, longitude: 110.4 },
      taggedUsers: [{ id: '700000002', username: 'heron.watch' }],
      music: { title: 'Original audio', artist: 'wild.estuary', audioId: '1500404000000015999', isOriginalAudio: true },
      audioUrl: expect.stringContaining('/sound.m4a?'),
      flags: { likesHidden: false, commentsDisabled: false, isPinned: true },
    });
  });

  test('keeps a numeric pk exact', async () => {
    const body = '{"media_or_ad":{"pk":3300000000000000013,"code":"C3L9IQOygAN","media_type":1}}';
    const fetched = await read('v2', answering(200, body).fetch, target('C3L9IQOygAN'));
    expect(fetched.ok && fetched.value.value.id).toBe('3300000000000000013');
  });

  test('maps a carousel with a null caption and hidden counts', async () => {
    expect(await media('v2', 'hikerapi-v2-carousel-mixed', target('C3L9IQOygAY'))).toMatchObject({
      type: 'carousel',
      caption: null,
      metrics: { likes: null },
      children: [
        { id: '3300000000000000025', type: 'video', url: expect.stringContaining('/slide-25.mp4?'), durationSeconds: 5, altText: null },
        { id: '3300000000000000026', type: 'image', url: expect.stringContaining('/slide-26.jpg?'), width: 1440, altText: 'A slide.' },
      ],
      flags: { likesHidden: true, isPinned: false },
    });
  });
});

const flat = { pk: '31', code: 'AAAAAAA', media_type: 1 };

describe('failures', () => {
  const noBalance = { state: false, error: 'Top up your account', exc_type: 'InsufficientFunds' };
  test.each([
    ['not found', 404, { detail: 'Entries not found', exc_type: 'NotFoundError' }, 'not_found'],
    ['media not found', 404, { detail: 'Media not found', exc_type: 'MediaNotFound' }, 'not_found'],
    ['an invalid id', 404, { detail: 'Invalid media_id 1', exc_type: 'InvalidMediaId' }, 'not_found'],
    ['gone or private, it cannot tell', 404, { detail: 'Media is unavailable', exc_type: 'MediaUnavailable' }, 'unavailable'],
    ['a private account', 403, { detail: 'x', exc_type: 'PrivateAccount' }, 'private'],
    ['a private account named in the text only', 403, { detail: 'private account' }, 'private'],
    ['an age gate named in the text only', 403, { detail: 'age restricted media' }, 'age_restricted'],
    ['a refusal of unknown cause', 403, { detail: 'no', exc_type: 'SomethingNew' }, 'unavailable'],
    ['a firewall', 403, '<html>', 'blocked'],
    ['login required', 403, { detail: 'x', exc_type: 'LoginRequired' }, 'login_required'],
    ['challenge required', 403, { detail: 'x', exc_type: 'ChallengeRequired' }, 'login_required'],
    ['checkpoint required', 400, { detail: 'x', exc_type: 'CheckpointRequired' }, 'login_required'],
    ['please wait', 429, { detail: 'x', exc_type: 'PleaseWaitFewMinutes' }, 'blocked'],
    ['feedback required', 400, { detail: 'x', exc_type: 'FeedbackRequired' }, 'blocked'],
    ['a raw message without a name', 400, { detail: 'Please wait a few minutes before you try again.' }, 'blocked'],
    ['status 430', 430, { detail: 'x' }, 'blocked'],
    ['too many requests', 429, { detail: 'x' }, 'rate_limited'],
    ['a rate error on an odd status', 400, { detail: 'x', exc_type: 'RateLimitError' }, 'rate_limited'],
    ['an empty balance by name', 402, noBalance, 'out_of_credit'],
    ['an empty balance inside a success', 200, noBalance, 'out_of_credit'],
    ['an empty balance by state only', 200, { state: false }, 'out_of_credit'],
    ['an empty balance by status only', 402, '', 'out_of_credit'],
    ['a wrong key', 401, { detail: 'x' }, 'misconfigured'],
    ['a malformed request', 422, { detail: [{ loc: ['query'], msg: 'x', type: 'y' }] }, 'misconfigured'],
    ['a path that does not exist', 404, { detail: 'Not Found' }, 'misconfigured'],
    ['a 404 with the vendor’s JSON', 404, { detail: 'no such media' }, 'not_found'],
    ['a proxy’s own 404', 404, '<html>', 'bad_response'],
    ['request timeout', 408, { detail: 'x' }, 'timed_out'],
    ['gateway timeout', 504, '', 'timed_out'],
    ['a server error', 500, { detail: 'x' }, 'server_error'],
    ['no service', 503, '', 'server_error'],
    ['a gate (synthetic)', 200, { ...flat, gating_info: { title: 'x' } }, 'age_restricted'],
    ['a success without pk', 200, { code: 'AAAAAAA', media_type: 1 }, 'bad_response'],
    ['a success without code', 200, { pk: '31', media_type: 1 }, 'bad_response'],
    ['another post than asked for', 200, { ...flat, code: 'BBBBBBB' }, 'bad_response'],
    ['an unknown kind', 200, { ...flat, media_type: 3 }, 'bad_response'],
    ['a slide that cannot be read', 200, { ...flat, media_type: 8, resources: [{ pk: '1', media_type: 1 }, {}] }, 'bad_response'],
    ['an unknown exception inside a success', 200, { detail: 'x', exc_type: 'SomethingNew' }, 'bad_response'],
  ])('v1: %s', async (_name, status, body, kind) => {
    const fetched = await read('v1', answering(status, body).fetch, target('AAAAAAA'));
    expect(fetched).toMatchObject({ ok: false, error: { kind } });
  });

  test.each([
    ['a success without the post', 200, { status: 'ok' }, 'bad_response'],
    ['a post without id', 200, { media_or_ad: { code: 'AAAAAAA', media_type: 1 } }, 'bad_response'],
    ['a gate (synthetic)', 200, { media_or_ad: { ...flat, gating_info: {} } }, 'age_restricted'],
    ['an empty balance inside a success', 200, noBalance, 'out_of_credit'],
    ['gone or private', 404, { detail: 'Media is unavailable', exc_type: 'MediaUnavailable' }, 'unavailable'],
  ])('v2: %s', async (_name, status, body, kind) => {
    const fetched = await read('v2', answering(status, body).fetch, target('AAAAAAA'));
    expect(fetched).toMatchObject({ ok: false, error: { kind } });
  });

  test('a silent vendor times out at the deadline; an unreachable one is a server error', async () => {
    expect(await read('v1', silent, target('AAAAAAA'), NOW + 1)).toMatchObject({ error: { kind: 'timed_out' } });
    expect(await read('v1', unreachable, target('AAAAAAA'))).toMatchObject({ error: { kind: 'server_error' } });
    expect(HIKERAPI_LIMIT_MS).toBe(10_000);
  });
});

describe('receipts', () => {
  test.each([
    ['said by the vendor', 200, flat, { 'x-hiker-info': 'reqs=2' }, 2],
    ['a post counts one where nothing is said', 200, flat, {}, 1],
    ['a miss counts one', 404, { exc_type: 'MediaNotFound' }, {}, 1],
    ['a server error is free', 500, {}, {}, 0],
    ['an empty balance is free', 200, { state: false }, {}, 0],
    ['a wrong key is free', 401, {}, {}, 0],
  ])('%s', async (_name, status, body, headers, billedUnits) => {
    const fetched = await read('v1', answering(status, body, headers).fetch, target('AAAAAAA'));
    const made = fetched.ok ? fetched.value.receipt : fetched.error.receipt;
    expect(made).toEqual({
      provider: 'hikerapi',
      endpoint: '/v1/media/by/code',
      billedUnit: 'request',
      billedUnits,
      resultCount: fetched.ok ? 1 : 0,
      estimatedCostMicros: billedUnits * 1_000,
      latencyMs: 0,
      httpStatus: status,
    });
  });

  test('a call that timed out may be charged, one that never arrived is not', async () => {
    expect(await read('v2', silent, target('AAAAAAA'), NOW + 1)).toMatchObject({
      error: { receipt: { endpoint: '/v2/media/info/by/code', billedUnits: 1, httpStatus: null } },
    });
    expect(await read('v2', unreachable, target('AAAAAAA'))).toMatchObject({ error: { receipt: { billedUnits: 0 } } });
  });
});
