import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bucketOf, countOf, LATENCY_BOUNDS_MS, OVERFLOW, quantileOf } from '../../../../src/ops/metrics/histogram.ts';

function bucketsOf(durations: readonly number[]): Record<string, number> {
  const buckets: Record<string, number> = {};
  for (const duration of durations) buckets[bucketOf(duration)] = (buckets[bucketOf(duration)] ?? 0) + 1;
  return buckets;
}

test('a duration falls into the first bucket that holds it', () => {
  expect([0, 10, 10.5, 30_000, 30_001].map(bucketOf)).toEqual(['10', '10', '25', '30000', OVERFLOW]);
});

test('a quantile without observations is null', () => {
  expect(quantileOf({}, 0.5)).toBeNull();
});

test('a quantile is interpolated linearly inside its bucket', () => {
  expect(quantileOf({ 100: 4 }, 0.5)).toBe(75);
  expect(quantileOf({ 10: 50, 1000: 50 }, 0.5)).toBe(10);
  expect(quantileOf({ 10: 50, 1000: 50 }, 0.75)).toBe(750);
  expect(quantileOf({ [OVERFLOW]: 3 }, 0.5)).toBe(30_000);
});

test('every quantile lies in the bucket of its observation, and quantiles never decrease', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 200 }), (durations) => {
      const buckets = bucketsOf(durations);
      expect(countOf(buckets)).toBe(durations.length);
      const sorted = [...durations].sort((a, b) => a - b);
      let before = 0;
      for (const quantile of [0.01, 0.5, 0.9, 0.99, 1]) {
        const estimate = quantileOf(buckets, quantile) ?? -1;
        const exact = sorted[Math.ceil(quantile * sorted.length) - 1] ?? -1;
        const upper = Number(bucketOf(exact));
        const lower = LATENCY_BOUNDS_MS[LATENCY_BOUNDS_MS.findIndex((bound) => bound === upper) - 1] ?? 0;
        expect(estimate).toBeGreaterThanOrEqual(lower);
        expect(estimate).toBeLessThanOrEqual(upper);
        expect(estimate).toBeGreaterThanOrEqual(before);
        before = estimate;
      }
    }),
  );
});
