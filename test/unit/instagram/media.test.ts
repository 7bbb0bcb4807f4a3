import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assembleMedia, canonicalUrl, InstagramMedia, type AssetFacts, type MediaFacts } from '../../../src/instagram/media.ts';

const file = 'https://scontent-lantern1-1.cdninstagram.com/v/t51.29350-15/1_n.jpg?oe=6A000000';

const unknownText = fc.constantFrom(null, '', 'x');

/** The minimum that a vendor sends. */
const bare: MediaFacts = {
  shortcode: 'CxQ7tR2mK_9',
  id: '3180000000000000001',
  type: 'image',
  owner: {},
  metrics: {},
  assets: [],
  children: null,
  flags: {},
};

function assemble(facts: Partial<MediaFacts>): InstagramMedia {
  return InstagramMedia.parse(assembleMedia({ ...bare, ...facts }));
}

function asset(facts: Partial<AssetFacts>): InstagramMedia['media'][number] | undefined {
  return assemble({ assets: [{ type: 'image', ...facts }] }).media[0];
}

test('what the vendor omits is null or empty, never a guess', () => {
  expect(assemble({})).toEqual({
    shortcode: 'CxQ7tR2mK_9',
    id: '3180000000000000001',
    url: 'https://www.instagram.com/p/CxQ7tR2mK_9/',
    canonicalUrl: 'https://www.instagram.com/p/CxQ7tR2mK_9/',
    type: 'image',
    caption: null,
    hashtags: [],
    mentions: [],
    owner: { id: null, username: null, fullName: null, isVerified: null, isPrivate: null, avatarUrl: null, followers: null },
    timestamp: null,
    metrics: { likes: null, comments: null, plays: null, views: null, shares: null, reposts: null },
    media: [],
    children: [],
    location: null,
    taggedUsers: [],
    coauthors: [],
    paidPartnership: null,
    sponsors: [],
    music: null,
    audioUrl: null,
    flags: { likesHidden: null, commentsDisabled: null, isPinned: null },
  });
});

test.each([
  ['image', 'p'],
  ['video', 'p'],
  ['carousel', 'p'],
  ['reel', 'reel'],
] as const)('the canonical address of a post of type %s is under /%s/', (type, path) => {
  expect(canonicalUrl('CxQ7tR2mK_9', type)).toBe(`https://www.instagram.com/${path}/CxQ7tR2mK_9/`);
});

describe('the caption', () => {
  test('gives hashtags and mentions', () => {
    expect(assemble({ caption: 'Fly! #kite with @river.boat.' })).toMatchObject({ hashtags: ['kite'], mentions: ['river.boat'] });
  });

  test.each([null, undefined, ''])('is null when the vendor writes %j', (caption) => {
    expect(assemble({ caption }).caption).toBeNull();
  });
});

describe('metrics', () => {
  test('pass through, zero included', () => {
    const metrics = { likes: 0, comments: 3, plays: 900, views: 850, shares: 2, reposts: 0 };
    expect(assemble({ metrics }).metrics).toEqual(metrics);
  });

  test.each([-1, 1.5, Number.NaN, Infinity, 2 ** 53])('%d is no count', (value) => {
    const metrics = { likes: value, comments: value, plays: value, views: value, shares: value, reposts: value };
    expect(Object.values(assemble({ metrics, owner: { followers: value } }).metrics)).toEqual(Array(6).fill(null));
    expect(assemble({ owner: { followers: value } }).owner.followers).toBeNull();
  });

  test('no plays or views are zero where something else was counted, and none are on a picture', () => {
    const metrics = (counts: MediaFacts['metrics'], facts: Partial<MediaFacts> = {}) =>
      assemble({ type: 'reel', metrics: counts, ...facts }).metrics;
    expect(metrics({ plays: 900, views: 0 })).toMatchObject({ plays: 900, views: null });
    expect(metrics({ likes: 66_086, plays: 0, views: 0 })).toMatchObject({ likes: 66_086, plays: null, views: null });
    expect(metrics({ comments: 1, plays: 0 })).toMatchObject({ comments: 1, plays: null });
    expect(metrics({ plays: 0, views: 12 })).toMatchObject({ plays: null, views: 12 });
    expect(metrics({ likes: 0, comments: 0, plays: 0, views: 0 })).toMatchObject({ likes: 0, comments: 0, plays: 0, views: 0 });
    expect(metrics({ plays: 0, views: 0 }, { flags: { likesHidden: true } })).toMatchObject({ plays: null, views: null });
    expect(metrics({ plays: 0, views: 0 }, { type: 'image' })).toMatchObject({ plays: null, views: null });
  });

  test('no fewer comments are counted than came with the post', () => {
    expect(assemble({ metrics: { comments: 1 }, commentsSeen: 2 }).metrics.comments).toBeNull();
    expect(assemble({ metrics: { comments: 0 }, commentsSeen: 1 }).metrics.comments).toBeNull();
    expect(assemble({ metrics: { comments: 2 }, commentsSeen: 2 }).metrics.comments).toBe(2);
  });

  test.each<[string, number | null | undefined, boolean | null | undefined, number | null, boolean | null]>([
    ['hidden by a negative count', -1, undefined, null, true],
    ['hidden by a negative count, whatever the flag', -1, false, null, true],
    ['hidden by the flag, whatever the count', 3, true, null, true],
    ['hidden by the flag alone', undefined, true, null, true],
    ['shown', 7, undefined, 7, false],
    ['shown by both', 7, false, 7, false],
    ['unknown', undefined, undefined, null, null],
    ['not hidden and not given', null, false, null, false],
  ])('likes are %s', (_name, likes, flag, expected, hidden) => {
    const media = assemble({ metrics: { likes }, flags: { likesHidden: flag } });
    expect(media.metrics.likes).toBe(expected);
    expect(media.flags.likesHidden).toBe(hidden);
  });
});

