import { describe, expect, test } from 'vitest';
import {
  allows,
  budgetResetsAt,
  KEY_SCOPES,
  type KeyLimits,
  missingRoom,
  roomOf,
  type WantedLimits,
  widerThan,
} from '../../../../src/billing/keys/limits.ts';
import { microCredits, ZERO } from '../../../../src/core/money.ts';

const open: KeyLimits = {
  id: 'key_1',
  mode: 'live',
  scopes: ['read', 'billing', 'keys', 'account'],
  ceiling: null,
  budget: null,
  expiresAt: null,
  revokedAt: null,
};
const wanted: WantedLimits = { mode: 'live', scopes: [], ceiling: null, budget: null, expiresAt: null };
const budget = (limit: number, period: 'day' | 'month' | null, used = 0) => ({
  limit: microCredits(limit),
  period,
  used: microCredits(used),
});

describe('a scope', () => {
  test('is covered by itself or by the part before its colon, and by nothing else', () => {
    const allowed = KEY_SCOPES.flatMap((given) => KEY_SCOPES.filter((asked) => allows([given], asked)).map((asked) => `${given} ${asked}`));
    const own = KEY_SCOPES.map((scope) => `${scope} ${scope}`);
    expect(allowed.sort()).toEqual([...own, 'read read:comments', 'read read:post', 'read read:reel'].sort());
  });
});

describe('a budget', () => {
  test.each([
    ['day', '2028-02-28T23:59:59.999Z', '2028-02-29T00:00:00.000Z'],
    ['day', '2026-12-31T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    ['month', '2026-12-31T23:59:59.999Z', '2027-01-01T00:00:00.000Z'],
    ['month', '2026-01-31T12:00:00.000Z', '2026-02-01T00:00:00.000Z'],
  ] as const)('for each %s, used at %s, resets at %s', (period, now, next) => {
    expect(budgetResetsAt(period, Date.parse(now))).toBe(Date.parse(next));
  });

  test('without a period never resets', () => {
    expect(budgetResetsAt(null, 0)).toBeNull();
  });

  test('of every key in the lineage allows spending up to its limit and not beyond', () => {
    const lineage = [{ ...open, budget: budget(10, null, 4) }, open];
    expect(missingRoom(lineage, microCredits(6), 0)).toBeNull();
    expect(missingRoom(lineage, microCredits(7), 0)).toEqual({
      kind: 'key_budget_exceeded',
      required: 7,
      budget: 10,
      spent: 4,
      resetsAt: null,
    });
  });

  test('or ceiling of zero allows nothing', () => {
    expect(missingRoom([{ ...open, budget: { limit: ZERO, period: 'day', used: ZERO } }], microCredits(1), 0)).not.toBeNull();
    expect(missingRoom([{ ...open, ceiling: ZERO }], microCredits(1), 0)).toEqual({ kind: 'above_key_ceiling', required: 1, ceiling: 0 });
  });
});

test('the room of a lineage is the least of the balance, its ceilings and what is left of its budgets', () => {
  const available = microCredits(100);
  expect(roomOf([open, open], available)).toBe(100);
  expect(
    roomOf(
      [
        { ...open, ceiling: microCredits(90) },
        { ...open, ceiling: microCredits(80) },
      ],
      available,
    ),
  ).toBe(80);
  expect(
    roomOf(
      [
        { ...open, budget: budget(75, 'day', 5) },
        { ...open, ceiling: microCredits(80) },
      ],
      available,
    ),
  ).toBe(70);
  expect(roomOf([{ ...open, budget: budget(75, 'day', 5) }], microCredits(-3))).toBe(-3);
  expect(roomOf([{ ...open, budget: budget(5, null, 8) }], available)).toBe(-3);
});

describe('a limit wider than a parent’s', () => {
  const parent: KeyLimits = { ...open, scopes: ['read:post'], ceiling: microCredits(5), budget: budget(9, 'day'), expiresAt: 100 };

  test.each([
    ['scopes', { scopes: ['read:post', 'read'] }],
    ['maxCostMicroCredits', { ceiling: microCredits(6) }],
    ['budget', { budget: { limit: microCredits(10), period: 'day' } }],
    ['expiresAt', { expiresAt: 101 }],
  ] as const)('is reported: %s', (limit, more) => {
    expect(widerThan([open, parent, open], { ...wanted, ...more })).toBe(limit);
  });

  test('is the mode of a live key below a test key', () => {
    expect(widerThan([{ ...open, mode: 'test' }], wanted)).toBe('mode');
  });

  test('is not reported when it equals the parent’s, or when the budget periods differ', () => {
    expect(
      widerThan([parent], {
        ...wanted,
        scopes: ['read:post'],
        ceiling: microCredits(5),
        budget: { limit: microCredits(9), period: 'day' },
        expiresAt: 100,
      }),
    ).toBeNull();
    expect(widerThan([parent], { ...wanted, budget: { limit: microCredits(10), period: 'month' } })).toBeNull();
  });
});
