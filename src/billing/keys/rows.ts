import { z } from 'zod';
import { microCredits } from '../../core/money.ts';
import { KEY_SCOPES, type KeyLimits } from './limits.ts';
import { idColumn } from '../../db/columns.ts';
import type { KeyDetails } from './key-details.ts';

/**
 * The lineage of key `k` as one JSON text, from the root to the key: CROSS JOIN keeps json_each outermost, and so its order. Usage is that
 * of the period that contains `t.now`; days and months are computed as in migrations/0002_keys.sql.
 */
export const LINEAGE = `(SELECT json_group_array(json_object(
    'id', p.id, 'mode', p.mode, 'scopes', json(p.scopes), 'ceiling', p.ceiling_micros, 'budget', p.budget_micros, 'period', p.budget_period,
    'used', CASE p.budget_period
      WHEN 'day' THEN CASE WHEN t.now / 86400000 > u.day THEN 0 ELSE u.day_micros END
      WHEN 'month' THEN CASE WHEN coalesce(strftime('%Y%m', t.now / 1000, 'unixepoch') + 0, 0) > u.month THEN 0 ELSE u.month_micros END
      ELSE u.total_micros END,
    'expiresAt', p.expires_at, 'revokedAt', p.revoked_at))
  FROM json_each(k.lineage) l CROSS JOIN api_key p ON p.id = l.value CROSS JOIN key_usage u ON u.key_id = p.id)`;

/** One key of the lineage. */
const LimitsRow = z
  .object({
    id: idColumn('key'),
    mode: z.enum(['live', 'test']),
    scopes: z.array(z.enum(KEY_SCOPES)),
    ceiling: z.int().nullable(),
    budget: z.int().nullable(),
    period: z.enum(['day', 'month']).nullable(),
    used: z.int(),
    expiresAt: z.int().nullable(),
    revokedAt: z.int().nullable(),
  })
  .transform(({ budget, period, used, ceiling, ...row }): KeyLimits => ({
    ...row,
    ceiling: ceiling === null ? null : microCredits(ceiling),
    budget: budget === null ? null : { limit: microCredits(budget), period, used: microCredits(used) },
  }));

/** The lineage of a key, from the root to the key itself. */
export const Lineage = z.tuple([LimitsRow], LimitsRow);

/** Parses a lineage column. */
export const lineageColumn = z
  .string()
  .transform((text): unknown => JSON.parse(text))
  .pipe(Lineage);

/** The columns of a key with its lineage. The query must provide the key as `k` and the time as the integer `t.now`. */
export const KEY_COLUMNS = `k.id AS keyId, k.account_id AS keyAccountId, k.name AS keyName, k.created_at AS keyCreatedAt, k.parent_id AS parentId,
  (SELECT n.last4 FROM key_secret n WHERE n.key_id = k.id ORDER BY n.created_at DESC, n.retires_at IS NULL DESC LIMIT 1) AS last4,
  (SELECT u.used_at FROM key_usage u WHERE u.key_id = k.id) AS lastUsedAt, ${LINEAGE} AS lineage`;

const keyColumns = {
  keyId: idColumn('key'),
  keyAccountId: idColumn('acct'),
  keyName: z.string(),
  keyCreatedAt: z.int(),
  parentId: idColumn('key').nullable(),
  last4: z.string(),
  lastUsedAt: z.int().nullable(),
  lineage: lineageColumn,
};

/** Parses KEY_COLUMNS. */
export const KeyRow = z.object(keyColumns);

export function keyOf(row: z.infer<typeof KeyRow>): KeyDetails {
  return {
    id: row.keyId,
    accountId: row.keyAccountId,
    name: row.keyName,
    last4: row.last4,
    createdAt: row.keyCreatedAt,
    parentId: row.parentId,
    lastUsedAt: row.lastUsedAt,
    lineage: row.lineage,
    limits: row.lineage.at(-1) ?? row.lineage[0],
  };
}
