import type { InStatement } from '@libsql/client/web';
import { END_OF_TIME } from '../../db/columns.ts';
import type { KeyPosition } from './key-manager.ts';
import { KEY_COLUMNS } from './rows.ts';

// Arguments travel as one JSON text, as in src/billing/ledger/statements.ts.

type Statement = Exclude<InStatement, string>;

const call = (sql: string, row: Readonly<Record<string, unknown>>): Statement => ({ sql, args: [JSON.stringify([row])] });

/** Bounds how many keys a runaway agent can create in one account, and how many rows the writer's turn reads to count them. */
const MAX_ACTIVE_KEYS = 100;

/** Whether the secret { by } may revoke keys at { now }: it is not retiring, and the lineage of its key is active. */
const MAY_REVOKE = `EXISTS (
          SELECT 1 FROM key_secret b CROSS JOIN api_key m ON m.id = b.key_id
           WHERE b.hash = unhex(j.value ->> 'by') AND b.retires_at IS NULL
             AND NOT EXISTS (
               SELECT 1 FROM json_each(m.lineage) l CROSS JOIN api_key p ON p.id = l.value
                WHERE p.revoked_at IS NOT NULL OR p.expires_at <= j.value ->> 'now'))`;

/** Whether it may create, change and rotate keys too: its account is active. */
const MAY_MANAGE = `${MAY_REVOKE} AND EXISTS (
          SELECT 1 FROM key_secret b CROSS JOIN api_key m ON m.id = b.key_id CROSS JOIN account a ON a.id = m.account_id
           WHERE b.hash = unhex(j.value ->> 'by') AND a.status = 'active')`;

/** One row { allowed }: 1 while the secret { by } may manage keys at { now }, else 0. */
export function readMayManage(row: Readonly<Record<string, unknown>>): Statement {
  return call(`SELECT ${MAY_MANAGE} AS allowed FROM json_each(?) j`, row);
}

/** Bounds what one agent can take of the account's active keys with all keys below its own. The root key may use the rest. */
const MOST_BELOW = 50;

/**
 * Whether { parentId }, or a key above it other than the root, has MOST_BELOW active keys below it already. Counts no further than that, and
 * not below a key that has ended.
 */
const IS_FULL_BELOW = `EXISTS (
          SELECT 1 FROM api_key m CROSS JOIN json_each(m.lineage) a
           WHERE m.id = j.value ->> 'parentId' AND a.key > 0
             AND (WITH RECURSIVE below (id) AS (
                    SELECT a.value
                    UNION ALL
                    SELECT k.id FROM below CROSS JOIN api_key k INDEXED BY api_key_parent ON k.parent_id = below.id
                     WHERE k.revoked_at IS NULL AND coalesce(k.expires_at, ${END_OF_TIME}) > j.value ->> 'now'
                    LIMIT ${MOST_BELOW + 1})
                  SELECT count(*) FROM below) > ${MOST_BELOW})`;

/** One row { isFull }: 1 if too many keys are active below { parentId } at { now } for another one, else 0. */
export function readFullBelow(row: Readonly<Record<string, unknown>>): Statement {
  return call(`SELECT ${IS_FULL_BELOW} AS isFull FROM json_each(?) j`, row);
}

/**
 * Inserts a key { id, accountId, parentId, name, mode, scopes, ceiling, budget, period, expiresAt, hash, last4, by, now } below the
 * key of the secret `by`, unless that may no longer manage keys, the account already has MAX_ACTIVE_KEYS, or there are too many below the
 * parent or a key above it. A repeat changes nothing.
 */
