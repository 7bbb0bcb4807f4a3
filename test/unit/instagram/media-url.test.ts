import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isPlatformMediaUrl, mediaUrlExpiresAt } from '../../../src/instagram/media-url.ts';

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

test.each([
  file,
  `${file}?stp=dst-jpg&oh=00_AbC&oe=6A000000#x`,
  'https://cdninstagram.com/',
  'https://fbcdn.net',
  'https://instagram.fhkg3-1.fna.fbcdn.net/v/t51.2885-15/1_n.jpg?_nc_ht=scontent.cdninstagram.com',
  'HTTPS://SCONTENT.CDNINSTAGRAM.COM/1.jpg',
])('is a URL of the platform: %s', (url) => {
  expect(isPlatformMediaUrl(url)).toBe(true);
});

test.each([
  'http://scontent.cdninstagram.com/1.jpg',
  'https://scontent.cdninstagram.com:443/1.jpg',
  'https://scontent.cdninstagram.com:6379/',
  'https://@scontent.cdninstagram.com/',
  'https://user:pass@scontent.cdninstagram.com/',
  'https://scontent.cdninstagram.com@evil.example/',
  String.raw`https://scontent.cdninstagram.com\@evil.example/`,
  String.raw`https:\\scontent.cdninstagram.com/`,
  'https://scontent.cdninstagram.com.evil.example/',
  'https://scontent.cdninstagram.com./1.jpg',
  'https://evilcdninstagram.com/',
  'https://evil.example/scontent.cdninstagram.com/',
  'https://evil.example?.cdninstagram.com/',
  'https://evil.example#.cdninstagram.com/',
  'https://169.254.169.254/',
  'https://[::1]/',
  'https://2130706433/',
  'https://localhost/',
  'https://scontent.cdninstagram.com/1.jpg\n',
  'https://scontent.cdninstagram.com/ 1.jpg',
  ' https://scontent.cdninstagram.com/',
  'https://scontent\t.cdninstagram.com/',
  'https://scontent。cdninstagram.com/',
  'https://cdn.fbsbx.com/v/1.webp',
  'javascript:alert(1)//.cdninstagram.com/',
  '//scontent.cdninstagram.com/1.jpg',
  '',
])('is no URL of the platform: %j', (url) => {
  expect(isPlatformMediaUrl(url)).toBe(false);
});

test('what passes has the same host for every parser: one of the two domains or below', () => {
  const part = fc.constantFrom(
    'https://',
    'cdninstagram.com',
    '.',
    '@',
    ':',
    '/',
    '\\',
    '?',
    '#',
    'evil.example',
    'a',
    '%2f',
    ' ',
    '[',
    ']',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const text = parts.join('');
      if (!isPlatformMediaUrl(text)) return;
      const { protocol, host, username, password } = new URL(text);
      expect([protocol, username, password]).toEqual(['https:', '', '']);
      expect(host).toMatch(/^(?:.+\.)?cdninstagram\.com$/);
      expect(/^https:\/\/([^/?#]*)/i.exec(text)?.[1]).toBe(host);
    }),
    { numRuns: 5_000 },
  );
});
