import type { InStatement } from '@libsql/client/web';
import { DAY_MS } from '../../core/clock.ts';
import { type FilePlan, RETENTION_DAYS } from './archive.ts';

type Statement = Exclude<InStatement, string>;

/** Whether hold `h` lies within a file of its kind already: a request that came in late, which stays. */
const KIND = `CASE h.state WHEN 'settled' THEN 'settled' ELSE 'failed' END`;
const COVER = `(SELECT a.last_id FROM archive a WHERE a.kind = ${KIND} AND a.first_id <= h.id ORDER BY a.first_id DESC LIMIT 1)`;
const FENCE = `(SELECT a.first_id FROM archive a WHERE a.kind = ${KIND} AND a.first_id > h.id ORDER BY a.first_id LIMIT 1)`;

/** The next holds in the order of their ids, with what decides whether they leave. Open ones are passed over by the caller. */
export function readPage(after: string, limit: number): Statement {
  return {
    sql: `SELECT h.id, h.state, h.created_at, h.resolved_at, h.amount_micros, coalesce(h.settled_micros, 0) AS settled_micros,
                 ${FENCE} AS fence, coalesce(${COVER} >= h.id, 0) AS is_covered
            FROM hold h WHERE h.id > ? ORDER BY h.id LIMIT ?`,
    args: [after, limit],
  };
}

/** Everything about these holds, one row each. */
export function readRequests(ids: readonly string[]): Statement {
  return {
    sql: `SELECT json_object(
                   'id', h.id, 'accountId', h.account_id, 'keyId', h.key_id, 'fingerprint', h.fingerprint, 'state', h.state,
                   'reason', h.reason, 'reservedMicros', h.amount_micros, 'settledMicros', h.settled_micros,
                   'createdAt', h.created_at, 'expiresAt', h.expires_at, 'resolvedAt', h.resolved_at,
                   'lines', (SELECT json_group_array(json_object('item', l.item, 'reservedMicros', l.reserved_micros,
                                                                 'settledMicros', l.settled_micros, 'reason', l.reason))
                               FROM line l WHERE l.hold_id = h.id),
                   'receipt', json(r.body), 'reversedMicros', v.micros, 'reversedAt', v.created_at) AS request
            FROM json_each(?) j CROSS JOIN hold h ON h.id = j.value
                 LEFT JOIN receipt r ON r.id = h.id LEFT JOIN reversal v ON v.hold_id = h.id
           ORDER BY h.id`,
    args: [JSON.stringify(ids)],
  };
}

/** Records a file that has been written, once. */
export function insertArchive(file: string, { kind, day, ids, reserved, settled }: FilePlan, now: number): Statement {
  return {
    sql: `INSERT INTO archive (file, kind, day, first_id, last_id, holds, reserved_micros, settled_micros, created_at)
          SELECT ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM archive a WHERE a.file = ?)`,
    args: [file, kind, day, ids[0], ids.at(-1) ?? ids[0], ids.length, reserved, settled, now, file],
  };
}

/** The oldest file whose requests have not all left. */
export const readUnfinished: Statement = {
  sql: `SELECT file, kind, first_id, last_id, created_at FROM archive WHERE done_at IS NULL AND created_at > 0 ORDER BY created_at LIMIT 1`,
  args: [],
};

export type UnfinishedFile = {
  readonly file: string;
  readonly kind: 'settled' | 'failed';
  readonly first_id: string;
  readonly last_id: string;
  readonly created_at: number;
};

/** The ids of a file's requests that are still in the database. */
export function readRemaining({ kind, first_id, last_id, created_at }: UnfinishedFile, limit: number): Statement {
  const states = kind === 'settled' ? `h.state = 'settled'` : `(h.state = 'released' OR h.state = 'expired')`;
  return {
    sql: `SELECT h.id FROM hold h WHERE h.id >= ? AND h.id <= ? AND ${states} AND h.resolved_at <= ? ORDER BY h.id LIMIT ?`,
    args: [first_id, last_id, created_at - RETENTION_DAYS.failed * DAY_MS, limit],
  };
}

/** Moves these requests out. */
export function takeRequests(file: string, ids: readonly string[]): Statement {
  return { sql: 'INSERT INTO take (file, id) SELECT ?, j.value FROM json_each(?) j', args: [file, JSON.stringify(ids)] };
}

/** Closes a file; the guard refuses while one of its requests is left. */
export function finishArchive(file: string, now: number): Statement {
  return { sql: 'UPDATE archive SET done_at = ? WHERE file = ? AND done_at IS NULL', args: [now, file] };
}

/** Deletes a page of webhook events received before a time, oldest first. */
export function sweepEvents(before: number, page: number): Statement {
  return {
    sql: `DELETE FROM stripe_event WHERE id IN (SELECT e.id FROM stripe_event e WHERE e.received_at <= ? ORDER BY e.received_at LIMIT ?)`,
    args: [before, page],
  };
}

/** Deletes a page of checkout keys made before a time, oldest first. */
export function sweepCheckoutKeys(before: number, page: number): Statement {
  return {
    sql: `DELETE FROM checkout_key WHERE (account_id, idempotency_key) IN (
            SELECT c.account_id, c.idempotency_key FROM checkout_key c WHERE c.created_at <= ? ORDER BY c.created_at LIMIT ?)`,
    args: [before, page],
  };
}

/** The day of the newest file of a kind; no row if nothing was archived. */
export function readArchivedDay(kind: 'settled' | 'failed'): Statement {
  return { sql: 'SELECT day FROM archive WHERE kind = ? ORDER BY first_id DESC LIMIT 1', args: [kind] };
}
