import type { SettledLine } from '../../billing/ledger/ledger.ts';
import type { Price } from '../../billing/price-card.ts';
import { type MicroCredits, microCredits, ZERO } from '../../core/money.ts';
import type { CacheStatus } from '../cache/freshness.ts';

/** The price of a batch by the share of it that was delivered, rounded down. */
export function shareOf(price: MicroCredits, delivered: number, limit: number): MicroCredits {
  return microCredits(Math.floor((price * Math.min(delivered, limit)) / limit));
}

/** The final price of content that was delivered whole. */
export function deliveredLine(item: string, price: Price, status: CacheStatus): SettledLine {
  const settled = price[status];
  switch (status) {
    case 'miss':
      return { item, settled };
    case 'hit':
      return { item, settled, reason: 'cached' };
    case 'stale':
      return { item, settled, reason: 'stale' };
  }
}

/** A line that is refunded whole. */
export function refundedLine(item: string, reason: string): SettledLine {
  return { item, settled: ZERO, reason };
}
