declare const unit: unique symbol;

/** A whole number of micro-credits; 1,000,000 are US$1. The brand keeps other numbers out. */
export type MicroCredits = number & { readonly [unit]: 'MicroCredits' };

export const MICRO_CREDITS_PER_USD = 1_000_000;

/**
 * The largest amount of one line or entry, a million dollars. The database refuses more (migrations/0000_ledger.sql). Far below 2^53, so
 * that sums are exact.
 */
export const MAX_AMOUNT_MICRO_CREDITS = 1_000_000_000_000;

/** Brands an amount. Throws on anything but a whole number within ±MAX_AMOUNT_MICRO_CREDITS: an invalid price or row is a bug. */
export function microCredits(amount: number): MicroCredits {
  if (!Number.isSafeInteger(amount) || Math.abs(amount) > MAX_AMOUNT_MICRO_CREDITS) {
    throw new RangeError('not an amount of micro-credits');
  }
  return amount as MicroCredits;
}

export const ZERO = microCredits(0);

/** Throws when the sum exceeds the range of one amount. */
export function sum(amounts: Iterable<MicroCredits>): MicroCredits {
  let total = 0;
  for (const amount of amounts) total += amount;
  return microCredits(total);
}

/** The difference `a - b`, which may be negative. */
export function minus(a: MicroCredits, b: MicroCredits): MicroCredits {
  return microCredits(a - b);
}

/** Formats an amount for display: 1500000 → "$1.50", 3000 → "$0.003". Two to six decimals, never rounded. */
export function formatUsd(amount: MicroCredits): string {
  const sign = amount < 0 ? '-' : '';
  const digits = String(Math.abs(amount)).padStart(7, '0');
  const cents = digits.slice(-6).replace(/0+$/, '').padEnd(2, '0');
  return `${sign}$${digits.slice(0, -6)}.${cents}`;
}
