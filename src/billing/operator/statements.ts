import type { InStatement } from '@libsql/client/web';

export type ActionRow = {
  readonly id: string;
  readonly kind: string;
  readonly ref: string;
  readonly subject: string;
  readonly reason: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
};

/** Records an action if `condition` holds and no earlier try, whose answer was lost, has recorded it. */
export function insertAction(row: ActionRow, condition = '1', args: readonly string[] = []): InStatement {
  return {
    sql: `INSERT INTO owner_action (id, kind, ref, subject, reason, details, created_at)
          SELECT j.value ->> 'id', j.value ->> 'kind', j.value ->> 'ref', j.value ->> 'subject', j.value ->> 'reason',
                 j.value -> 'details', j.value ->> 'createdAt'
            FROM json_each(?) j
           WHERE NOT EXISTS (SELECT 1 FROM owner_action o WHERE o.id = j.value ->> 'id')
             AND NOT EXISTS (SELECT 1 FROM owner_action o WHERE o.kind = j.value ->> 'kind' AND o.ref = j.value ->> 'ref') AND ${condition}`,
    args: [JSON.stringify([row]), ...args],
  };
}

/** The root keys of the account { accountId }. */
const ROOTS = `SELECT k.id FROM api_key k INDEXED BY api_key_account WHERE k.account_id = j.value ->> 'accountId' AND k.parent_id IS NULL`;

/** The newest root key that works at { now } and may manage keys. */
const WORKING_ROOT = `${ROOTS} AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > j.value ->> 'now')
                AND EXISTS (SELECT 1 FROM json_each(k.scopes) c WHERE c.value = 'keys') ORDER BY k.created_at DESC, k.id DESC LIMIT 1`;

/** Later than every secret of a root key, whatever the clocks say. */
const NEWEST = `max(j.value ->> 'now', coalesce((SELECT max(o.created_at) + 1 FROM key_secret o WHERE o.key_id IN (${ROOTS})), 0))`;

/**
 * Inserts a secret { accountId, hash, last4, now } of the account's working root key, or a root key { newKeyId } with that secret where
 * there is none, and ends the older secrets of its root keys. Changes nothing without such an account, or when repeated.
 */
export function insertRootSecret(row: Readonly<Record<string, string | number>>): readonly Exclude<InStatement, string>[] {
  const args = [JSON.stringify([row])];
  const isNew = `NOT EXISTS (SELECT 1 FROM key_secret s WHERE s.hash = unhex(j.value ->> 'hash'))`;
  return [
    {
      sql: `INSERT INTO key_secret (hash, key_id, last4, created_at)
            SELECT unhex(j.value ->> 'hash'), (${WORKING_ROOT}), j.value ->> 'last4', ${NEWEST}
              FROM json_each(?) j WHERE ${isNew} AND EXISTS (${WORKING_ROOT})`,
      args,
    },
    {
      sql: `INSERT INTO api_key (id, account_id, name, hash, last4, created_at)
            SELECT j.value ->> 'newKeyId', a.id, 'root key', unhex(j.value ->> 'hash'), j.value ->> 'last4', ${NEWEST}
              FROM json_each(?) j CROSS JOIN account a ON a.id = j.value ->> 'accountId' WHERE ${isNew}`,
      args,
    },
    {
      sql: `UPDATE key_secret SET retires_at = j.value ->> 'now' FROM json_each(?) j
             WHERE key_secret.key_id IN (${ROOTS})
               AND key_secret.created_at < (SELECT n.created_at FROM key_secret n WHERE n.hash = unhex(j.value ->> 'hash'))
               AND (key_secret.retires_at IS NULL OR key_secret.retires_at > j.value ->> 'now')`,
      args,
    },
  ];
}

/** The entry of this fact; no row if there is none. */
export function readEntry(kind: string, ref: string): InStatement {
  return { sql: 'SELECT account_id, delta_micros FROM entry WHERE kind = ? AND ref = ?', args: [kind, ref] };
}

export function readAction(id: string): InStatement {
  return { sql: 'SELECT details FROM owner_action WHERE id = ?', args: [id] };
}

/** A hold with its receipt, if it was settled. */
export function readRequest(id: string): InStatement {
  return {
    sql: `SELECT h.id, h.account_id, h.key_id, h.state, h.reason, h.amount_micros, h.settled_micros, h.created_at, h.expires_at,
                 h.resolved_at, v.micros AS reversed_micros, r.body
            FROM hold h LEFT JOIN receipt r ON r.id = h.id LEFT JOIN reversal v ON v.hold_id = h.id WHERE h.id = ?`,
    args: [id],
  };
}

/** Actions older than the id `before`, newest first: ids sort by time. */
export function readActions(before: string | null, limit: number): InStatement {
  return {
    sql: `SELECT id, kind, ref, subject, reason, details, created_at FROM owner_action WHERE id < ? ORDER BY id DESC LIMIT ${limit}`,
    args: [before ?? '\u{10FFFF}'],
  };
}
