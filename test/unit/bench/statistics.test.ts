import { describe, expect, test } from 'vitest';
import { median, percentile, ratioOf, seededNumbers, shuffled, spreadOf } from '../../../bench/statistics.ts';

describe('what several rounds came to', () => {
  test.each([
    { values: [3, 1, 2], middle: 2 },
    { values: [4, 1, 3, 2], middle: 2.5 },
    { values: [7], middle: 7 },
  ])('the median of $values is $middle', ({ values, middle }) => {
    expect(median(values)).toBe(middle);
  });

  test('nothing has no median', () => {
    expect(() => median([])).toThrow(RangeError);
  });

  test('a spread holds the least and the most', () => {
    expect(spreadOf([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5 });
  });

  test('a ratio is taken round by round, so that a slow round falls out of it', () => {
    expect(ratioOf([100, 10, 50], [200, 20, 100])).toEqual({ median: 0.5, min: 0.5, max: 0.5 });
  });

  test('two series of different lengths have no ratio', () => {
    expect(() => ratioOf([1, 2], [1])).toThrow(RangeError);
  });

  test.each([
    { share: 0.5, value: 50 },
    { share: 0.99, value: 99 },
    { share: 1, value: 100 },
  ])('of 1 to 100, $value is the percentile at $share', ({ share, value }) => {
    const values = Float64Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentile(values, share)).toBe(value);
  });

  test('no values have no percentile', () => {
    expect(percentile(new Float64Array(0), 0.5)).toBeNull();
  });

  test('a seed decides the order, and nothing is lost in it', () => {
    const things = Array.from({ length: 20 }, (_, index) => index);
    const once = shuffled(things, seededNumbers(7));
    expect(shuffled(things, seededNumbers(7))).toEqual(once);
    expect(shuffled(things, seededNumbers(8))).not.toEqual(once);
    expect([...once].sort((a, b) => a - b)).toEqual(things);
  });
});
