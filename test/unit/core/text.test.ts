import { describe, expect, test } from 'vitest';
import { mapTexts, mayHoldHalfPairs, visible, wellFormed } from '../../../src/core/text.ts';

describe('halves of surrogate pairs', () => {
  test.each([
    [String.raw`{"a":"half an emoji \ud83d here"}`],
    [String.raw`{"a":"\uDE00 alone"}`],
    [String.raw`{"a":"\ud83d\ud83d\ude00"}`],
    [String.raw`{"a":"\ud83d\ude00\ude00"}`],
    [String.raw`{"a":"\ud83d"}`],
    [String.raw`{"a":"\ud83d\\udc00"}`],
    [String.raw`{"a":"\\ud83d\udc00"}`],
  ])('are seen in %s', (json) => {
    expect(mayHoldHalfPairs(json)).toBe(true);
    expect(JSON.stringify(JSON.parse(json))).toMatch(/\\ud/);
    expect(JSON.stringify(mapTexts(JSON.parse(json), wellFormed))).not.toMatch(/(?<!\\)\\ud/);
  });

  test.each([[String.raw`{"a":"\ud83d\ude00"}`], [String.raw`{"a":"\uD83D\uDE00\ud83d\ude00é"}`], ['{"a":"😀 u d83d"}']])(
    'are not seen in %s',
    (json) => {
      expect(mayHoldHalfPairs(json)).toBe(false);
    },
  );

  test('are replaced at any depth, and nothing else is', () => {
    const body = { a: ['x\ud83d', { b: '\ude00y', n: 1, ok: true, none: null }], c: 'as it was 😀' };
    expect(mapTexts(body, wellFormed)).toEqual({ a: ['x�', { b: '�y', n: 1, ok: true, none: null }], c: 'as it was 😀' });
  });
});

describe('what nobody sees', () => {
  test.each([
    ['a zero-width space', 'pay\u200bload', 'payload'],
    ['letters of the tag block', 'x\u{e0048}\u{e0049}y', 'xy'],
    ['controls that reorder text', 'a\u202eb\u202c \u2066c\u2069\u200f', 'ab c'],
    ['variation selectors that carry bytes', 'a\u{e0101}\ufe01\ufe0fb', 'ab'],
    ['joiners beside nothing', '\u200dstart end\u200c and \u200d\u200d', 'start end and '],
    ['a soft hyphen and a filler', 'so\u00adft\u3164', 'soft'],
  ])('is removed: %s', (_name, given, expected) => {
    expect(visible(given)).toBe(expected);
  });

  test.each([['❤️ and 👩‍👩‍👧‍👦'], ['❤️‍🔥'], ['1️⃣'], ['👍🏽'], ['می‌خواهم'], ['क्‍ष'], ['שָׁלוֹם'], ['line\nbreak\ttab']])('leaves %s', (text) => {
    expect(visible(text)).toBe(text);
  });
});
