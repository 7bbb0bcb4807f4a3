import { z } from '@hono/zod-openapi';
import type { KeyDetails } from '../../billing/keys/key-details.ts';
import { budgetResetsAt, KEY_SCOPES } from '../../billing/keys/limits.ts';
import { isoTime } from '../../core/clock.ts';
import { KeyView, keyView, ownerKeyView } from './basic-view.ts';

const time = z.iso.datetime().nullable();

/** A key with its limits, as /v1/me and /v1/keys show it. Signing up shows the smaller KeyView. */
export const AccountKey = KeyView.extend({
  mode: z.enum(['live', 'test']).openapi({ description: 'Test keys read samples only and are never billed.' }),
  scopes: z.array(z.enum(KEY_SCOPES)).openapi({ description: 'What it may do, as far as its parents may too.' }),
  maxCostMicroCredits: z.int().nonnegative().nullable().openapi({ description: 'The most one call may cost.' }),
  budget: z
    .object({
      microCredits: z.int().nonnegative(),
      period: z.enum(['day', 'month']).nullable().openapi({ description: 'In UTC; null for the whole life of the key.' }),
      spentMicroCredits: z.int().openapi({ description: 'Spent or set aside in this period, by the key and its children.' }),
      resetsAt: time,
    })
    .nullable(),
  expiresAt: time,
  parentId: z.string().nullable().openapi({ description: 'The key that minted it, whose limits hold for it as well.' }),
  lastUsedAt: time.openapi({ description: 'When a read that costs was last begun with it; what is free leaves no trace.' }),
  last4: z.string().nullable(),
  revokedAt: time,
}).openapi('AccountKey');
export type AccountKey = z.infer<typeof AccountKey>;

/** A customer's key in full. `now` (unix milliseconds) decides when its budget starts anew. */
export function accountKey(key: KeyDetails, now: number): AccountKey {
  const { limits } = key;
  const isoOrNull = (at: number | null) => (at === null ? null : isoTime(at));
  const budget = limits.budget;
  return {
    ...keyView(key),
    unbilled: limits.mode === 'test',
    mode: limits.mode,
    scopes: [...limits.scopes],
    maxCostMicroCredits: limits.ceiling,
    budget:
      budget === null
        ? null
        : {
            microCredits: budget.limit,
            period: budget.period,
            spentMicroCredits: budget.used,
            resetsAt: isoOrNull(budgetResetsAt(budget.period, now)),
          },
    expiresAt: isoOrNull(limits.expiresAt),
    parentId: key.parentId,
    lastUsedAt: isoOrNull(key.lastUsedAt),
    last4: key.last4,
    revokedAt: isoOrNull(limits.revokedAt),
  };
}

/** The owner's key in the same shape: nothing limits it. */
export const ownerAccountKey: AccountKey = {
  ...ownerKeyView,
  mode: 'live',
  scopes: ['read', 'billing', 'keys', 'account'],
  maxCostMicroCredits: null,
  budget: null,
  expiresAt: null,
  parentId: null,
  lastUsedAt: null,
  last4: null,
  revokedAt: null,
};

/** An invented key for the API description. */
export const accountKeyExample: AccountKey = {
  id: 'key_01JZ0000000000000000000001',
  accountId: 'acct_01JZ0000000000000000000000',
  name: 'caption helper',
  role: 'customer',
  unbilled: false,
  prefix: 'igsk_',
  createdAt: '2026-06-28T00:00:00.000Z',
  mode: 'live',
  scopes: ['read:post'],
  maxCostMicroCredits: 10_000,
  budget: { microCredits: 250_000, period: 'day', spentMicroCredits: 12_000, resetsAt: '2026-06-29T00:00:00.000Z' },
  expiresAt: '2026-07-28T00:00:00.000Z',
  parentId: 'key_01JZ0000000000000000000000',
  lastUsedAt: '2026-06-28T09:30:00.000Z',
  last4: 'q7Zc',
  revokedAt: null,
};
