import type { PricedLine, SettledLine } from '../billing/ledger/ledger.ts';
import { ZERO } from '../core/money.ts';
import type { Delivery } from './deliver.ts';
import type { ReadDeps } from './model/deps.ts';
import type { Plan } from './plan.ts';

/**
 * The most a read may cost, line by line: a hit at its cached price, anything else at its fresh price. Parts that can only cost nothing
 * have no line.
 */
export function priceLines(deps: ReadDeps, plan: Plan): readonly PricedLine[] {
  return plan.parts.flatMap(({ part, ...input }) => part.priceLines(deps, input)).filter(({ amount }) => amount > 0);
}

/** What each held line came to: what was delivered, at the price of its origin. */
export function finalPrices(deps: ReadDeps, held: readonly PricedLine[], delivery: Delivery): readonly SettledLine[] {
  const final = new Map(
    delivery.parts.flatMap(({ part, ...input }) => part.finalPrices(deps, input).map((line) => [line.item, line] as const)),
  );
  return held.map(({ item }) => final.get(item) ?? { item, settled: ZERO, reason: 'not_delivered' });
}