describe('the time of publication', () => {
  test('is ISO 8601 in UTC', () => {
    expect(assemble({ takenAtMs: Date.UTC(2026, 0, 2, 3, 4, 5) }).timestamp).toBe('2026-01-02T03:04:05.000Z');
  });

  test.each([null, undefined, 0, -1, Number.NaN, Infinity, 253_402_300_800_000, 8.7e15])('%j is no time', (takenAtMs) => {
    expect(assemble({ takenAtMs }).timestamp).toBeNull();
  });
});

describe('an asset', () => {
  test('keeps the vendor’s data and reports when its URL expires', () => {
    const facts = { url: file, thumbnailUrl: file, width: 1_080, height: 1_350, durationSeconds: 12.5, altText: 'A kite' };
    expect(asset({ ...facts, type: 'video' })).toEqual({ ...facts, type: 'video', expiresAt: '2026-05-10T03:48:16.000Z' });
  });

  test('has no expiry when its URL has none', () => {
    expect(asset({ url: 'https://cdn.example/1.jpg' })?.expiresAt).toBeNull();
  });

  test.each(['javascript:alert(1)', 'data:image/png;base64,AA==', '//cdn.example/1.jpg', '', 'https://', 'ftp://cdn.example/1.jpg', null])(
    'never gives out %j as an address',
    (url) => {
      expect(asset({ url, thumbnailUrl: url })).toMatchObject({ url: null, thumbnailUrl: null, expiresAt: null });
      expect(assemble({ audioUrl: url, owner: { avatarUrl: url } })).toMatchObject({ audioUrl: null, owner: { avatarUrl: null } });
    },
  );

  test.each([0, -1, 1.5, Number.NaN, Infinity])('has no width or height of %d', (size) => {
    expect(asset({ width: size, height: size })).toMatchObject({ width: null, height: null });
  });

  test.each([-1, Number.NaN, Infinity])('has no duration of %d', (durationSeconds) => {
    expect(asset({ durationSeconds })?.durationSeconds).toBeNull();
  });

  test('has null for an empty alt text', () => {
    expect(asset({ altText: '' })?.altText).toBeNull();
  });
});

describe('a carousel', () => {
  const slide = (name: string): AssetFacts & { id: string; shortcode: string } => ({
    type: 'image',
    url: `https://cdn.example/${name}`,
    id: name,
    shortcode: `Cx${name}`,
  });

  test('shows its children in order, and the same assets as media', () => {
    const media = assemble({ type: 'carousel', children: [slide('b'), slide('a')], assets: [slide('cover')] });
    expect(media.children.map(({ id, shortcode }) => [id, shortcode])).toEqual([
      ['b', 'Cxb'],
      ['a', 'Cxa'],
    ]);
    expect(media.media).toEqual(media.children.map(({ id: _id, shortcode: _shortcode, ...picture }) => picture));
  });

  test('shows its cover when the vendor omits the slides', () => {
    const media = assemble({ type: 'carousel', children: [], assets: [slide('cover')] });
    expect(media.children).toEqual([]);
    expect(media.media.map(({ url }) => url)).toEqual(['https://cdn.example/cover']);
  });
});