export function insertKey(row: Readonly<Record<string, unknown>>): Statement {
  return call(
    `INSERT INTO api_key (id, account_id, parent_id, name, mode, scopes, ceiling_micros, budget_micros, budget_period, hash, last4, created_at, expires_at)
     SELECT j.value ->> 'id', j.value ->> 'accountId', j.value ->> 'parentId', j.value ->> 'name', j.value ->> 'mode', j.value -> 'scopes',
            j.value ->> 'ceiling', j.value ->> 'budget', j.value ->> 'period', unhex(j.value ->> 'hash'), j.value ->> 'last4',
            j.value ->> 'now', j.value ->> 'expiresAt'
       FROM json_each(?) j
      WHERE NOT EXISTS (SELECT 1 FROM api_key k WHERE k.id = j.value ->> 'id')
        AND (SELECT count(*) FROM (
               SELECT 1 FROM api_key k INDEXED BY api_key_active
                WHERE k.account_id = j.value ->> 'accountId' AND k.revoked_at IS NULL
                  AND coalesce(k.expires_at, ${END_OF_TIME}) > j.value ->> 'now' LIMIT ${MAX_ACTIVE_KEYS})) < ${MAX_ACTIVE_KEYS}
        AND NOT EXISTS (
          SELECT 1 FROM api_key k CROSS JOIN json_each(k.lineage) l CROSS JOIN api_key p ON p.id = l.value
           WHERE k.id = j.value ->> 'parentId' AND (p.revoked_at IS NOT NULL OR p.expires_at <= j.value ->> 'now'))
        AND NOT ${IS_FULL_BELOW}
        AND ${MAY_MANAGE}`,
    row,
  );
}

/**
 * Changes those of { name, scopes, ceiling, budget: { limit, period } } of the key `id` that the row has, if the secret `by` may manage keys
 * at `now`; of two changes at once to different properties both stay. Its end becomes `expiresAt` if that is earlier: of two the earlier
 * stays.
 */
export function updateKey(row: Readonly<Record<string, unknown>>): Statement {
  return call(
    `UPDATE api_key
        SET name = coalesce(j.value ->> 'name', api_key.name), scopes = coalesce(j.value -> 'scopes', api_key.scopes),
            ceiling_micros = CASE WHEN json_type(j.value, '$.ceiling') IS NULL THEN api_key.ceiling_micros ELSE j.value ->> 'ceiling' END,
            budget_micros = CASE WHEN json_type(j.value, '$.budget') IS NULL THEN api_key.budget_micros ELSE j.value ->> '$.budget.limit' END,
            budget_period = CASE WHEN json_type(j.value, '$.budget') IS NULL THEN api_key.budget_period ELSE j.value ->> '$.budget.period' END,
            expires_at = CASE WHEN j.value ->> 'expiresAt' IS NULL THEN api_key.expires_at
                              ELSE min(j.value ->> 'expiresAt', coalesce(api_key.expires_at, j.value ->> 'expiresAt')) END
       FROM json_each(?) j WHERE api_key.id = j.value ->> 'id' AND api_key.revoked_at IS NULL AND ${MAY_MANAGE}`,
    row,
  );
}

/** Bounds how many rows a rotation changes in the writer's turn. */
const MOST_SECRETS = 20;

/** Whether so many secrets of { keyId } still work that another one needs them all to end at once. */
const HAS_ROOM_FOR_A_SECRET = `(j.value ->> 'retiresAt' <= j.value ->> 'now' OR (
          SELECT count(*) FROM (
            SELECT 1 FROM key_secret o INDEXED BY key_secret_ends
             WHERE o.key_id = j.value ->> 'keyId' AND coalesce(o.retires_at, ${END_OF_TIME}) > j.value ->> 'now' LIMIT ${MOST_SECRETS})) < ${MOST_SECRETS})`;

/** One row { hasRoom }: 1 if { keyId } may have another secret at { now } beside those that retire at { retiresAt }, else 0. */
export function readHasRoom(row: Readonly<Record<string, unknown>>): Statement {
  return call(`SELECT ${HAS_ROOM_FOR_A_SECRET} AS hasRoom FROM json_each(?) j`, row);
}

/**
 * Inserts a secret { keyId, hash, last4, now } if the secret `by` may manage keys and not too many others would go on working, and lets
 * every older secret of the key end at `retiresAt` at the latest. A repeat changes nothing, also after another rotation: each secret is
 * newer than those before it, whatever the clocks say.
 */
