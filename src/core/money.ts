declare const unit: unique symbol;

/** A whole number of micro-credits; 1,000,000 of them are US$1. The brand keeps other numbers out. */
export type MicroCredits = number & { readonly [unit]: 'MicroCredits' };

/** Micro-credits in one US dollar. */
export const MICRO_CREDITS_PER_USD = 1_000_000;

/**
 * The largest amount that one line or one entry may carry: a million dollars. The ledger's procedures refuse more
 * (migrations/0000_ledger.sql), and it stays far below 2^53, so that sums are exact.
 */
export const MAX_AMOUNT_MICRO_CREDITS = 1_000_000_000_000;

/** Brands an amount. Throws on anything but a whole number within ±MAX_AMOUNT_MICRO_CREDITS: a price or a row that isn't one is a bug. */
export function microCredits(amount: number): MicroCredits {
  if (!Number.isSafeInteger(amount) || Math.abs(amount) > MAX_AMOUNT_MICRO_CREDITS) {
    throw new RangeError('not an amount of micro-credits');
  }
  // safe because the line above proved that it is a whole number in range
  return amount as MicroCredits;
}

/** Nothing. */
export const ZERO = microCredits(0);

/** Adds amounts; throws when the sum leaves the range of one amount. */
export function sum(amounts: Iterable<MicroCredits>): MicroCredits {
  let total = 0;
  for (const amount of amounts) total += amount;
  return microCredits(total);
}

/** Takes `b` from `a`; the outcome may be negative. */
export function minus(a: MicroCredits, b: MicroCredits): MicroCredits {
  return microCredits(a - b);
}

/** For people: 1500000 → "$1.50", 3000 → "$0.003". At least two decimals, at most six, never rounded. */
export function formatUsd(amount: MicroCredits): string {
  const sign = amount < 0 ? '-' : '';
  const digits = String(Math.abs(amount)).padStart(7, '0');
  const cents = digits.slice(-6).replace(/0+$/, '').padEnd(2, '0');
  return `${sign}$${digits.slice(0, -6)}.${cents}`;
}
