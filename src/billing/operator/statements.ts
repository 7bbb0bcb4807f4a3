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
