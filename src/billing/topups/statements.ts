import type { InStatement, InValue } from '@libsql/client/web';
import { type Lane, MAX_OPEN_ORDERS } from './top-ups.ts';

// Rows travel as one JSON text, so that numbers arrive as integers; see src/billing/ledger/statements.ts.

type Statement = Exclude<InStatement, string>;
type Row = Readonly<Record<string, unknown>>;

const COLUMNS = `p.id, p.account_id, p.session_id, p.intent_id, p.currency, p.amount_minor, p.credits_micros, p.target_micros, p.rev,
                 p.created_at, p.updated_at, c.state, c.url, c.expires_at, c.claimed_by`;
const FROM = 'FROM payment p CROSS JOIN checkout c ON c.payment_id = p.id';

/** Deletes an idempotency key first used at `before` or earlier. */
export function deleteOldKey(accountId: string, idempotencyKey: string | null, before: number): Statement {
  return {
    sql: 'DELETE FROM checkout_key WHERE account_id = ? AND idempotency_key = ? AND created_at <= ?',
    args: [accountId, idempotencyKey, before],
  };
}

/** The unpaid orders of account `a` that can be paid, or whose session is being made: one whose session could not be made takes no place. */
const OPEN_ORDERS = `SELECT count(*) FROM (
                    SELECT 1 FROM checkout c
                     WHERE c.account_id = a.id AND c.state = 'open' AND c.expires_at > j.value ->> 'now'
                       AND (c.url IS NOT NULL OR c.claimed_until > j.value ->> 'now') LIMIT ${MAX_OPEN_ORDERS})`;

/**
 * Writes nothing if the row is limited and the account has its most unpaid orders.
 * { id, accountId, sessionId, currency, amountCents, credits, idempotencyKey, now, isLimited }
 */
export function insertPayment(row: Row): Statement {
  return {
    sql: `INSERT INTO payment (id, account_id, session_id, currency, amount_minor, credits_micros, created_at, updated_at)
          SELECT j.value ->> 'id', a.id, j.value ->> 'sessionId', j.value ->> 'currency', j.value ->> 'amountCents', j.value ->> 'credits',
                 j.value ->> 'now', j.value ->> 'now'
            FROM json_each(?) j CROSS JOIN account a ON a.id = j.value ->> 'accountId'
           WHERE NOT EXISTS (SELECT 1 FROM payment p WHERE p.id = j.value ->> 'id')
             AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.session_id = j.value ->> 'sessionId')
             AND NOT EXISTS (SELECT 1 FROM checkout_key k
                              WHERE k.account_id = a.id AND k.idempotency_key = j.value ->> 'idempotencyKey')
             AND (NOT j.value ->> 'isLimited' OR (${OPEN_ORDERS}) < ${MAX_OPEN_ORDERS})`,
    args: [JSON.stringify([row])],
  };
}

/** When the first of an account's unpaid orders can no longer be paid; no row where none is open. */
export function readFirstExpiry(accountId: string, now: number): Statement {
  return {
    sql: `SELECT c.expires_at FROM checkout c WHERE c.account_id = ? AND c.state = 'open' AND c.expires_at > ? AND c.url IS NOT NULL
           ORDER BY c.expires_at LIMIT 1`,
    args: [accountId, now],
  };
}

/** { id, expiresAt, claimedUntil, nextCheckAt } */
export function insertCheckout(row: Row): Statement {
  return {
    sql: `INSERT INTO checkout (payment_id, account_id, expires_at, claimed_by, claimed_until, next_check_at)
          SELECT p.id, p.account_id, j.value ->> 'expiresAt', p.id, j.value ->> 'claimedUntil', j.value ->> 'nextCheckAt'
            FROM json_each(?) j CROSS JOIN payment p ON p.id = j.value ->> 'id'
           WHERE NOT EXISTS (SELECT 1 FROM checkout c WHERE c.payment_id = p.id)`,
    args: [JSON.stringify([row])],
  };
}

