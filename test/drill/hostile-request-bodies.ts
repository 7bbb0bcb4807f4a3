import fc from 'fast-check';
import type { Cast } from './hostile-actors.ts';
import { CALLER_MARK, CONTENT_TYPES, HOSTILE_BODIES, HOSTILE_TEXTS } from './hostile-texts.ts';
import type { JsonSchema } from './published-api.ts';

/** The bytes of a body, its content type, and how it is sent: at once, as a stream without a length, or as a stream that breaks off. */
export type RequestBody = {
  readonly bytes: Uint8Array;
  readonly headers: readonly (readonly [string, string])[];
  readonly arrives: 'whole' | 'streamed' | 'broken off';
};

/** The largest body, except for those that must be refused. */
const OVERSIZED_BYTES = 700_000;

/** A body for this schema: valid, nearly valid or invalid; `wrongness` (0 to 1) is the share of invalid parts. */
export function hostileBody(schema: JsonSchema, cast: Cast, wrongness: number): fc.Arbitrary<RequestBody> {
  const right = objectOf(schema, cast, 0).map((value) => JSON.stringify(value));
  const nearly = objectOf(schema, cast, 0.5).map((value) => JSON.stringify(value));
  const broken = fc.tuple(nearly, fc.constantFrom(...TEXT_TRICKS)).map(([text, trick]) => trick(text));
  const other = fc.oneof(fc.constantFrom(...HOSTILE_BODIES), fc.json({ maxDepth: 4 }), fc.json({ stringUnit: 'binary' }));
  const text = fc.oneof(
    { weight: Math.round((1 - wrongness) * 100), arbitrary: right },
    { weight: Math.round(wrongness * 60) + 1, arbitrary: nearly },
    { weight: Math.round(wrongness * 30) + 1, arbitrary: fc.oneof(broken, other) },
  );
  const types = fc.oneof(
    { weight: 20, arbitrary: fc.constant<readonly (readonly [string, string])[]>([['Content-Type', 'application/json']]) },
    {
      weight: Math.round(wrongness * 8) + 1,
      arbitrary: fc.constantFrom(...CONTENT_TYPES).map((type): [string, string][] => [['Content-Type', type]]),
    },
    { weight: 1, arbitrary: fc.constant([]) },
  );
  const bytes = fc.oneof(
    { weight: 40, arbitrary: text.map((text) => new TextEncoder().encode(text)) },
    { weight: Math.round(wrongness * 2), arbitrary: fc.uint8Array({ maxLength: 200 }) },
    { weight: Math.round(wrongness * 2), arbitrary: text.map(withInvalidUtf8) },
    {
      weight: wrongness > 0.5 ? 1 : 0,
      arbitrary: fc.constantFrom(16_383, 16_384, 16_385, OVERSIZED_BYTES).map((size) => new Uint8Array(size).fill(0x20)),
    },
  );
  return fc.record({ bytes, headers: types, arrives: arrival(wrongness) });
}

/** A body where none is expected: rarely, and of any kind. */
export function strayBody(): fc.Arbitrary<RequestBody | null> {
  const bytes = fc.oneof(
    fc.constantFrom(...HOSTILE_BODIES).map((text) => new TextEncoder().encode(text)),
    fc.constantFrom(16_385, OVERSIZED_BYTES).map((size) => new Uint8Array(size).fill(0x20)),
  );
  const body = fc.record({ bytes, headers: fc.constant([]), arrives: arrival(1) });
  return fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: body });
}

function arrival(wrongness: number): fc.Arbitrary<RequestBody['arrives']> {
  return fc.oneof(
    { weight: 88, arbitrary: fc.constant<RequestBody['arrives']>('whole') },
    { weight: 10, arbitrary: fc.constant<RequestBody['arrives']>('streamed') },
    { weight: wrongness > 0.5 ? 2 : 0, arbitrary: fc.constant<RequestBody['arrives']>('broken off') },
  );
}

type Json = unknown;

function objectOf(schema: JsonSchema, cast: Cast, wrongness: number): fc.Arbitrary<Record<string, Json>> {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const value = valueFor(name, field, cast, wrongness);
    const there = value.map((value): [string, Json][] => [[name, value]]);
    const missing = fc.constant<[string, Json][]>([]);
    const weightMissing = required.has(name) ? Math.round(wrongness * 20) : 50;
    return fc.oneof({ weight: 80, arbitrary: there }, { weight: weightMissing, arbitrary: missing });
  });
  const unknownField = fc.tuple(
    fc.constantFrom('__proto__', 'isOwner', 'accountId', 'parentId', 'role', 'microCredits ', 'balance', CALLER_MARK),
    anything(),
  );
  const extra = fc.oneof(
    { weight: 100 - Math.round(wrongness * 40), arbitrary: fc.constant<[string, Json][]>([]) },
    { weight: Math.round(wrongness * 40), arbitrary: unknownField.map((field): [string, Json][] => [field]) },
  );
  // Defined explicitly, so that "__proto__" becomes an own property.
  return fc.tuple(fc.tuple(...fields), extra).map(([known, extra]) => Object.fromEntries([...known.flat(), ...extra]));
}

