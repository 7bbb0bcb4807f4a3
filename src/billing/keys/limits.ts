import type { Id } from '../../core/ids.ts';
import { type MicroCredits, minus } from '../../core/money.ts';

/** The scopes of keys. `read` covers every paid read, `read:…` one endpoint each. */
export const KEY_SCOPES = ['read', 'read:post', 'read:reel', 'read:comments', 'billing', 'keys', 'account'] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

/** The scopes of an account's first key. */
export const ALL_SCOPES = ['read', 'billing', 'keys', 'account'] as const satisfies readonly KeyScope[];

/** How often a budget resets, in UTC; null: never. */
export type BudgetPeriod = 'day' | 'month' | null;

/** The limit of a key and its descendants in a period, and what they have used: settled, or set aside by open holds. */
export type KeyBudget = { readonly limit: MicroCredits; readonly period: BudgetPeriod; readonly used: MicroCredits };

/** The own limits of one key in a lineage. Times are unix milliseconds; null: not limited. */
export type KeyLimits = {
  readonly id: Id<'key'>;
  readonly mode: 'live' | 'test';
  readonly scopes: readonly KeyScope[];
  /** The maximum cost of one call. */
  readonly ceiling: MicroCredits | null;
  readonly budget: KeyBudget | null;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
};

/** A key's lineage, from the root to the key itself. Every key of it must allow what the key does. */
export type Lineage = readonly KeyLimits[];

/** Why a lineage refuses a call that the account could pay. `resetsAt` is unix milliseconds, null for a budget that never resets. */
export type LimitRefusal =
  | { readonly kind: 'scope_missing'; readonly scope: KeyScope }
  | { readonly kind: 'above_key_ceiling'; readonly required: MicroCredits; readonly ceiling: MicroCredits }
  | {
      readonly kind: 'key_budget_exceeded';
      readonly required: MicroCredits;
      readonly budget: MicroCredits;
      readonly spent: MicroCredits;
      readonly resetsAt: number | null;
    };

/**
 * Why a lineage no longer works at `now` (unix milliseconds): what came first, one of its keys was revoked or it expired. Null while it
 * works. A key that has expired is later marked as revoked at that time (`endExpiredKeys`), which does not change the reason.
 */
export function endOf(lineage: Lineage, now: number): { readonly kind: 'key_revoked' } | { readonly kind: 'key_expired' } | null {
  const revokedAt = Math.min(...lineage.map((key) => key.revokedAt ?? Infinity));
  const expiresAt = Math.min(...lineage.map((key) => key.expiresAt ?? Infinity));
  if (expiresAt <= Math.min(now, revokedAt)) return { kind: 'key_expired' };
  return revokedAt === Infinity ? null : { kind: 'key_revoked' };
}

/** Whether these scopes include `scope`, by its full name or by the part before its colon. */
export function allows(scopes: readonly KeyScope[], scope: KeyScope): boolean {
  return scopes.some((given) => given === scope || scope.startsWith(`${given}:`));
}

/** Whether a key of the lineage is a test key: it reads samples, and moves no money. */
export function isTest(lineage: Lineage): boolean {
  return lineage.some((key) => key.mode === 'test');
}

/** Returns a refusal if some key of the lineage lacks the scope, else null. */
export function missingScope(lineage: Lineage, scope: KeyScope): Extract<LimitRefusal, { kind: 'scope_missing' }> | null {
  return lineage.every((key) => allows(key.scopes, scope)) ? null : { kind: 'scope_missing', scope };
}

/** Returns the first ceiling or budget of a lineage that `required` exceeds; null if none. `now` is unix milliseconds. */
export function missingRoom(lineage: Lineage, required: MicroCredits, now: number): LimitRefusal | null {
  const ceiling = smallest(lineage.map((key) => key.ceiling));
  if (ceiling !== null && required > ceiling) return { kind: 'above_key_ceiling', required, ceiling };
  for (const { budget } of lineage) {
    if (budget === null || budget.used + required <= budget.limit) continue;
    const { limit, used, period } = budget;
    return { kind: 'key_budget_exceeded', required, budget: limit, spent: used, resetsAt: budgetResetsAt(period, now) };
  }
  return null;
}

/** The most that one call may cost: the least of `available` and what the ceilings and budgets of a lineage leave. Negative in debt. */
export function roomOf(lineage: Lineage, available: MicroCredits): MicroCredits {
  const left = lineage.map(({ budget }) => (budget === null ? null : minus(budget.limit, budget.used)));
  return smallest([available, ...lineage.map((key) => key.ceiling), ...left]) ?? available;
}

/** Whether every ceiling and budget of a lineage has room for `required`. */
export function hasRoom(lineage: Lineage, required: MicroCredits): boolean {
  // The time decides only when a budget that refuses resets.
  return missingRoom(lineage, required, 0) === null;
}

/** Returns when the budget resets, in unix milliseconds: the next UTC midnight, or the first of the next month. */
export function budgetResetsAt(period: BudgetPeriod, now: number): number | null {
  const date = new Date(now);
  switch (period) {
    case 'day':
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 1);
    case 'month':
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
    case null:
      return null;
  }
}

/** The limits requested for a new or changed key. `expiresAt` is unix milliseconds. */
export type WantedLimits = {
  readonly mode: 'live' | 'test';
  readonly scopes: readonly KeyScope[];
  readonly ceiling: MicroCredits | null;
  readonly budget: { readonly limit: MicroCredits; readonly period: BudgetPeriod } | null;
  readonly expiresAt: number | null;
};

/**
 * Returns the first requested limit that exceeds the parents' limits; null if none does. A null limit never does, because the parents'
 * limits still apply. Budgets of different periods can't be compared; both are enforced.
 */
export function widerThan(
  parents: Lineage,
  wanted: WantedLimits,
): 'mode' | 'scopes' | 'maxCostMicroCredits' | 'budget' | 'expiresAt' | null {
  for (const parent of parents) {
    if (parent.mode === 'test' && wanted.mode !== 'test') return 'mode';
    if (!wanted.scopes.every((scope) => allows(parent.scopes, scope))) return 'scopes';
    if (parent.ceiling !== null && wanted.ceiling !== null && minus(wanted.ceiling, parent.ceiling) > 0) return 'maxCostMicroCredits';
    if (parent.expiresAt !== null && wanted.expiresAt !== null && wanted.expiresAt > parent.expiresAt) return 'expiresAt';
    if (parent.budget === null || wanted.budget === null || parent.budget.period !== wanted.budget.period) continue;
    if (wanted.budget.limit > parent.budget.limit) return 'budget';
  }
  return null;
}

function smallest(amounts: readonly (MicroCredits | null)[]): MicroCredits | null {
  return amounts.reduce((least, amount) => (amount !== null && (least === null || amount < least) ? amount : least), null);
}