/** { id, idempotencyKey, now } */
export function insertKey(row: Row): Statement {
  return {
    sql: `INSERT INTO checkout_key (account_id, idempotency_key, payment_id, created_at)
          SELECT p.account_id, j.value ->> 'idempotencyKey', p.id, j.value ->> 'now'
            FROM json_each(?) j CROSS JOIN payment p ON p.id = j.value ->> 'id'
           WHERE j.value ->> 'idempotencyKey' IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM checkout_key k WHERE k.account_id = p.account_id AND k.idempotency_key = j.value ->> 'idempotencyKey')`,
    args: [JSON.stringify([row])],
  };
}

/** Takes over creating the session from a request that has not finished in time. { id, accountId, idempotencyKey, now, claimedUntil } */
export function claim(row: Row): Statement {
  return {
    sql: `UPDATE checkout SET claimed_by = j.value ->> 'id', claimed_until = j.value ->> 'claimedUntil' FROM json_each(?) j
           WHERE payment_id = (SELECT k.payment_id FROM checkout_key k
                                WHERE k.account_id = j.value ->> 'accountId' AND k.idempotency_key = j.value ->> 'idempotencyKey')
             AND url IS NULL AND claimed_until <= j.value ->> 'now'`,
    args: [JSON.stringify([row])],
  };
}

export function readByKey(accountId: string, idempotencyKey: string): Statement {
  return {
    sql: `SELECT ${COLUMNS} FROM checkout_key k CROSS JOIN payment p ON p.id = k.payment_id CROSS JOIN checkout c ON c.payment_id = p.id
           WHERE k.account_id = ? AND k.idempotency_key = ?`,
    args: [accountId, idempotencyKey],
  };
}

export function readBy(column: 'id' | 'session_id' | 'intent_id', value: string): Statement {
  return { sql: `SELECT ${COLUMNS} ${FROM} WHERE p.${column} = ?`, args: [value] };
}

/** A page of an account's orders, newest first: ids sort by time. */
export function readPage(accountId: string, before: string | null, limit: number): Statement {
  return {
    sql: `SELECT ${COLUMNS} FROM checkout c CROSS JOIN payment p ON p.id = c.payment_id
           WHERE c.account_id = ? AND c.payment_id < ? ORDER BY c.payment_id DESC LIMIT ?`,
    // Sorts after every id.
    args: [accountId, before ?? 'pay_~', limit],
  };
}

/** { id, sessionId, now } */
export function attachSession(row: Row): Statement {
  return {
    sql: `UPDATE payment SET session_id = j.value ->> 'sessionId', updated_at = j.value ->> 'now' FROM json_each(?) j
           WHERE payment.id = j.value ->> 'id' AND session_id IS NULL`,
    args: [JSON.stringify([row])],
  };
}

/** { id, url, nextCheckAt } */
export function attachUrl(row: Row): Statement {
  return {
    sql: `UPDATE checkout SET url = j.value ->> 'url', next_check_at = j.value ->> 'nextCheckAt' FROM json_each(?) j
           WHERE payment_id = j.value ->> 'id' AND url IS NULL`,
    args: [JSON.stringify([row])],
  };
}

/** { id, now } */
export function giveUpClaim(row: Row): Statement {
  return {
    sql: `UPDATE checkout SET claimed_until = j.value ->> 'now' FROM json_each(?) j WHERE payment_id = j.value ->> 'id'`,
    args: [JSON.stringify([row])],
  };
}

// Both halves of an observation are written, or neither: they check the same condition in one transaction, and the half that changes it
// runs last.
const STILL_CURRENT = `p.rev = j.value ->> 'rev'
             AND a.posted_micros + (j.value ->> 'target') - p.target_micros <= 1000000000000
             AND a.posted_micros + (j.value ->> 'target') - p.target_micros - a.held_micros >= -1000000000000`;

/** { id, rev, target, state, nextCheckAt } */
export function applyState(row: Row): Statement {
  return {
    sql: `UPDATE checkout SET state = j.value ->> 'state', next_check_at = j.value ->> 'nextCheckAt', retry_at = NULL
            FROM json_each(?) j CROSS JOIN payment p ON p.id = j.value ->> 'id' CROSS JOIN account a ON a.id = p.account_id
           WHERE payment_id = j.value ->> 'id' AND ${STILL_CURRENT}`,
    args: [JSON.stringify([row])],
  };
}

