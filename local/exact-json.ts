declare global {
  // Supported by every Node that runs this, but missing from TypeScript's library.
  interface JSON {
    rawJSON(text: string): unknown;
    isRawJSON(value: unknown): value is { readonly rawJSON: string };
    parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
  }
}

/** An id to serialise as a JSON number with all its digits, even beyond 2^53. */
export function wholeNumber(digits: string): unknown {
  return JSON.rawJSON(digits);
}

/** Parses JSON so that serialising it again keeps integers beyond 2^53. Throws a SyntaxError. */
export function parseExactly(text: string): unknown {
  return JSON.parse(text, (_key, value, { source }) => (isTooLarge(value, source) ? JSON.rawJSON(source) : value));
}

/** Rewrites JSON with integers beyond 2^53 as text, like a vendor's `safe_int`. */
export function withSafeIntegers(text: string): string {
  return JSON.stringify(JSON.parse(text, (_key, value, { source }) => (isTooLarge(value, source) ? source : value)));
}

/** Returns an id as decimal text, however it was written; null for anything else. */
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
