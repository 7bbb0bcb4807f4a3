// The baseline's statements, as they were while a call travelled alone: see libsql-ledger.ts beside this file.
import type { InStatement } from '@libsql/client/web';
import { LINEAGE } from '../../src/billing/keys/rows.ts';

// Every statement of the ledger. Arguments of a procedure travel as one JSON text: numbers inside it reach SQL as integers, while a
// bare number argument would arrive as a float and be refused. json_each has one row here; a batch of many has many.

type Statement = Exclude<InStatement, string>;

/** A spend under an Idempotency-Key goes through only with that key's claim. */
const HAS_ITS_CLAIM = `(j.value ->> 'idempotencyKeyHash' IS NULL OR EXISTS (
                   SELECT 1 FROM key_secret s CROSS JOIN api_key k ON k.id = s.key_id CROSS JOIN replay r
                    WHERE s.hash = unhex(j.value ->> 'keyHash') AND r.scope = k.account_id AND r.key_digest = j.value ->> 'idempotencyKeyHash'
                      AND r.request_id = j.value ->> 'id'))`;

/** A target that keeps failing is not paid for while it is left alone. */
const IS_NOT_FAILING = `(j.value ->> 'target' IS NULL OR NOT EXISTS (
                   SELECT 1 FROM key_secret s CROSS JOIN failing f ON f.key_id = s.key_id AND f.target = j.value ->> 'target'
                    WHERE s.hash = unhex(j.value ->> 'keyHash') AND f.failures >= j.value ->> 'mostFailures'
                      AND f.last_at > j.value ->> 'failedAfter'))`;

/**
 * Calls `reserve` with { id, keyHash, fingerprint, lines, now, expiresAt, scope? }; with { idempotencyKeyHash } if this request has claimed it, with
 * { target, mostFailures, failedAfter } if that target has not failed too often.
 */
export function callReserve(row: Readonly<Record<string, unknown>>): Statement {
  return {
    sql: `INSERT INTO reserve (id, key_hash, idempotency_key, fingerprint, lines, now, expires_at, scope)
          SELECT j.value ->> 'id', j.value ->> 'keyHash', NULL, j.value ->> 'fingerprint', j.value -> 'lines', j.value ->> 'now',
                 j.value ->> 'expiresAt', j.value ->> 'scope'
            FROM json_each(?) j
           WHERE ${HAS_ITS_CLAIM} AND ${IS_NOT_FAILING}`,
    args: [JSON.stringify([row])],
  };
}

/** Calls `charge` with { id, keyHash, fingerprint, lines, body, now, scope? }; with { idempotencyKeyHash } if this request has claimed it. */
export function callCharge(row: Readonly<Record<string, unknown>>): Statement {
  return {
    sql: `INSERT INTO charge (id, key_hash, idempotency_key, fingerprint, lines, body, now, scope)
          SELECT j.value ->> 'id', j.value ->> 'keyHash', NULL, j.value ->> 'fingerprint', j.value -> 'lines', j.value -> 'body',
                 j.value ->> 'now', j.value ->> 'scope'
            FROM json_each(?) j
           WHERE ${HAS_ITS_CLAIM}`,
    args: [JSON.stringify([row])],
  };
}

/** Calls `settle` with { id, lines, body, now }. */
export function callSettle(row: Readonly<Record<string, unknown>>): Statement {
  return {
    sql: `INSERT INTO settle (id, lines, body, now)
          SELECT j.value ->> 'id', j.value -> 'lines', j.value -> 'body', j.value ->> 'now' FROM json_each(?) j`,
    args: [JSON.stringify([row])],
  };
}

/** Calls `release` with { id, reason, now }. */
export function callRelease(row: Readonly<Record<string, unknown>>): Statement {
  return {
    sql: `INSERT INTO release (id, reason, now)
          SELECT j.value ->> 'id', j.value ->> 'reason', j.value ->> 'now' FROM json_each(?) j`,
    args: [JSON.stringify([row])],
  };
}

/** One row for a known key: who pays, what is left, and the hold of this id if there is one. */
export function readSpend(id: string, keyHash: string, now: number): Statement {
  return {
    sql: `SELECT k.id AS key_id, s.retires_at, a.id AS account_id, a.status, a.posted_micros, a.held_micros, a.debt_micros, ${LINEAGE} AS lineage,
                 (SELECT json_object('account_id', h.account_id, 'key_id', h.key_id, 'fingerprint', h.fingerprint,
                                     'amount', h.amount_micros, 'settled', h.settled_micros, 'state', h.state)
                    FROM hold h WHERE h.id = ?) AS hold,
                 EXISTS (SELECT 1 FROM hold h WHERE h.account_id = a.id AND h.state = 'open' AND h.expires_at <= t.now)
                   AS holds_waiting_to_expire
            FROM (SELECT CAST(? AS INTEGER) AS now) t CROSS JOIN key_secret s CROSS JOIN api_key k ON k.id = s.key_id
                 CROSS JOIN account a ON a.id = k.account_id
           WHERE s.hash = unhex(?)`,
    args: [id, now, keyHash],
  };
}

/** One row for a known hold. */
export function readHold(id: string): Statement {
  return {
    sql: `SELECT h.amount_micros, h.settled_micros, h.state, a.posted_micros, a.held_micros, a.debt_micros
            FROM hold h CROSS JOIN account a ON a.id = h.account_id WHERE h.id = ?`,
    args: [id],
  };
}

/** The lines of a hold, in the order they were asked for. */
export function readLines(id: string): Statement {
  return {
    sql: `SELECT l.item, l.reserved_micros, l.settled_micros, l.reason
            FROM hold h CROSS JOIN json_each(h.lines) j CROSS JOIN line l ON l.hold_id = h.id AND l.item = j.value ->> 'item'
           WHERE h.id = ?`,
    args: [id],
  };
}
