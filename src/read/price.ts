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

/** What a read came to: its delivery, the upstream calls made for it, and whether the caller had the answer already. */
type Finished = { readonly delivery: Delivery; readonly calls: NonNullable<ReadTrace['attempts']>; readonly isKnown: boolean };

/**
 * What each held line came to: what was delivered, at the price of its origin or, of an answer that the caller has already, at the cached
 * price, and for a fresh part at least the list price of the upstream calls that this read made for it. Never more than was held.
 */
export function finalPrices(deps: ReadDeps, held: readonly PricedLine[], finished: Finished): readonly SettledLine[] {
  const { delivery, calls, isKnown } = finished;
  const final = new Map(
    delivery.parts.flatMap(({ part, ...input }) => part.finalPrices(deps, input).map((line) => [line.item, line] as const)),
  );
  const cached = isKnown ? cachedPrices(deps, delivery) : null;
  return held.map(({ item, amount }) => {
    const { isFresh = false, ...line } = final.get(item) ?? { item, settled: ZERO, reason: 'not_delivered' };
    if (!isFresh) return reasoned(line, amount);
    // A millionth of a US dollar is a micro-credit.
    const cost = calls.reduce((sum, call) => sum + (call.item === item ? call.estimatedCostMicros : 0), 0);
    const price = Math.min(line.settled, cached?.get(item) ?? line.settled);
    const settled = microCredits(Math.min(amount, Math.max(price, Math.ceil(cost))));
    const { reason = cached === null ? undefined : 'not_modified' } = line;
    return reasoned({ item, settled, ...(reason === undefined ? {} : { reason }) }, amount);
  });
}

/** A line has a reason where less was charged than held, and only there: a part that came at its cached price was held at that price. */
function reasoned({ item, settled, reason = 'lower_price' }: SettledLine, held: number): SettledLine {
  return settled === held ? { item, settled } : { item, settled, reason };
}

/** What each line would cost if what was delivered had come from the cache. */
function cachedPrices(deps: ReadDeps, { parts }: Delivery): ReadonlyMap<string, number> {
  return new Map(
    parts.flatMap(({ part, outcome, ...input }) =>
      part.priceLines(deps, { ...input, known: { hit: outcome } }).map(({ item, amount }) => [item, amount] as const),
    ),
  );
}
