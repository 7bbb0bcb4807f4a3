import type { Id } from '../../core/ids.ts';
import { type MicroCredits, minus } from '../../core/money.ts';

/** What a key may be allowed. `read` is every paid read; the others below it are one endpoint each. */
export const KEY_SCOPES = ['read', 'read:post', 'read:reel', 'read:comments', 'billing', 'keys', 'account'] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

/** What the first key of an account may do: everything. */
export const ALL_SCOPES = ['read', 'billing', 'keys', 'account'] as const satisfies readonly KeyScope[];

/** How often a budget starts anew, in UTC. Null: never. */
export type BudgetPeriod = 'day' | 'month' | null;

/** The most a key and its children may use in a period, and what they have used of it: settled, or set aside by open holds. */
export type KeyBudget = { readonly limit: MicroCredits; readonly period: BudgetPeriod; readonly used: MicroCredits };

/** One key of a lineage with its own limits. Times in unix milliseconds; null: not limited. */
export type KeyLimits = {
  readonly id: Id<'key'>;
  readonly mode: 'live' | 'test';
  readonly scopes: readonly KeyScope[];
  /** The most that one call may cost. */
  readonly ceiling: MicroCredits | null;
  readonly budget: KeyBudget | null;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
};

/** A key's lineage, from the root to the key itself. What the key may do is what all of them allow. */
export type Lineage = readonly KeyLimits[];

/** Why a lineage refuses a call that the account could pay. `resetsAt` in unix milliseconds, null for a budget that never starts anew. */
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

/** Whether a lineage has ended: some key of it was revoked, or is past its time. Null while all live. */
export function endOf(lineage: Lineage, now: number): { readonly kind: 'key_revoked' } | { readonly kind: 'key_expired' } | null {
  if (lineage.some((key) => key.revokedAt !== null)) return { kind: 'key_revoked' };
  if (lineage.some((key) => key.expiresAt !== null && key.expiresAt <= now)) return { kind: 'key_expired' };
  return null;
}

/** Whether these scopes allow a thing: by its own name, or by what stands before its colon. */
export function allows(scopes: readonly KeyScope[], scope: KeyScope): boolean {
  return scopes.some((given) => given === scope || scope.startsWith(`${given}:`));
}

/** The scope that a lineage lacks. */
export function missingScope(lineage: Lineage, scope: KeyScope): Extract<LimitRefusal, { kind: 'scope_missing' }> | null {
  return lineage.every((key) => allows(key.scopes, scope)) ? null : { kind: 'scope_missing', scope };
}

/** The first ceiling or budget of a lineage that a price of `required` does not fit; null where all have room. */
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

/** When a budget of this period starts anew: the next UTC midnight, or the first of the next month. Unix milliseconds. */
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

/** The limits a key is made with, or changed to. */
export type WantedLimits = {
  readonly mode: 'live' | 'test';
  readonly scopes: readonly KeyScope[];
  readonly ceiling: MicroCredits | null;
  readonly budget: { readonly limit: MicroCredits; readonly period: BudgetPeriod } | null;
  readonly expiresAt: number | null;
};

/**
 * The first limit in which a key would be given more than its parents have; null where it fits. A limit left out is no more: the
 * parents' own holds for it. Budgets of different periods can't be compared and are both enforced.
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
