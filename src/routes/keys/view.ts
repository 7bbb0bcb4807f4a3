import { z } from '@hono/zod-openapi';
import type { KeyDetails } from '../../billing/keys/key-details.ts';
import { budgetResetsAt, KEY_SCOPES } from '../../billing/keys/limits.ts';
import { isoTime } from '../../core/clock.ts';
import { KeyView, keyView, operatorKeyView } from './basic-view.ts';

const time = z.iso.datetime().nullable();

/** A key with its limits. Signup shows the smaller KeyView, whose shape the API contract fixes. */
export const AccountKey = KeyView.extend({
  mode: z.enum(['live', 'test']).openapi({ description: 'Test keys read sandbox samples only and are never billed.' }),
  scopes: z
    .array(z.enum(KEY_SCOPES))
    .openapi({ description: 'What the key may do, as far as every key above it may too. `read` covers every read.' }),
  maxCostMicroCredits: z
    .int()
    .nonnegative()
    .nullable()
    .openapi({ description: 'The most that one call may cost; null for no ceiling of its own.' }),
  budget: z
    .object({
      microCredits: z.int().nonnegative(),
      period: z.enum(['day', 'month']).nullable().openapi({ description: 'When the budget starts anew, in UTC; null for never.' }),
      spentMicroCredits: z.int().openapi({ description: 'Spent or reserved in this period by the key and every key below it.' }),
      resetsAt: time,
    })
    .nullable(),
  expiresAt: time,
  parentId: z.string().nullable().openapi({ description: 'The key that created it, whose limits apply too; null for the root key.' }),
  lastUsedAt: time.openapi({ description: 'When a billed read last started with it. Free requests do not count.' }),
  last4: z.string().nullable(),
  revokedAt: time,
}).openapi('AccountKey');
export type AccountKey = z.infer<typeof AccountKey>;

/** `now` decides when the key's budget starts anew. Unix milliseconds. */
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

/** The operator key, which nothing limits. */
export const operatorAccountKey: AccountKey = {
  ...operatorKeyView,
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