test('users without a name have null, not an empty name', () => {
  const person = { id: '42', username: 'river.boat', fullName: '', isVerified: null };
  const media = assemble({ owner: { ...person, username: '' }, taggedUsers: [person], coauthors: [person], sponsors: [person] });
  expect(media.owner).toMatchObject({ id: '42', username: null, fullName: null });
  for (const users of [media.taggedUsers, media.coauthors, media.sponsors]) expect(users).toEqual([{ ...person, fullName: null }]);
});

test.each<[string, number | null, number | null, boolean]>([
  ['a place', 41.25, -8.5, true],
  ['a place on the equator', 0, 37.2, true],
  ['a place on the meridian of Greenwich', 51.5, 0, true],
  ['the poles and the date line', -90, 180, true],
  ['0/0, which stands for unknown', 0, 0, false],
  ['beyond a pole', 90.1, 20, false],
  ['beyond the date line', 20, -180.5, false],
  ['swapped values', 137.4, 36.2, false],
  ['half a pair', 41.25, null, false],
  ['no number', Number.NaN, 20, false],
])('the coordinates are %s', (_name, latitude, longitude, isPlace) => {
  const { location } = assemble({ location: { name: 'Old Quay', latitude, longitude } });
  expect(location).toEqual({
    id: null,
    name: 'Old Quay',
    city: null,
    latitude: isPlace ? latitude : null,
    longitude: isPlace ? longitude : null,
  });
  expect(assemble({ location: { latitude, longitude } }).location === null).toBe(!isPlace);
});

test('no object of nulls is sent for a place, music or a user', () => {
  const nobody = { id: '', username: null, fullName: '', isVerified: false };
  const music = { title: null, artist: null, audioId: null, isOriginalAudio: null };
  const place = { id: null, name: '', city: '', latitude: null, longitude: null };
  expect(assemble({ taggedUsers: [nobody], coauthors: [nobody], sponsors: [nobody], music, location: place })).toMatchObject({
    taggedUsers: [],
    coauthors: [],
    sponsors: [],
    music: null,
    location: null,
  });
});

test('every object of the public shape that may be absent is absent when nothing of it is known', () => {
  // A post always has these three; their nulls are explained one by one in `limitations`.
  const always = new Set(['owner', 'metrics', 'flags']);
  const facts = fc.record({ id: unknownText, name: unknownText, city: unknownText, username: unknownText, fullName: unknownText });
  fc.assert(
    fc.property(facts, fc.constantFrom(true, false, null), (given, isVerified) => {
      const { id, name, city, username, fullName } = given;
      const person = { id, username, fullName, isVerified };
      const media = assemble({
        location: { id, name, city, latitude: null, longitude: null },
        taggedUsers: [person],
        coauthors: [person],
        sponsors: [person],
        music: { title: name, artist: username, audioId: id, isOriginalAudio: null },
        assets: [{ type: 'image' }],
      });
      for (const [field, value] of Object.entries(media)) {
        if (always.has(field)) continue;
        for (const held of Array.isArray(value) ? value : [value]) {
          const isEmpty = typeof held === 'object' && held !== null && Object.values(held).every((part) => part === null);
          expect(isEmpty, field).toBe(false);
        }
      }
    }),
  );
});

test('whatever a vendor sends, the result has the public shape', () => {
  const text = fc.option(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl(), fc.constant(file), fc.constant('https://a\n')), {
    nil: undefined,
  });
  const number = fc.option(fc.oneof(fc.double(), fc.integer()), { nil: null });
  const facts = fc.record({
    type: fc.constantFrom('image', 'video'),
    url: text,
    thumbnailUrl: text,
    width: number,
    height: number,
    durationSeconds: number,
    altText: text,
  });
  fc.assert(
    fc.property(
      text,
      number,
      fc.array(facts, { maxLength: 3 }),
      fc.option(fc.array(facts, { maxLength: 3 })),
      (words, value, assets, children) => {
        const media = assembleMedia({
          ...bare,
          caption: words,
          owner: { avatarUrl: words, followers: value, fullName: words },
          takenAtMs: value,
          metrics: { likes: value, plays: value, views: value },
          assets,
          children,
          audioUrl: words,
        });
        expect(InstagramMedia.safeParse(media).error).toBeUndefined();
      },
    ),
    { numRuns: 2_000 },
  );
});
