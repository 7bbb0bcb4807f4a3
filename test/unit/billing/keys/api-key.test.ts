import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { equalInConstantTime, hashApiKey, isOperatorHash, mintApiKey, parseApiKey } from '../../../../src/billing/keys/api-key.ts';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Computes the check characters with a different library from the code under test. */
function withChecksum(body: string): string {
  let rest = crc32(body);
  let text = '';
  for (let index = 0; index < 6; index++) {
    text = BASE62.charAt(rest % 62) + text;
    rest = Math.floor(rest / 62);
  }
  return body + text;
}

describe('generating a secret', () => {
  test('returns igsk_, 32 base62 characters and their checksum', () => {
    const key = mintApiKey();
    expect(key).toMatch(/^igsk_[0-9A-Za-z]{38}$/);
    expect(withChecksum(key.slice(0, -6))).toBe(key);
    expect(parseApiKey(key)).toEqual({ ok: true, value: { text: key, mode: 'live', shard: 0 } });
  });

  test('never returns the same secret twice', () => {
    expect(new Set(Array.from({ length: 1_000 }, () => mintApiKey())).size).toBe(1_000);
  });

  test('draws every character equally often, by drawing bytes that would favour some again', () => {
    const counts = new Map<string, number>();
    let next = 0;
    // Every byte value equally often.
    const everyByte = (length: number) => Uint8Array.from({ length }, () => next++ % 256);
    for (let key = 0; key < 248; key++) {
      for (const character of mintApiKey(everyByte).slice(5, -6)) counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    const spread = [...counts.values()];
    expect(counts.size).toBe(62);
    expect(Math.max(...spread) - Math.min(...spread)).toBeLessThanOrEqual(40);
  });

  test('names every shard but the first, whose earliest keys have no shard', () => {
    for (const shard of [0, 1, 7, 10, 99]) {
      for (const mode of ['live', 'test'] as const) {
        const text = mintApiKey(undefined, mode, shard);
        const infix = `${mode === 'test' ? 'test_' : ''}${shard === 0 ? '' : `s${shard}_`}`;
        expect(text).toMatch(new RegExp(`^igsk_${infix}[0-9A-Za-z]{38}$`));
        expect(parseApiKey(text)).toEqual({ ok: true, value: { text, mode, shard } });
      }
    }
  });

  test('uses only the given source of randomness', () => {
    const zeros = (length: number) => new Uint8Array(length);
    expect(mintApiKey(zeros)).toBe(withChecksum(`igsk_${'0'.repeat(32)}`));
  });
});

describe('parsing a secret', () => {
  test.each([
    ['live', 0, withChecksum(`igsk_live_${'a'.repeat(32)}`)],
    ['live', 0, withChecksum(`igsk_${'a'.repeat(30)}`)],
    ['live', 0, withChecksum(`igsk_${'Z'.repeat(64)}`)],
    ['test', 0, withChecksum(`igsk_test_${'a'.repeat(32)}`)],
    // Its random part starts like an infix, but without the underscore.
    ['live', 0, withChecksum(`igsk_s3${'a'.repeat(30)}`)],
    ['live', 3, withChecksum(`igsk_s3_${'a'.repeat(32)}`)],
    ['live', 3, withChecksum(`igsk_live_s3_${'a'.repeat(32)}`)],
    ['test', 99, withChecksum(`igsk_test_s99_${'a'.repeat(32)}`)],
  ] as const)('accepts a %s key of shard %d: %s', (mode, shard, text) => {
    expect(parseApiKey(text)).toEqual({ ok: true, value: { text, mode, shard } });
  });

  test.each([
    '',
    'igsk_',
    'igsk_short',
    withChecksum(`igsk_${'a'.repeat(29)}`),
    withChecksum(`igsk_${'a'.repeat(65)}`),
    withChecksum(`igsk_demo_${'a'.repeat(32)}`),
    withChecksum(`igsk_s0_${'a'.repeat(32)}`),
    withChecksum(`igsk_s03_${'a'.repeat(32)}`),
    withChecksum(`igsk_s100_${'a'.repeat(32)}`),
    withChecksum(`igsk_s-1_${'a'.repeat(32)}`),
    withChecksum(`igsk_S3_${'a'.repeat(32)}`),
    withChecksum(`igsk_s3_test_${'a'.repeat(32)}`),
    withChecksum(`sk_${'a'.repeat(32)}`),
    `${withChecksum(`igsk_${'a'.repeat(32)}`)}\n`,
    ` ${withChecksum(`igsk_${'a'.repeat(32)}`)}`,
    withChecksum(`igsk_${'ä'.repeat(32)}`),
    withChecksum(`igsk_${'a'.repeat(31)}-`),
  ])('refuses as malformed: %j', (text) => {
    expect(parseApiKey(text)).toEqual({ ok: false, error: { kind: 'malformed' } });
  });

  test('refuses a secret with any single character changed', () => {
    const key = mintApiKey((length) => Uint8Array.from({ length }, (_, index) => index * 7));
    const position = fc.integer({ min: 5, max: key.length - 1 });
    fc.assert(
      fc.property(position, fc.constantFrom(...BASE62.split('')), (index, character) => {
        fc.pre(key.charAt(index) !== character);
        const changed = key.slice(0, index) + character + key.slice(index + 1);
        expect(parseApiKey(changed)).toEqual({ ok: false, error: { kind: 'wrong_checksum' } });
      }),
    );
  });

  test('refuses a test key changed into a live one', () => {
    const key = withChecksum(`igsk_test_${'a'.repeat(32)}`);
    expect(parseApiKey(key.replace('test', 'live'))).toEqual({ ok: false, error: { kind: 'wrong_checksum' } });
  });
});

test('refuses a secret whose shard was changed', () => {
  const keys = [mintApiKey(undefined, 'live', 3), mintApiKey(undefined, 'test', 3)];
  for (const key of keys) {
    for (const other of ['s4_', 's33_', '']) {
      expect(parseApiKey(key.replace('s3_', other))).toEqual({ ok: false, error: { kind: 'wrong_checksum' } });
    }
  }
  const first = mintApiKey();
  expect(parseApiKey(first.replace('igsk_', 'igsk_s1_'))).toEqual({ ok: false, error: { kind: 'wrong_checksum' } });
});

describe('hashing and comparing', () => {
  test('hashes to SHA-256 in hex', () => {
    expect(hashApiKey('igsk_x')).toBe(createHash('sha256').update('igsk_x').digest('hex'));
  });

  test('only equal texts are equal', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(equalInConstantTime(a, b)).toBe(a === b);
        expect(equalInConstantTime(a, a)).toBe(true);
      }),
    );
  });

  test('compares every character, whatever the first ones are', () => {
    expect(equalInConstantTime('00ff', '10ff')).toBe(false);
    expect(equalInConstantTime('00ff', '00fe')).toBe(false);
    expect(equalInConstantTime('00ff', '00ff00')).toBe(false);
  });

  test("recognises the operator's keys, whatever their format", async () => {
    const hashes = [hashApiKey('first operator'), hashApiKey('second operator')];
    expect(isOperatorHash(hashApiKey('first operator'), hashes)).toBe(true);
    expect(isOperatorHash(hashApiKey('second operator'), hashes)).toBe(true);
    expect(isOperatorHash(hashApiKey('third'), hashes)).toBe(false);
    expect(isOperatorHash(hashApiKey('first operator'), [])).toBe(false);
  });
});
