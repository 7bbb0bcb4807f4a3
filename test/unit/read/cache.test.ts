import { describe, expect, test } from 'vitest';
import { assembleMedia, type InstagramMedia } from '../../../src/instagram/media.ts';
import { contentKey } from '../../../src/read/cache/key.ts';
import { mediaTtlSeconds } from '../../../src/read/parts/media.ts';
import { mediaLimitations } from '../../../src/read/limitations/of-media.ts';

const now = Date.UTC(2026, 10, 22);

/** A post whose pictures expire so many seconds from now; null for an address without an expiry. */
function post(...expiriesInSeconds: (number | null)[]): InstagramMedia {
  const assets = expiriesInSeconds.map((seconds) => {
    const oe =
      seconds === null
        ? ''
        : `?oe=${Math.floor(now / 1_000 + seconds)
            .toString(16)
            .toUpperCase()}`;
    return { type: 'image' as const, url: `https://scontent.cdninstagram.com/v/invented.jpg${oe}` };
  });
  return assembleMedia({ shortcode: 'DemoImage01', id: '1', type: 'image', owner: {}, metrics: {}, assets, children: null, flags: {} });
}

describe('mediaTtlSeconds', () => {
  test('is the policy where nothing expires earlier', () => {
    expect(mediaTtlSeconds(post(null), now, 21_600)).toBe(21_600);
    expect(mediaTtlSeconds(post(100_000), now, 21_600)).toBe(21_600);
  });

  test('ends ten minutes before the first address that stops working', () => {
    expect(mediaTtlSeconds(post(100_000, 7_200), now, 21_600)).toBe(6_600);
  });

  test('is not bound by addresses that have already expired', () => {
    expect(mediaTtlSeconds(post(-5, 7_200), now, 21_600)).toBe(6_600);
    expect(mediaTtlSeconds(post(-5), now, 21_600)).toBe(21_600);
  });

  test('is null below the minute that the store can keep', () => {
    expect(mediaTtlSeconds(post(660), now, 21_600)).toBe(60);
    expect(mediaTtlSeconds(post(659), now, 21_600)).toBeNull();
    expect(mediaTtlSeconds(post(10), now, 21_600)).toBeNull();
  });
});

describe('mediaLimitations', () => {
  const codes = (media: InstagramMedia) => mediaLimitations(media, now, null).map((one) => `${one.code} ${one.path}`);

  test('names the earliest expiry ahead once, and every expired address', () => {
    const found = codes(post(-5, 7_200, 9_000));
    expect(found.filter((text) => text.startsWith('media_url_short_lived'))).toEqual(['media_url_short_lived data.media']);
    expect(found).toContain('media_url_expired data.media[0].url');
    expect(found).not.toContain('media_url_expired data.media[1].url');
  });

  test('says that nothing was seen in pictures, and how old the counts of a copy are', () => {
    expect(codes(post(null))).toContain('no_image_understanding data.media');
    const stale = mediaLimitations(post(null), now, 42).find((one) => one.code === 'metrics_stale');
    expect(stale?.message).toBe('The counts are 42 seconds old.');
    expect(codes(post(null)).join()).not.toContain('metrics_stale');
  });

  test('names every missing field of the owner', () => {
    const found = codes(post(null)).filter((text) => text.startsWith('owner_field_unavailable'));
    expect(found).toHaveLength(7);
  });

  test('names an asset without an address, and a carousel without its slides', () => {
    const bare = { shortcode: 'DemoAlbum01', id: '1', owner: {}, metrics: {}, flags: {} };
    expect(codes(assembleMedia({ ...bare, type: 'image', assets: [{ type: 'image' }], children: null }))).toContain(
      'media_url_missing data.media[0].url',
    );
    expect(codes(assembleMedia({ ...bare, type: 'carousel', assets: [], children: [] }))).toContain('field_unavailable data.children');
  });

  test('says why the counts of a video are null', () => {
    const reasons = (metrics: { plays?: number; views?: number; likes?: number }, likesHidden: boolean) => {
      const media = assembleMedia({
        shortcode: 'DemoReel_01',
        id: '1',
        type: 'reel',
        owner: {},
        metrics,
        assets: [],
        children: null,
        flags: { likesHidden },
      });
      const metric = mediaLimitations(media, now, null).filter((one) => one.code === 'metric_unavailable');
      return Object.fromEntries(metric.map((one) => [one.path.replace('data.metrics.', ''), one.reason]));
    };
    expect(reasons({ plays: 900, views: 0, likes: 3 }, false)).toMatchObject({ views: 'not_counted' });
    expect(reasons({ plays: 900, likes: 3 }, false)).not.toHaveProperty('plays');
    expect(reasons({ likes: -1 }, true)).toMatchObject({ likes: 'hidden_by_author', plays: 'hidden_by_author', views: 'hidden_by_author' });
    expect(reasons({ plays: 0, views: 0, likes: 3 }, false)).toMatchObject({ plays: 'contradicted', views: 'contradicted' });
    expect(reasons({ plays: 0, views: 0 }, true)).toMatchObject({ plays: 'hidden_by_author', views: 'hidden_by_author' });
    expect(reasons({}, false)).toMatchObject({ likes: 'provider_missing', comments: 'provider_missing', shares: 'provider_missing' });
  });
});

describe('contentKey', () => {
  test('is the same for the same content and differs for any other', async () => {
    const key = contentKey({ part: 'media', shortcode: 'DemoImage01' });
    expect(key).toMatch(/^media:v\d+:[0-9a-f]{32}$/);
    expect(contentKey({ shortcode: 'DemoImage01', part: 'media' })).toBe(key);
    expect(contentKey({ part: 'media', shortcode: 'DemoImage02' })).not.toBe(key);
    expect(contentKey({ part: 'share_link', path: 'DemoImage01' })).not.toBe(key);
  });
});
