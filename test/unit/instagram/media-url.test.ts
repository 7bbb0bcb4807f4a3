import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { mediaUrlExpiresAt } from '../../../src/instagram/media-url.ts';

const file = 'https://scontent-lantern1-1.cdninstagram.com/v/t51.29350-15/1_n.jpg';

test.each([
  ['upper case', `${file}?stp=dst-jpg&oh=00_AbC&oe=6A000000`],
  ['lower case', `${file}?oe=6a000000&_nc_sid=10d13b`],
  ['said twice alike', `${file}?oe=6A000000&oe=6A000000`],
  ['with a fragment', `${file}?oe=6A000000#x`],
])('reads the expiry: %s', (_name, url) => {
  expect(mediaUrlExpiresAt(url)).toBe(Date.UTC(2026, 4, 10, 3, 48, 16));
});

test.each([
  ['absent', file],
  ['only in the fragment', `${file}#oe=6A000000`],
  ['another parameter', `${file}?foe=6A000000&OE=6A000000`],
  ['empty', `${file}?oe=`],
  ['not hexadecimal', `${file}?oe=6A00000G`],
  ['with a sign', `${file}?oe=-6A00000`],
  ['with a prefix', `${file}?oe=0x6A0000`],
  ['too short', `${file}?oe=6A0000`],
  ['too long', `${file}?oe=6A0000000`],
  ['before the platform opened', `${file}?oe=4CABB67F`],
  ['zero', `${file}?oe=00000000`],
  ['after the century', `${file}?oe=FFFFFFFF`],
  ['two that differ', `${file}?oe=6A000000&oe=6A000001`],
  ['no URL', 'oe=6A000000'],
  ['nothing', ''],
])('is null when the expiry is %s', (_name, url) => {
  expect(mediaUrlExpiresAt(url)).toBeNull();
});

test('reads back every second between the platform’s first day and the end of the century', () => {
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(2010, 9, 6) / 1_000, max: Date.UTC(2100, 0, 1) / 1_000 - 1 }), (unixSeconds) => {
      expect(mediaUrlExpiresAt(`${file}?oe=${unixSeconds.toString(16)}`)).toBe(unixSeconds * 1_000);
    }),
  );
});

test('never throws, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const times = [text, `${file}?oe=${text}`, `${file}?${text}`].map((url) => mediaUrlExpiresAt(url));
      expect(times.filter((time) => time !== null && !(time > 0))).toEqual([]);
    }),
  );
});
