import type { InStatement } from '@libsql/client/web';
import { END_OF_TIME } from '../../db/columns.ts';
import type { KeyPosition } from './key-manager.ts';
import { KEY_COLUMNS } from './rows.ts';

// Arguments travel as one JSON text, as in src/billing/ledger/statements.ts.

type Statement = Exclude<InStatement, string>;

const call = (sql: string, row: Readonly<Record<string, unknown>>): Statement => ({ sql, args: [JSON.stringify([row])] });

/**
 * Inserts a key { id, accountId, parentId, name, mode, scopes, ceiling, budget, period, expiresAt, hash, last4, now, most }, unless the
 * account already has `most` active keys or the parent's lineage has ended. A repeat changes nothing.
 */
export function insertKey(row: Readonly<Record<string, unknown>>): Statement {
  return call(
    `INSERT INTO api_key (id, account_id, parent_id, name, mode, scopes, ceiling_micros, budget_micros, budget_period, hash, last4, created_at, expires_at)
     SELECT j.value ->> 'id', j.value ->> 'accountId', j.value ->> 'parentId', j.value ->> 'name', j.value ->> 'mode', j.value -> 'scopes',
            j.value ->> 'ceiling', j.value ->> 'budget', j.value ->> 'period', unhex(j.value ->> 'hash'), j.value ->> 'last4',
            j.value ->> 'now', j.value ->> 'expiresAt'
       FROM json_each(?) j
      WHERE NOT EXISTS (SELECT 1 FROM api_key k WHERE k.id = j.value ->> 'id')
        AND (SELECT count(*) FROM api_key k
              WHERE k.account_id = j.value ->> 'accountId' AND k.revoked_at IS NULL
                AND (k.expires_at IS NULL OR k.expires_at > j.value ->> 'now')) < j.value ->> 'most'
        AND NOT EXISTS (
          SELECT 1 FROM api_key k CROSS JOIN json_each(k.lineage) l CROSS JOIN api_key p ON p.id = l.value
           WHERE k.id = j.value ->> 'parentId' AND (p.revoked_at IS NOT NULL OR p.expires_at <= j.value ->> 'now'))`,
    row,
  );
}

/**
 * Updates a key to { id, name, scopes, ceiling, budget, period }, and its end to `expiresAt` if that is earlier: of two concurrent changes
 * the earlier end stays.
 */
export function updateKey(row: Readonly<Record<string, unknown>>): Statement {
  return call(
    `UPDATE api_key
        SET name = j.value ->> 'name', scopes = j.value -> 'scopes', ceiling_micros = j.value ->> 'ceiling',
            budget_micros = j.value ->> 'budget', budget_period = j.value ->> 'period',
            expires_at = CASE WHEN j.value ->> 'expiresAt' IS NULL THEN expires_at
                              ELSE min(j.value ->> 'expiresAt', coalesce(expires_at, j.value ->> 'expiresAt')) END
       FROM json_each(?) j WHERE api_key.id = j.value ->> 'id'`,
    row,
  );
}

/** Inserts a secret { keyId, hash, last4, now, retiresAt }, and retires the key's other secrets that have no end yet. */
export function insertSecret(row: Readonly<Record<string, unknown>>): readonly Statement[] {
  return [
    call(
      `INSERT INTO key_secret (hash, key_id, last4, created_at)
       SELECT unhex(j.value ->> 'hash'), j.value ->> 'keyId', j.value ->> 'last4', j.value ->> 'now' FROM json_each(?) j
        WHERE NOT EXISTS (SELECT 1 FROM key_secret s WHERE s.hash = unhex(j.value ->> 'hash'))
          AND EXISTS (SELECT 1 FROM api_key k WHERE k.id = j.value ->> 'keyId' AND k.revoked_at IS NULL)`,
      row,
    ),
    call(
      `UPDATE key_secret SET retires_at = j.value ->> 'retiresAt' FROM json_each(?) j
        WHERE key_secret.key_id = j.value ->> 'keyId' AND key_secret.hash <> unhex(j.value ->> 'hash') AND key_secret.retires_at IS NULL`,
      row,
    ),
  ];
}

export function revokeKey(id: string, now: number): Statement {
  return call(
    `UPDATE api_key SET revoked_at = j.value ->> 'now' FROM json_each(?) j
      WHERE api_key.id = j.value ->> 'id' AND api_key.revoked_at IS NULL`,
    { id, now },
  );
}

/** A key with its lineage; no row if it doesn't exist. */
export function readKey(id: string, now: number): Statement {
  return {
    sql: `SELECT ${KEY_COLUMNS} FROM (SELECT CAST(? AS INTEGER) AS now) t CROSS JOIN api_key k WHERE k.id = ?`,
    args: [now, id],
  };
}

/** A page of an account's keys, or of `root` and its descendants: active before revoked, newest first. */
export function readAccountKeys(page: {
  readonly accountId: string;
  readonly root: string | null;
  readonly now: number;
  readonly after: KeyPosition | null;
  readonly limit: number;
}): Statement {
  const { accountId, root, now, after, limit } = page;
  const { isRevoked, createdAt, id } = after ?? { isRevoked: false, createdAt: END_OF_TIME, id: '' };
  // The page is selected from the index first, so that only its own keys are read and sorted again.
  return {
    sql: `SELECT ${KEY_COLUMNS}
            FROM (SELECT CAST(? AS INTEGER) AS now) t CROSS JOIN (
              SELECT l.id AS page_id FROM api_key l INDEXED BY api_key_listed
               WHERE l.account_id = ? AND ((l.revoked_at IS NULL), l.created_at, l.id) < (CAST(? AS INTEGER), CAST(? AS INTEGER), ?)
                 ${root === null ? '' : 'AND EXISTS (SELECT 1 FROM json_each(l.lineage) above WHERE above.value = ?)'}
               ORDER BY (l.revoked_at IS NULL) DESC, l.created_at DESC, l.id DESC LIMIT CAST(? AS INTEGER)) page
            CROSS JOIN api_key k ON k.id = page_id
           ORDER BY (k.revoked_at IS NULL) DESC, k.created_at DESC, k.id DESC`,
    args: [now, accountId, isRevoked ? 0 : 1, createdAt, id, ...(root === null ? [] : [root]), limit],
  };
}
