import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromBase64, fromBase64Url, toBase64, toBase64Url } from '../../../src/core/base64.ts';

test('decodes what it encoded, in both alphabets', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
      expect(fromBase64(toBase64(bytes))).toEqual(bytes);
      expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes);
    }),
  );
  const large = new Uint8Array(100_000).fill(251);
  expect(fromBase64(toBase64(large))).toEqual(large);
});

test('returns null for what is no base64url: padding, the other alphabet, a broken length', () => {
  for (const text of ['', 'YQ==', 'a+b/', 'A', 'é']) expect(fromBase64Url(text), text).toBeNull();
  expect(fromBase64('not base64')).toBeNull();
});
