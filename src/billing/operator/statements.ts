import type { InStatement } from '@libsql/client/web';

/** An action as its row is written; `details` is JSON. */
export type ActionRow = {
  readonly id: string;
  readonly kind: string;
  readonly ref: string;
  readonly subject: string;
  readonly reason: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
};

/** Writes an action down unless it is there already: a try whose answer was lost may have written it. `condition` must hold as well. */
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

/** No row, or what was booked under this fact. */
export function readEntry(kind: string, ref: string): InStatement {
  return { sql: 'SELECT account_id, delta_micros FROM entry WHERE kind = ? AND ref = ?', args: [kind, ref] };
}

/** Whether an action of this id is there. */
export function readAction(id: string): InStatement {
  return { sql: 'SELECT details FROM owner_action WHERE id = ?', args: [id] };
}

/** A hold and, where it was settled, its receipt. */
export function readRequest(id: string): InStatement {
  return {
    sql: `SELECT h.id, h.account_id, h.key_id, h.state, h.reason, h.amount_micros, h.settled_micros, h.created_at, h.expires_at,
                 h.resolved_at, r.body
            FROM hold h LEFT JOIN receipt r ON r.id = h.id WHERE h.id = ?`,
    args: [id],
  };
}

/** Actions, newest first. Ids sort by time. */
export function readActions(before: string | null, limit: number): InStatement {
  return {
    sql: `SELECT id, kind, ref, subject, reason, details, created_at FROM owner_action WHERE id < ? ORDER BY id DESC LIMIT ${limit}`,
    args: [before ?? '\u{10FFFF}'],
  };
}
