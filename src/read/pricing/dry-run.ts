import type { PricedLine } from '../../billing/ledger/ledger.ts';
import { type MicroCredits, microCredits, sum, ZERO } from '../../core/money.ts';
import { ageSeconds } from '../cache/content-cache.ts';
import { type Plan, planUnlocated } from '../plan.ts';
import type { ReadDeps } from '../ports.ts';
import { quote, type Sellable } from './lines.ts';

/** What a read would cost, said without reading. Micro-credits. */
export type Quotation = {
  /** With nothing in the cache: the most it can cost whenever it is sent. */
  readonly maximum: MicroCredits;
  /** With what is in the cache now: what would be set aside. */
  readonly expected: MicroCredits;
  readonly lines: readonly { readonly item: string; readonly maximum: MicroCredits; readonly expected: MicroCredits }[];
  /** Of the main part; `unknown` for a share link that was not followed yet. */
  readonly cache: { readonly status: 'hit' | 'miss' | 'unknown'; readonly ageSeconds: number | null };
  /** Whether the balance covers what would be set aside now; true for the owner. */
  readonly affordable: boolean;
  /** Null for the owner. */
  readonly available: MicroCredits | null;
};

/** The quotation of a plan. `isLocated` is false while it isn't known which post a share link names. */
export function quotationOf(deps: ReadDeps, plan: Plan, isLocated: boolean, sellable: Sellable, available: MicroCredits | null): Quotation {
  const now = amounts(quote(deps.priceCard, plan, sellable));
  const most = amounts(quote(deps.priceCard, planUnlocated(plan.want), sellable));
  const lines = [...new Set([...most.keys(), ...now.keys()])].map((item) => {
    const expected = now.get(item) ?? ZERO;
    return { item, maximum: microCredits(Math.max(most.get(item) ?? ZERO, expected)), expected };
  });
  const expected = sum(lines.map((line) => line.expected));
  return {
    maximum: sum(lines.map((line) => line.maximum)),
    expected,
    lines,
    cache: cacheOf(plan, isLocated, deps.clock()),
    affordable: available === null || available >= expected,
    available,
  };
}

function amounts(lines: readonly PricedLine[]): Map<string, MicroCredits> {
  return new Map(lines.map(({ item, amount }) => [item, amount]));
}

function cacheOf(plan: Plan, isLocated: boolean, now: number): Quotation['cache'] {
  if (!isLocated) return { status: 'unknown', ageSeconds: null };
  const hit = plan.want.main === 'comments' ? plan.comments?.hit : plan.media?.hit;
  return hit == null ? { status: 'miss', ageSeconds: null } : { status: 'hit', ageSeconds: ageSeconds(hit, now) };
}
