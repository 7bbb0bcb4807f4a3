/** The escape of half a surrogate pair. Also found behind an escaped backslash, where it is none, because looking twice costs little. */
const HALF_PAIR = /\\\\u[dD][89a-fA-F]|\\u[dD][89abAB][\da-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][\da-fA-F]{2})\\u[dD][c-fC-F]/;

/** Joiners and variation selectors shape the letters and emoji beside them, so they stay where they have one to shape. */
const UNSEEN = [
  /(?!\u200c|\u200d|\ufe0e|\ufe0f)[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]/gu,
  /(?<!\p{Emoji})(?:\ufe0e|\ufe0f)/gu,
  /(?<![\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}])(?:\u200c|\u200d)/gu,
  /(?:\u200c|\u200d)(?![\p{L}\p{M}\p{Extended_Pictographic}])/gu,
] as const;

/** Whether a JSON text may hold half of a surrogate pair, which JavaScript keeps and other parsers refuse. */
export function mayHoldHalfPairs(json: string): boolean {
  return HALF_PAIR.test(json);
}

/** Replaces every half of a surrogate pair by U+FFFD. */
export function wellFormed(text: string): string {
  return text.toWellFormed();
}

/** Removes what no reader sees: invisible characters, which can carry hidden words, and controls that reorder the text around them. */
export function visible(text: string): string {
  return UNSEEN.reduce((rest, unseen) => rest.replace(unseen, ''), text);
}

/** Returns a JSON value with each of its texts changed, at any depth. Names of fields stay. */
export function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]: [string, unknown]) => [name, mapTexts(item, change)]));
}

/** JSON of answers has 2.75 to 2.9 characters a token and Markdown 3.2 (o200k), so that this is on the safe side. */
const CHARACTERS_A_TOKEN = 2.5;

/** Estimates how many tokens of a language model a text has, rather too many. Scripts other than Latin have up to one token a character. */
export function estimatedTokens(text: string): number {
  const others = text.match(/[^\u0020-\u007e\n]/g)?.length ?? 0;
  return Math.ceil((text.length - others) / CHARACTERS_A_TOKEN + others);
}
