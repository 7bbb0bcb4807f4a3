export type Spread = { readonly median: number; readonly min: number; readonly max: number };

/** Returns the median; for an even number of values, the mean of the middle two. Throws without values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new RangeError('no values');
  return (lower + upper) / 2;
}

/** Returns median, minimum and maximum. Throws without values. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * Divides two series round by round, which cancels what affects both. Throws on different lengths. A round with a zero divisor is infinite.
 */
export function ratioOf(above: readonly number[], below: readonly number[]): Spread {
  if (above.length !== below.length) throw new RangeError('two series of different lengths');
  return spreadOf(above.map((value, round) => value / (below[round] ?? Number.NaN)));
}

/** Returns the value below which a share (0 to 1) of the values lies, by nearest rank. Null without values. */
export function percentile(values: Float64Array, share: number): number | null {
  const sorted = values.toSorted();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

/** Returns a seeded generator of numbers from 0 to 1 (mulberry32). */
export function seededNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Returns the items in an order determined by `random`. */
export function shuffled<T>(things: readonly T[], random: () => number): T[] {
  return things
    .map((thing) => ({ thing, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ thing }) => thing);
}