function valueFor(name: string, schema: JsonSchema, cast: Cast, wrongness: number): fc.Arbitrary<Json> {
  const wrong = fc.oneof(anything(), beyond(schema));
  return fc.oneof(
    { weight: 100 - Math.round(wrongness * 60), arbitrary: rightFor(name, schema, cast, wrongness) },
    { weight: Math.round(wrongness * 60), arbitrary: wrong },
  );
}

function rightFor(name: string, schema: JsonSchema, cast: Cast, wrongness: number): fc.Arbitrary<Json> {
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? ['string']);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (name === 'accountId') return fc.constantFrom(...cast.victims);
  // Most callers have no Turnstile token and are refused; a valid one is accepted.
  if (name === 'turnstileToken') return fc.constantFrom('a-person', 'used-before', 'our-trouble', CALLER_MARK);
  if (name === 'ref') return fc.integer({ min: 0, max: 500 }).map((number) => `drill-${number}`);
  if (name === 'expiresAt') return fc.constantFrom(null, '2036-01-01T00:00:00.000Z', '2020-01-01T00:00:00.000Z');
  if (types.includes('array')) {
    return fc.array(rightFor('', schema.items ?? {}, cast, wrongness), {
      minLength: schema.minItems ?? 0,
      maxLength: Math.min(schema.maxItems ?? 3, 4),
    });
  }
  if (types.includes('object')) {
    const object = objectOf(schema, cast, wrongness);
    return types.includes('null') ? fc.oneof(object, fc.constant(null)) : object;
  }
  if (types.includes('integer')) {
    const whole = fc.integer({ min: Math.max(schema.minimum ?? 0, -1_000_000), max: Math.min(schema.maximum ?? 1_000_000, 1_000_000) });
    return fc.oneof(
      whole,
      whole.map((value) => value * 10_000),
      fc.constantFrom(schema.minimum ?? 0, schema.maximum ?? 1),
    );
  }
  return fc.constantFrom('helper', 'Team', 'Ärger & Söhne', '絵文字 👩‍👩‍👧', "O'Neil; DROP", 'a'.repeat(schema.maxLength ?? 20));
}

/** Values just beyond each bound, or of nearly the right type. */
function beyond(schema: JsonSchema): fc.Arbitrary<Json> {
  const values: Json[] = [1.5, -0, 1e21, Number.MAX_SAFE_INTEGER + 2, '1', true, [1], { value: 1 }];
  if (schema.minimum !== undefined) values.push(schema.minimum - 1);
  if (schema.maximum !== undefined) values.push(schema.maximum + 1);
  if (schema.maxLength !== undefined) values.push('a'.repeat(schema.maxLength + 1), ' '.repeat(schema.maxLength + 1));
  if (schema.maxItems !== undefined) values.push(Array.from({ length: schema.maxItems + 1 }, () => schema.items?.enum?.[0] ?? 'a'));
  for (const value of schema.enum ?? []) values.push(String(value).toUpperCase(), [value]);
  return fc.constantFrom(...values);
}

function anything(): fc.Arbitrary<Json> {
  return fc.oneof(
    fc.constantFrom<Json>(...HOSTILE_TEXTS, null, true, -1, 0, 1.5, 1e300, [], {}),
    fc.jsonValue({ maxDepth: 3 }),
    fc.string({ unit: 'binary', maxLength: 120 }),
  );
}

/** Ways to corrupt the text of a body. */
const TEXT_TRICKS: readonly ((text: string) => string)[] = [
  (text) => text.slice(0, -1),
  (text) => `${text}}`,
  (text) => `\ufeff${text}`,
  (text) => `${text}\0`,
  (text) => text.replace('{', '{"name":"first","microCredits":1,"reason":"first",'),
  (text) => text.replaceAll(/:(\d+)/g, ':$1e309'),
  (text) => text.replaceAll(/:(\d+)/g, ':-$1'),
  (text) => text.replaceAll(/:(\d+)/g, ':0$1'),
  (text) => text.replaceAll(/:(\d+)/g, ':$1.0000000000000001'),
  (text) => text.replaceAll('"', "'"),
  (text) => `[${text}]`,
  (text) => `${text}\n${text}`,
  (text) => `/* x */${text}`,
  (text) => text.replace('{', '{"__proto__":{"name":"x"},'),
  (text) => text.replaceAll('a', '\\u0061'),
  (text) => ' '.repeat(9_000) + text,
];

function withInvalidUtf8(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const at = Math.floor(bytes.length / 2);
  return Uint8Array.from([...bytes.slice(0, at), 0xc3, 0x28, 0xff, ...bytes.slice(at)]);
}
