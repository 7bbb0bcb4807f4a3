import fc from 'fast-check';
import { FAILING_ADDRESSES, GOOD_ADDRESSES, HOSTILE_ADDRESSES, SLOW_ADDRESSES } from './hostile-addresses.ts';
import type { Cast } from './hostile-actors.ts';
import { CALLER_MARK, HOSTILE_NUMBERS, HOSTILE_TEXTS } from './hostile-texts.ts';
import type { JsonSchema, Parameter } from './published-api.ts';

const SHORTCODE_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-'.split('');

/** A percent-encoded path segment: an existing id, or an attack with probability `wrongness`. */
export function idValue(cast: Cast, wrongness: number): fc.Arbitrary<string> {
  const known = fc.constantFrom(...cast.ids, ...cast.victims, ...cast.cursors);
  const madeUp = fc.constantFrom(
    'key_01JZ0000000000000000000001',
    'req_01JZ0000000000000000000000',
    'pay_01JZ0000000000000000000000',
    'acct_1',
    'key_x',
  );
  return weighted(
    [1 - wrongness, fc.oneof(known, madeUp)],
    [wrongness, fc.oneof(hostileText(), fc.constantFrom(...keysInPlace(cast)))],
  ).map((text) => encoded(text).slice(0, 6_000) || '%20');
}

/** Keys in places where no key belongs, which must not be returned or logged. */
export function keysInPlace(cast: Cast): string[] {
  return [cast.keys.customer, cast.keys.child].filter((key) => key !== null);
}

/** A parameter value: valid, nearly valid or an attack. A leading \u0001 marks a value that is already encoded. */
export function valueOf({ name, schema }: Parameter, cast: Cast, wrongness: number): fc.Arbitrary<string> {
  const hostile = fc.oneof(hostileText(), fc.constantFrom(...keysInPlace(cast)), encodingTrick());
  if (name === 'url') {
    const good = fc.constantFrom(...GOOD_ADDRESSES);
    const failing = fc.constantFrom(...FAILING_ADDRESSES);
    const unknown = fc.string({ unit: fc.constantFrom(...SHORTCODE_CHARACTERS), minLength: 5, maxLength: 11 });
    const slow = fc.constantFrom(...SLOW_ADDRESSES);
    const attack = fc.constantFrom(...HOSTILE_ADDRESSES);
    return weighted(
      [6 * (1 - wrongness), good],
      [1, failing],
      [0.5, unknown],
      [0.004, slow],
      [2 + 6 * wrongness, attack],
      [wrongness, hostile],
    );
  }
  if (/cursor/i.test(name)) {
    const known = fc.constantFrom(...cast.cursors);
    const tampered = fc.tuple(known, fc.nat(), fc.constantFrom('A', '-', '.', '=', '%')).map(([cursor, at, character]) => {
      const index = at % cursor.length;
      return `${cursor.slice(0, index)}${character}${cursor.slice(index + 1)}`;
    });
    return weighted([1 - wrongness, known], [1, tampered], [wrongness, hostile]);
  }
  if (/id$/i.test(name)) return weighted([1 - wrongness, fc.constantFrom(...cast.ids)], [wrongness, hostile]);
  return weighted([1 - wrongness, fitting(schema)], [wrongness, fc.oneof(beside(schema), hostile)]);
}

function fitting(schema: JsonSchema): fc.Arbitrary<string> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum.map(String));
  if (schema.type === 'integer') return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 1e9, 1e12) }).map(String);
  if (schema.format === 'date-time')
    return fc.constantFrom('2026-06-01T00:00:00Z', '2026-11-22T23:59:59.999+01:00', '2030-01-01T00:00:00Z', '1970-01-01T00:00:00Z');
  return fc.constantFrom('/v1/post', '/v1/reel', 'x', '*');
}

/** Just beyond a bound, in another case or of another type. */
function beside(schema: JsonSchema): fc.Arbitrary<string> {
  const near: string[] = [...HOSTILE_NUMBERS];
  if (schema.minimum !== undefined) near.push(String(schema.minimum - 1));
  if (schema.maximum !== undefined) near.push(String(schema.maximum + 1));
  if (schema.maxLength !== undefined) near.push('a'.repeat(schema.maxLength + 1));
  for (const value of schema.enum ?? [])
    near.push(String(value).toUpperCase(), `${String(value)} `, `${String(value)}\0`, `${String(value)},x`);
  if (schema.format === 'date-time')
    near.push('2026-02-30T00:00:00Z', '2026-06-01', '0000-00-00T00:00:00Z', '+275760-09-13T00:00:00.001Z', '9999-12-31T23:59:60Z');
  return fc.constantFrom(...near);
}

export function hostileText(): fc.Arbitrary<string> {
  return weighted(
    [5, fc.constantFrom(...HOSTILE_TEXTS)],
    [1, fc.string({ unit: 'binary', maxLength: 60 })],
    [1, fc.string({ unit: 'grapheme', maxLength: 40 })],
  );
}

/** Characters that a URL contains unencoded. */
function encodingTrick(): fc.Arbitrary<string> {
  return fc
    .constantFrom(
      '%zz',
      '%',
      '%1',
      '%00',
      '%ff%fe',
      '%c0%af',
      '%ed%a0%80',
      '%f5%80%80%80',
      '%25%32%35',
      '+',
      '%u0041',
      '%E2%80%AE',
      `%0d%0aX-Injected:%20${CALLER_MARK}`,
    )
    .map((text) => `\u0001${text}`);
}

/** Percent-encodes a text; a lone surrogate as its three bytes. */
export function encoded(text: string): string {
  return text.replaceAll(
    /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|[^A-Za-z0-9_.~\ud800-\udfff-]|[\ud800-\udbff][\udc00-\udfff]/g,
    (character) => (character.isWellFormed() ? encodeURIComponent(character) : '%ED%A0%80'),
  );
}

/** One of these, by weight. */
export function weighted<T>(...choices: readonly (readonly [number, fc.Arbitrary<T>])[]): fc.Arbitrary<T> {
  const possible = choices
    .map(([weight, arbitrary]) => ({ weight: Math.round(weight * 1_000), arbitrary }))
    .filter(({ weight }) => weight > 0);
  return fc.oneof(...possible);
}
