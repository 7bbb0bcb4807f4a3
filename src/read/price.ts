import type { PricedLine, SettledLine } from '../billing/ledger/ledger.ts';
import { microCredits, ZERO } from '../core/money.ts';
import type { Delivery } from './deliver.ts';
import type { ReadDeps } from './model/deps.ts';
import type { ReadTrace } from './model/trace.ts';
import type { Plan } from './plan.ts';

/**
 * The most a read may cost, line by line: a hit at its cached price, anything else at its fresh price. Parts that can only cost nothing
 * have no line.
 */
export function priceLines(deps: ReadDeps, plan: Plan): readonly PricedLine[] {
  return plan.parts.flatMap(({ part, ...input }) => part.priceLines(deps, input)).filter(({ amount }) => amount > 0);
}

/**
 * What each held line came to: what was delivered, at the price of its origin, and for a fresh part at least the list price of the upstream
 * calls that this read made for it. Never more than was held.
 */
export function finalPrices(
  deps: ReadDeps,
  held: readonly PricedLine[],
  { delivery, calls }: { readonly delivery: Delivery; readonly calls: NonNullable<ReadTrace['attempts']> },
): readonly SettledLine[] {
  const final = new Map(
    delivery.parts.flatMap(({ part, ...input }) => part.finalPrices(deps, input).map((line) => [line.item, line] as const)),
  );
  return held.map(({ item, amount }) => {
    const { isFresh = false, ...line } = final.get(item) ?? { item, settled: ZERO, reason: 'not_delivered' };
    if (!isFresh) return line;
    // A millionth of a US dollar is a micro-credit.
    const cost = calls.reduce((sum, call) => sum + (call.item === item ? call.estimatedCostMicros : 0), 0);
    return { ...line, settled: microCredits(Math.min(amount, Math.max(line.settled, Math.ceil(cost)))) };
  });
}
