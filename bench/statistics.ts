/** What several rounds came to: their middle, and how far they lay apart. */
export type Spread = { readonly median: number; readonly min: number; readonly max: number };

/** The middle of some values, and of an even number the mean of the two in the middle. Throws on none: there is nothing to tell. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new RangeError('no values');
  return (lower + upper) / 2;
}

/** Median, least and most of some values. Throws on none. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * One series over another, round by round: what a round did to both falls out. Throws when they differ in length. A round whose
 * divisor is zero, because nothing came of it, counts as infinite.
 */
export function ratioOf(above: readonly number[], below: readonly number[]): Spread {
  if (above.length !== below.length) throw new RangeError('two series of different lengths');
  return spreadOf(above.map((value, round) => value / (below[round] ?? Number.NaN)));
}

/** The value below which a share (0 to 1) of the values lies, by nearest rank. Null for no values. */
export function percentile(values: Float64Array, share: number): number | null {
  const sorted = values.toSorted();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
export function seededNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same things in an order that the numbers decide. */
export function shuffled<T>(things: readonly T[], random: () => number): T[] {
  return things
    .map((thing) => ({ thing, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ thing }) => thing);
}
