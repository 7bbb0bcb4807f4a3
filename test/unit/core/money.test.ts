import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatUsd, MAX_AMOUNT_MICRO_CREDITS, microCredits, minus, sum, ZERO } from '../../../src/core/money.ts';

describe('microCredits', () => {
  test('takes whole numbers in range and throws on anything else', () => {
    for (const good of [0, 1, -1, 3_000, MAX_AMOUNT_MICRO_CREDITS, -MAX_AMOUNT_MICRO_CREDITS]) expect(microCredits(good)).toBe(good);
    for (const bad of [0.5, Number.NaN, Number.POSITIVE_INFINITY, MAX_AMOUNT_MICRO_CREDITS + 1, 2 ** 53]) {
      expect(() => microCredits(bad)).toThrow(RangeError);
    }
  });

  test('adds exactly, and throws instead of leaving the range', () => {
    expect(sum([])).toBe(ZERO);
    expect(sum([microCredits(3_000), microCredits(1_000)])).toBe(4_000);
    expect(minus(microCredits(1_000), microCredits(3_000))).toBe(-2_000);
    expect(() => sum([microCredits(MAX_AMOUNT_MICRO_CREDITS), microCredits(1)])).toThrow(RangeError);
  });
});

describe('formatUsd', () => {
  test.each([
    [0, '$0.00'],
    [1, '$0.000001'],
    [3_000, '$0.003'],
    [10_000, '$0.01'],
    [500_000, '$0.50'],
    [1_000_000, '$1.00'],
    [1_234_567, '$1.234567'],
    [-2_500_000, '-$2.50'],
    [1_000_000_000_000, '$1000000.00'],
  ])('writes %d as %s', (amount, text) => {
    expect(formatUsd(microCredits(amount))).toBe(text);
  });

  test('never rounds', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }), (amount) => {
        const text = formatUsd(microCredits(amount));
        const [, sign = '', dollars = '', fraction = ''] = /^(-?)\$(\d+)\.(\d{2,6})$/.exec(text) ?? [];
        expect(Number(`${sign}${dollars}${fraction.padEnd(6, '0')}`)).toBe(amount === 0 ? 0 : amount);
      }),
    );
  });
});
