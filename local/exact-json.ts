declare global {
  // In every Node that runs this, but not yet in the compiler's library.
  interface JSON {
    rawJSON(text: string): unknown;
    isRawJSON(value: unknown): value is { readonly rawJSON: string };
    parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
  }
}

/** An id that is to be written as a JSON number with all its digits, though it may exceed what a JavaScript number can hold. */
export function wholeNumber(digits: string): unknown {
  return JSON.rawJSON(digits);
}

/** Reads JSON so that writing it again gives the same numbers: whole ones beyond 2^53 stay what they were. Throws a SyntaxError. */
export function parseExactly(text: string): unknown {
  return JSON.parse(text, (_key, value, { source }) => (isTooLarge(value, source) ? JSON.rawJSON(source) : value));
}

/** The same JSON with whole numbers beyond 2^53 as text, which is what a vendor's `safe_int` asks for. */
export function withSafeIntegers(text: string): string {
  return JSON.stringify(JSON.parse(text, (_key, value, { source }) => (isTooLarge(value, source) ? source : value)));
}

/** An id as decimal text, whichever way it was written; null for anything else. */
export function idText(value: unknown): string | null {
  const text = JSON.isRawJSON(value) ? value.rawJSON : typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^(?:0|[1-9]\d{0,18})$/.test(text) ? text : null;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTooLarge(value: unknown, source: string | undefined): source is string {
  return typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source);
}
