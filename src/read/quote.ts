import type { PricedLine } from '../billing/ledger.ts';
import type { MicroCredits } from '../money.ts';
import { sum } from '../money.ts';

/** The prices of one part of a read, from the price card. */
export type PartPrice = { readonly fresh: MicroCredits; readonly cached: MicroCredits };

/** What a read may cost: one line for each part, at the price of the state the part is in. */
export type Quote = { readonly lines: readonly PricedLine[]; readonly maximum: MicroCredits };

/** Prices the media part: the cached price where a usable copy is there, else the fresh one. */
export function quoteMedia(price: PartPrice, state: 'fresh' | 'cached'): Quote {
  const lines: PricedLine[] = [{ item: 'media', amount: price[state] }];
  return { lines, maximum: sum(lines.map((line) => line.amount)) };
}
