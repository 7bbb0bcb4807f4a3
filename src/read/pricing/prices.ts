import type { SettledLine } from '../../billing/ledger/ledger.ts';
import type { Price, PriceCard } from '../../billing/price-card.ts';
import { type MicroCredits, microCredits, ZERO } from '../../core/money.ts';
import type { CacheStatus } from '../cache/freshness.ts';

/**
 * The most that a fresh part costs: its price, or what the smallest call costs where no provider has a smaller one. Without that, a
 * deployment whose only provider costs more than the price could not ask it.
 */
export function freshPrice({ miss }: Price, { minimums }: PriceCard, providers: readonly string[]): MicroCredits {
  const calls = minimums.filter(({ provider }) => providers.includes(provider));
  if (calls.length === 0) return miss;
  return microCredits(Math.max(miss, Math.min(...calls.map((call) => call.callMicroCredits + call.unitMicroCredits))));
}

/** The price of an interpretation by the comments and replies that go into it: the smallest step of the card that covers them. */
export function sampledPrice({ items, prices }: PriceCard, count: number): Price {
  const steps = items.filter(({ item }) => item === 'comment_parse');
  const step = steps.find(({ upTo = 0 }) => count <= upTo);
  if (step === undefined) throw new RangeError('a sample is never larger than the largest step of the card');
  return prices[step.id];
}

/** The price of a batch by the share of it that was delivered, rounded down, and at most the whole. */
export function shareOf(price: MicroCredits, delivered: number, limit: number): MicroCredits {
  return microCredits(Math.floor((price * Math.min(delivered, limit)) / limit));
}

/** The final price of content that was delivered whole. */
export function deliveredLine(item: string, price: Price, status: CacheStatus): SettledLine & { readonly isFresh?: boolean } {
  const settled = price[status];
  switch (status) {
    case 'miss':
      return { item, settled, isFresh: true };
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
