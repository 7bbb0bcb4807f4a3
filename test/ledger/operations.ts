import * as fc from 'fast-check';
import { HOSTILE_STATEMENTS } from './hostile.ts';

/** The lifetime of the model's holds, and the longest wait. */
export const TTL_MS = 1_000;

/** Chosen so that days and months begin during a run, and budgets reset. */
const DAY_MS = 86_400_000;

/** One operation. Its numbers select among existing things, so that a shrunk run stays valid. */
export type Operation =
  | { readonly do: 'sign up' }
  | {
      readonly do: 'mint';
      readonly key: number;
      readonly ceiling: number | null;
      readonly budget: { readonly limit: number; readonly period: 'day' | 'month' | null } | null;
    }
  | { readonly do: 'credit'; readonly account: number; readonly delta: number; readonly kind: 'grant' | 'adjust'; readonly ref: number }
  | { readonly do: 'reserve' | 'charge'; readonly key: number; readonly prices: readonly number[] }
  | { readonly do: 'repeat'; readonly hold: number; readonly as: 'reserve' | 'charge' }
  | { readonly do: 'settle'; readonly hold: number; readonly share: readonly number[] }
  | { readonly do: 'release'; readonly hold: number }
  | { readonly do: 'sweep'; readonly page: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'pay'; readonly account: number; readonly credits: number }
  | { readonly do: 'set target'; readonly payment: number; readonly share: number; readonly stale: boolean }
  | { readonly do: 'revoke key' | 'expire key'; readonly key: number }
  | { readonly do: 'freeze' | 'thaw'; readonly account: number }
  | { readonly do: 'attack'; readonly statement: number };

const pick = fc.nat({ max: 1_000 });
const prices = fc.array(fc.integer({ min: 0, max: 2_500 }), { minLength: 1, maxLength: 3 });
const share = fc.integer({ min: 0, max: 100 });
// Often exactly the lifetime of a hold, because clock bugs show at the boundary.
const wait = fc.oneof(fc.constantFrom(1, TTL_MS - 1, TTL_MS, DAY_MS, 20 * DAY_MS), fc.integer({ min: 0, max: TTL_MS }));

/** Any operation, mostly spends. */
export const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('sign up' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('mint' as const),
      key: pick,
      ceiling: fc.option(fc.integer({ min: 0, max: 4_000 })),
      budget: fc.option(
        fc.record({ limit: fc.integer({ min: 0, max: 6_000 }), period: fc.constantFrom('day' as const, 'month' as const, null) }),
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('credit' as const),
      account: pick,
      kind: fc.constantFrom('grant' as const, 'adjust' as const),
      delta: fc.integer({ min: -3_000, max: 6_000 }).filter((delta) => delta !== 0),
      ref: fc.nat({ max: 30 }),
    }),
  },
  { weight: 12, arbitrary: fc.record({ do: fc.constantFrom('reserve' as const, 'charge' as const), key: pick, prices }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('repeat' as const), hold: pick, as: fc.constantFrom('reserve' as const, 'charge' as const) }),
  },
  {
    weight: 9,
    arbitrary: fc.record({ do: fc.constant('settle' as const), hold: pick, share: fc.array(share, { minLength: 3, maxLength: 3 }) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('release' as const), hold: pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('sweep' as const), page: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: wait }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pay' as const), account: pick, credits: fc.integer({ min: 1, max: 9_000 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('set target' as const), payment: pick, share, stale: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('revoke key' as const, 'expire key' as const), key: pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('freeze' as const, 'thaw' as const), account: pick }) },
  { weight: 14, arbitrary: fc.record({ do: fc.constant('attack' as const), statement: fc.nat({ max: HOSTILE_STATEMENTS.length - 1 }) }) },
);
