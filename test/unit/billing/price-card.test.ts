import { describe, expect, test } from 'vitest';
import { PRICE_CARD, type PriceId } from '../../../src/billing/price-card.ts';

// Written out again by hand, so that a price can only be changed deliberately, in two places.
const FIGURES: Readonly<Record<PriceId, readonly [fresh: number, cached: number, stale: number | null]>> = {
  media: [3_000, 1_000, 500],
  comments_20: [4_000, 1_000, 500],
  comments_100: [15_000, 3_750, 1_875],
  comments_500: [70_000, 17_500, 8_750],
  replies_20: [4_000, 1_000, 500],
  replies_100: [15_000, 3_750, 1_875],
  replies_500: [70_000, 17_500, 8_750],
  transcript_provider: [4_000, 1_000, null],
  transcript_hosted: [15_000, 1_000, null],
  media_parse_summary: [3_000, 750, null],
  media_parse_tldr: [2_000, 500, null],
  media_parse_json: [4_000, 1_000, null],
  comment_parse_20: [4_000, 1_000, null],
  comment_parse_100: [8_000, 2_000, null],
  comment_parse_200: [11_000, 2_750, null],
};

describe('the price card', () => {
  test('has exactly the agreed prices', () => {
    const listed = PRICE_CARD.items.map((item) => [item.id, [item.freshMicroCredits, item.cachedMicroCredits, item.staleMicroCredits]]);
    expect(Object.fromEntries(listed)).toEqual(FIGURES);
    expect(listed).toHaveLength(Object.keys(FIGURES).length);
  });

  test.each(PRICE_CARD.items)('prices $id lower from the cache, and at half of that when stale', (item) => {
    const price = PRICE_CARD.prices[item.id];
    expect(price.hit).toBeGreaterThan(0);
    expect(price).toEqual({ miss: item.freshMicroCredits, hit: item.cachedMicroCredits, stale: item.staleMicroCredits ?? price.hit });
    expect(price.hit).toBeLessThan(price.miss);
    expect([null, price.hit / 2]).toContain(item.staleMicroCredits);
  });

  test.each(PRICE_CARD.items.filter((item) => /comment|replies|parse/.test(item.id)))(
    'prices a cached $id at a quarter of a fresh one',
    (item) => {
      expect(item.cachedMicroCredits * 4).toBe(item.freshMicroCredits);
    },
  );

  test('has a stale price for exactly what can be stale', () => {
    const stale = PRICE_CARD.items.filter(({ staleMicroCredits }) => staleMicroCredits !== null).map(({ item }) => item);
    expect([...new Set(stale)]).toEqual(['media', 'comments', 'replies']);
  });

  test('lists the free outcomes and is plain JSON', () => {
    expect(PRICE_CARD.free.map((outcome) => outcome.id)).toEqual(['failure', 'not_found', 'quote', 'replay', 'not_modified']);
    expect(JSON.parse(JSON.stringify(PRICE_CARD))).toEqual(PRICE_CARD);
    expect(new Date(PRICE_CARD.effectiveFrom).toISOString()).toBe(PRICE_CARD.effectiveFrom);
  });
});
