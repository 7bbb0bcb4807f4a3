import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mediaIdFromShortcode, shortcodeFromMediaId } from '../../../src/instagram/shortcode.ts';

describe('pairs worked out by hand', () => {
  test.each([
    ['A', '0'],
    ['B', '1'],
    ['_', '63'],
    ['BA', '64'],
    ['__', '4095'],
    ['BAAAA', '16777216'],
    // 64^10, the first number of 11 digits
    ['BAAAAAAAAAA', '1152921504606846976'],
    ['BAAAAAAAAA-', '1152921504606847038'],
    // 2^63 − 1: 7 and ten times 63
    ['H__________', '9223372036854775807'],
    // 2^66 − 1, the largest of 11 digits
    ['___________', '73786976294838206463'],
  ])('%s is %s', (shortcode, id) => {
    expect(mediaIdFromShortcode(shortcode)).toBe(id);
    expect(shortcodeFromMediaId(id)).toBe(shortcode);
  });
});

test('ids beyond 2^53 keep their last digits', () => {
  expect(BigInt(mediaIdFromShortcode('BAAAAAAAAAC')) - BigInt(mediaIdFromShortcode('BAAAAAAAAAB'))).toBe(1n);
});

test('an id survives the round trip through its shortcode', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: (1n << 66n) - 1n }), (id) => {
      expect(mediaIdFromShortcode(shortcodeFromMediaId(id.toString()))).toBe(id.toString());
    }),
  );
});

test('a shortcode survives the round trip through its id, without leading zeros', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{1,11}$/), (shortcode) => {
      expect(shortcodeFromMediaId(mediaIdFromShortcode(shortcode))).toBe(shortcode.replace(/^A+(?=.)/, ''));
    }),
  );
});

test('the 28 characters that a private link appends do not count, however long the shortcode is', () => {
  expect(mediaIdFromShortcode(`BAAAAAAAAA-${'x'.repeat(28)}`)).toBe('1152921504606847038');
  expect(mediaIdFromShortcode(`BAAAA${'x'.repeat(28)}`)).toBe('16777216');
  expect(mediaIdFromShortcode(`B${'x'.repeat(28)}`)).toBe('1');
});

test('an owner’s id after an underscore is ignored', () => {
  expect(shortcodeFromMediaId('1152921504606847038_42')).toBe('BAAAAAAAAA-');
});

test.each(['', 'a b', 'abc/', 'ab=c', 'é', 'Ａ', '\n', 'abc\n'])('%j is no shortcode', (text) => {
  expect(() => mediaIdFromShortcode(text)).toThrow(RangeError);
});

test.each(['', '-1', '1.5', '0x10', '007', '1e3', '_1', '1_', '1_2_3', ' 1', '1\n', '٣', '73786976294838206464', '9'.repeat(21)])(
  '%j is no media id that a shortcode spells',
  (text) => {
    expect(() => shortcodeFromMediaId(text)).toThrow(RangeError);
  },
);