/** { id, rev, target, sessionId, intentId, now } */
export function applyTarget(row: Row): Statement {
  return {
    sql: `UPDATE payment SET target_micros = j.value ->> 'target', rev = payment.rev + 1, updated_at = j.value ->> 'now',
                 session_id = coalesce(payment.session_id, j.value ->> 'sessionId'),
                 intent_id = coalesce(payment.intent_id, j.value ->> 'intentId')
            FROM json_each(?) j CROSS JOIN payment p ON p.id = j.value ->> 'id' CROSS JOIN account a ON a.id = p.account_id
           WHERE payment.id = j.value ->> 'id' AND ${STILL_CURRENT}`,
    args: [JSON.stringify([row])],
  };
}

/** Rows { id, nextCheckAt }. */
export function postpone(rows: readonly Row[]): Statement {
  return {
    sql: `UPDATE checkout SET next_check_at = j.value ->> 'nextCheckAt', retry_at = j.value ->> 'nextCheckAt'
            FROM json_each(?) j WHERE payment_id = j.value ->> 'id'`,
    args: [JSON.stringify(rows)],
  };
}

/** The orders of a lane, longest overdue first. */
function inLane(lane: Lane, now: number, limit: number): Statement {
  const isDue = 'c.next_check_at IS NOT NULL AND c.next_check_at <= ?';
  const select = (source: string) => `SELECT c.payment_id, c.next_check_at FROM ${source} ORDER BY c.next_check_at, c.payment_id LIMIT ?`;
  switch (lane.kind) {
    case 'unpaid':
      return { sql: select(`checkout c WHERE (c.state = 'open') = 1 AND ${isDue}`), args: [now, limit] };
    case 'other':
      return { sql: select(`checkout c WHERE (c.state = 'open') = 0 AND ${isDue}`), args: [now, limit] };
    case 'listed': {
      // Not only those that are due: there is something to see.
      const source = `json_each(?) s CROSS JOIN payment p ON p.session_id = s.value CROSS JOIN checkout c ON c.payment_id = p.id
                      WHERE c.state = 'open' AND coalesce(c.retry_at, 0) <= ?`;
      return { sql: select(source), args: [JSON.stringify(lane.sessionIds), now, limit] };
    }
  }
}

export function readDue(lane: Lane, now: number, limit: number): Statement {
  const { sql, args = [] } = inLane(lane, now, limit);
  return {
    sql: `SELECT d.payment_id AS id, coalesce(p.created_at, 0) AS created_at
            FROM (${sql}) d LEFT JOIN payment p ON p.id = d.payment_id ORDER BY d.next_check_at, d.payment_id`,
    args,
  };
}

/** Makes the orders that `readDue` reads due at another time. */
export function postponeDue(lane: Lane, { now, limit, nextCheckAt }: Readonly<Record<'now' | 'limit' | 'nextCheckAt', number>>): Statement {
  const { sql, args = [] } = inLane(lane, now, limit);
  return {
    sql: `UPDATE checkout SET next_check_at = ?, retry_at = ? WHERE payment_id IN (SELECT d.payment_id FROM (${sql}) d)`,
    // safe because the arguments of a lane are a list
    args: [nextCheckAt, nextCheckAt, ...(args as InValue[])],
  };
}

/** The sessions without an order. */
export function readWithoutOrder(sessionIds: readonly string[]): Statement {
  return {
    sql: `SELECT j.value AS session_id FROM json_each(?) j
           WHERE NOT EXISTS (SELECT 1 FROM payment p WHERE p.session_id = j.value)`,
    args: [JSON.stringify(sessionIds)],
  };
}

/** One row if the event has been processed. */
export function readEvent(id: string): Statement {
  return { sql: 'SELECT 1 AS done FROM stripe_event e WHERE e.id = ? AND e.done_at IS NOT NULL', args: [id] };
}

/** { id, type, objectId, now } */
export function insertEvent(row: Row): Statement {
  return {
    sql: `INSERT INTO stripe_event (id, type, object_id, received_at, done_at)
          SELECT j.value ->> 'id', j.value ->> 'type', j.value ->> 'objectId', j.value ->> 'now', j.value ->> 'now' FROM json_each(?) j
           WHERE NOT EXISTS (SELECT 1 FROM stripe_event e WHERE e.id = j.value ->> 'id')`,
    args: [JSON.stringify([row])],
  };
}