export function insertSecret(row: Readonly<Record<string, unknown>>): readonly Statement[] {
  return [
    call(
      `INSERT INTO key_secret (hash, key_id, last4, created_at)
       SELECT unhex(j.value ->> 'hash'), j.value ->> 'keyId', j.value ->> 'last4',
              max(j.value ->> 'now', coalesce((SELECT max(o.created_at) + 1 FROM key_secret o WHERE o.key_id = j.value ->> 'keyId'), 0))
         FROM json_each(?) j
        WHERE NOT EXISTS (SELECT 1 FROM key_secret s WHERE s.hash = unhex(j.value ->> 'hash'))
          AND EXISTS (SELECT 1 FROM api_key k WHERE k.id = j.value ->> 'keyId' AND k.revoked_at IS NULL)
          AND ${HAS_ROOM_FOR_A_SECRET} AND ${MAY_MANAGE}`,
      row,
    ),
    call(
      `UPDATE key_secret SET retires_at = j.value ->> 'retiresAt' FROM json_each(?) j
        WHERE key_secret.key_id = j.value ->> 'keyId'
          AND +key_secret.created_at < (SELECT n.created_at FROM key_secret n WHERE n.hash = unhex(j.value ->> 'hash'))
          AND coalesce(key_secret.retires_at, ${END_OF_TIME}) > j.value ->> 'retiresAt'`,
      row,
    ),
  ];
}

/** The id of the key that a secret opens; no row if there is no such secret. */
export function readSecret(hash: string): Statement {
  return { sql: 'SELECT s.key_id FROM key_secret s WHERE s.hash = unhex(?)', args: [hash] };
}

/** More keys than an account can have active. */
const MOST_REVOKED = 1_000;

/**
 * Revokes a key and every key below it that has not expired at { id, now }, if the secret `by` may revoke keys; null: the operator revokes
 * them. Expired keys have ended by themselves, and are marked by endExpiredKeys.
 */
export function revokeKey(row: { readonly id: string; readonly now: number; readonly by: string | null }): Statement {
  const text = JSON.stringify([row]);
  return {
    sql: `UPDATE api_key SET revoked_at = j.value ->> 'now' FROM json_each(?) j
           WHERE api_key.id IN (
                   WITH RECURSIVE tree (id, now) AS (
                     SELECT r.value ->> 'id', r.value ->> 'now' FROM json_each(?) r
                     UNION ALL
                     SELECT k.id, tree.now
                       FROM tree CROSS JOIN api_key k INDEXED BY api_key_parent ON k.parent_id = tree.id
                      WHERE k.revoked_at IS NULL AND coalesce(k.expires_at, ${END_OF_TIME}) > tree.now
                      LIMIT ${MOST_REVOKED})
                   SELECT id FROM tree)
             AND api_key.revoked_at IS NULL AND (j.value ->> 'by' IS NULL OR ${MAY_REVOKE})`,
    args: [text, text],
  };
}

/**
 * Marks expired keys, and the keys below them, as revoked at the time at which they ended: of at most `page` keys those that have no
 * unmarked key below them. Repeated until it changes nothing, it marks all.
 */
export function endExpiredKeys(now: number, page: number): Statement {
  // Ordered by depth, so that however many keys there are, the walk reaches one that can be marked.
  return {
    sql: `UPDATE api_key
             SET revoked_at = (SELECT min(min(coalesce(p.revoked_at, ${END_OF_TIME}), coalesce(p.expires_at, ${END_OF_TIME})))
                                 FROM json_each(api_key.lineage) l CROSS JOIN api_key p ON p.id = l.value)
           WHERE id IN (
             WITH RECURSIVE
               expired (id) AS (
                 SELECT k.id FROM api_key k INDEXED BY api_key_expired
                  WHERE k.revoked_at IS NULL AND k.expires_at IS NOT NULL AND k.expires_at <= CAST(? AS INTEGER)
                  ORDER BY k.expires_at LIMIT CAST(? AS INTEGER)),
               ended (id, depth) AS (
                 SELECT id, 1 FROM expired
                 UNION
                 SELECT c.id, ended.depth + 1
                   FROM ended CROSS JOIN api_key c INDEXED BY api_key_parent ON c.parent_id = ended.id AND c.revoked_at IS NULL
                  ORDER BY 2 DESC LIMIT CAST(? AS INTEGER))
             SELECT ended.id FROM ended
              WHERE NOT EXISTS (SELECT 1 FROM api_key c INDEXED BY api_key_parent WHERE c.parent_id = ended.id AND c.revoked_at IS NULL))`,
    args: [now, page, page],
  };
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
