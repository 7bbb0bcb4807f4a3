import type { PricedLine } from '../billing/ledger/ledger.ts';
import { type MicroCredits, microCredits, sum, ZERO } from '../core/money.ts';
import { ageSeconds } from './cache/freshness.ts';
import type { ReadDeps } from './model/deps.ts';
import type { Plan } from './plan.ts';
import { priceLines } from './price.ts';
import type { DryRun } from './response/quote.ts';

/** Prices a plan without carrying it out, and without asking who pays. `unlocated` is the same request with nothing in the cache. */
export function dryRun(
  deps: ReadDeps,
  { plan, unlocated, isLocated }: { readonly plan: Plan; readonly unlocated: Plan; readonly isLocated: boolean },
): Omit<DryRun, 'affordable' | 'available'> {
  const now = amounts(priceLines(deps, plan));
  const most = amounts(priceLines(deps, unlocated));
  const lines = [...new Set([...most.keys(), ...now.keys()])].map((item) => {
    const expected = now.get(item) ?? ZERO;
    return { item, maximum: microCredits(Math.max(most.get(item) ?? ZERO, expected)), expected };
  });
  const expected = sum(lines.map((line) => line.expected));
  return {
    maximum: sum(lines.map((line) => line.maximum)),
    expected,
    lines,
    cache: isLocated ? cacheOf(plan, deps.clock()) : { status: 'unknown', ageSeconds: null },
  };
}

function amounts(lines: readonly PricedLine[]): Map<string, MicroCredits> {
  return new Map(lines.map(({ item, amount }) => [item, amount]));
}

function cacheOf({ main: { part, known } }: Plan, now: number): DryRun['cache'] {
  const hit = known.hit === null ? null : (part.main?.(known.hit) ?? null);
  return hit === null ? { status: 'miss', ageSeconds: null } : { status: 'hit', ageSeconds: ageSeconds(hit, now) };
}
