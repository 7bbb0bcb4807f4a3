import type { InStatement } from '@libsql/client/web';
import { LINEAGE } from '../keys/rows.ts';

// Every statement of the ledger. The arguments of a procedure travel as one JSON text, because numbers inside it reach SQL as integers,
// while a bare number argument arrives as a float and is refused. json_each turns each element into a row, so that all waiting calls of a
// kind are one statement; SQLite executes it row by row, and each row sees the effects of those before it.

type Statement = Exclude<InStatement, string>;

/** A spend under an Idempotency-Key needs that key's claim. */
const HAS_ITS_CLAIM = `(j.value ->> 'idempotencyKeyHash' IS NULL OR EXISTS (
                   SELECT 1 FROM key_secret s CROSS JOIN api_key k ON k.id = s.key_id CROSS JOIN replay r
                    WHERE s.hash = unhex(j.value ->> 'keyHash') AND r.scope = k.account_id AND r.key_digest = j.value ->> 'idempotencyKeyHash'
                      AND r.request_id = j.value ->> 'id'))`;

/** A target that failed too often is not paid for until its cool-down is over. */
const IS_NOT_FAILING = `(j.value ->> 'target' IS NULL OR NOT EXISTS (
                   SELECT 1 FROM key_secret s CROSS JOIN failing f ON f.key_id = s.key_id AND f.target = j.value ->> 'target'
                    WHERE s.hash = unhex(j.value ->> 'keyHash') AND f.failures >= j.value ->> 'mostFailures'
                      AND f.last_at > j.value ->> 'failedAfter'))`;

/** One statement over the rows of a batch; `rows` is the JSON text of an array. */
function over(sql: string, rows: string): Statement {
  return { sql, args: [rows] };
}

/**
 * Calls `reserve` with rows { id, keyHash, fingerprint, lines, now, expiresAt, scope? }. A row with { idempotencyKeyHash } runs only if its request
 * has the claim, one with { target, mostFailures, failedAfter } only if the target has not failed too often.
 */
export function callReserve(rows: string): Statement {
  return over(
    `INSERT INTO reserve (id, key_hash, idempotency_key, fingerprint, lines, now, expires_at, scope)
     SELECT j.value ->> 'id', j.value ->> 'keyHash', NULL, j.value ->> 'fingerprint', j.value -> 'lines', j.value ->> 'now',
            j.value ->> 'expiresAt', j.value ->> 'scope'
       FROM json_each(?) j
      WHERE ${HAS_ITS_CLAIM} AND ${IS_NOT_FAILING}`,
    rows,
  );
}

/** Calls `charge` with rows { id, keyHash, fingerprint, lines, body, now, scope? }. A row with { idempotencyKeyHash } needs the claim. */
export function callCharge(rows: string): Statement {
  return over(
    `INSERT INTO charge (id, key_hash, idempotency_key, fingerprint, lines, body, now, scope)
     SELECT j.value ->> 'id', j.value ->> 'keyHash', NULL, j.value ->> 'fingerprint', j.value -> 'lines', j.value -> 'body',
            j.value ->> 'now', j.value ->> 'scope'
       FROM json_each(?) j
      WHERE ${HAS_ITS_CLAIM}`,
    rows,
  );
}

/** Calls `settle` with rows { id, lines, body, now }. */
export function callSettle(rows: string): Statement {
  return over(
    `INSERT INTO settle (id, lines, body, now)
     SELECT j.value ->> 'id', j.value -> 'lines', j.value -> 'body', j.value ->> 'now' FROM json_each(?) j`,
    rows,
  );
}

/** Calls `release` with rows { id, reason, now }. */
export function callRelease(rows: string): Statement {
  return over(
    `INSERT INTO release (id, reason, now)
     SELECT j.value ->> 'id', j.value ->> 'reason', j.value ->> 'now' FROM json_each(?) j`,
    rows,
  );
}

/** Calls `undo` with rows { id, digest?, now }. */
export function callUndo(rows: string): Statement {
  return over(
    `INSERT INTO undo (id, digest, now)
     SELECT j.value ->> 'id', j.value ->> 'digest', j.value ->> 'now' FROM json_each(?) j`,
    rows,
  );
}

/** Calls `claim` with rows { keyHash, digest, fingerprint, requestId, now, expiresAt }. */
export function callClaim(rows: string): Statement {
  return over(
    `INSERT INTO claim (key_hash, digest, fingerprint, request_id, now, expires_at)
     SELECT j.value ->> 'keyHash', j.value ->> 'digest', j.value ->> 'fingerprint', j.value ->> 'requestId', j.value ->> 'now',
            j.value ->> 'expiresAt'
       FROM json_each(?) j`,
    rows,
  );
}

/** Calls `unclaim` with rows { keyHash, digest, requestId }. */
export function callReleaseClaims(rows: string): Statement {
  return over(
    `INSERT INTO unclaim (key_hash, digest, request_id)
     SELECT j.value ->> 'keyHash', j.value ->> 'digest', j.value ->> 'requestId' FROM json_each(?) j`,
    rows,
  );
}

/** Calls `remember` with rows { keyHash, digest, requestId, state, status, sealed, expiresAt }. */
export function callStoreResponses(rows: string): Statement {
  return over(
    `INSERT INTO remember (key_hash, digest, request_id, state, status, answer, expires_at)
     SELECT j.value ->> 'keyHash', j.value ->> 'digest', j.value ->> 'requestId', j.value ->> 'state', j.value ->> 'status',
            j.value ->> 'sealed', j.value ->> 'expiresAt'
       FROM json_each(?) j`,
    rows,
  );
}

/** Calls `fail` with rows { id, target, code, now, since }. */
export function callRecordFailures(rows: string): Statement {
  return over(
    `INSERT INTO fail (id, target, code, now, since)
     SELECT j.value ->> 'id', j.value ->> 'target', j.value ->> 'code', j.value ->> 'now', j.value ->> 'since' FROM json_each(?) j`,
    rows,
  );
}

/** Calls `heal` with rows { id, target }. */
export function callResetFailures(rows: string): Statement {
  return over(`INSERT INTO heal (id, target) SELECT j.value ->> 'id', j.value ->> 'target' FROM json_each(?) j`, rows);
}

const LINES_OF_HOLD = `(SELECT json_group_array(json_object('item', l.item, 'reserved', l.reserved_micros, 'settled', l.settled_micros,
                                                            'reason', l.reason))
                          FROM json_each(h.lines) o CROSS JOIN line l ON l.hold_id = h.id AND l.item = o.value ->> 'item')`;

/** All rows as one JSON array of [n, found]: the client's cost is per row, hardly per byte. */
function inOneRow(sql: string): string {
  return `SELECT json_group_array(json_array(n, found || '')) AS found FROM (${sql})`;
}

/**
 * Reads the outcomes of spends { id, keyHash, now, idempotencyKeyHash?, target? }: for each known key the number of the row and, as JSON text, its
 * hold or everything that tells why there is none. Shows the state at the end of the batch.
 */
export function readSpends(rows: string): Statement {
  return over(
    inOneRow(`SELECT t.n, CASE WHEN h.id IS NOT NULL THEN json_object(
              'accountId', a.id, 'posted_micros', a.posted_micros, 'held_micros', a.held_micros, 'debt_micros', a.debt_micros,
              'hold', json_object('accountId', h.account_id, 'keyId', h.key_id, 'fingerprint', h.fingerprint, 'amount', h.amount_micros,
                                  'settled', h.settled_micros, 'state', h.state, 'lines', json(${LINES_OF_HOLD})))
            ELSE json_object(
              'accountId', a.id, 'posted_micros', a.posted_micros, 'held_micros', a.held_micros, 'debt_micros', a.debt_micros,
              'status', a.status, 'retires_at', s.retires_at, 'lineage', json(${LINEAGE}),
              'replay', (SELECT json_object('fingerprint', r.fingerprint, 'request_id', r.request_id, 'status', r.status, 'answer', r.answer,
                                            'balance_micros', r.balance_micros, 'expires_at', r.expires_at,
                                            'key_id', (SELECT p.key_id FROM hold p WHERE p.id = r.request_id))
                           FROM replay r WHERE r.scope = a.id AND r.key_digest = t.value ->> 'idempotencyKeyHash'),
              'failing', (SELECT json_object('failures', f.failures, 'code', f.code, 'last_at', f.last_at)
                            FROM failing f WHERE f.key_id = k.id AND f.target = t.value ->> 'target'),
              'holdsWaitingToExpire', EXISTS (
                 SELECT 1 FROM hold w WHERE w.account_id = a.id AND w.state = 'open' AND w.expires_at <= t.now)) END AS found
       FROM (SELECT j.key AS n, j.value, j.value ->> 'now' AS now FROM json_each(?) j) t
            CROSS JOIN key_secret s ON s.hash = unhex(t.value ->> 'keyHash') CROSS JOIN api_key k ON k.id = s.key_id
            CROSS JOIN account a ON a.id = k.account_id LEFT JOIN hold h ON h.id = t.value ->> 'id'`),
    rows,
  );
}

/** Reads the holds of these ids: the number of the row and, as JSON text, the hold, its lines and its account's sums. */
export function readHolds(ids: string): Statement {
  return over(
    inOneRow(`SELECT j.key AS n, json_object('amount', h.amount_micros, 'settled', h.settled_micros, 'state', h.state, 'lines', json(${LINES_OF_HOLD}),
                                    'posted_micros', a.posted_micros, 'held_micros', a.held_micros, 'debt_micros', a.debt_micros) AS found
       FROM json_each(?) j CROSS JOIN hold h ON h.id = j.value CROSS JOIN account a ON a.id = h.account_id`),
    ids,
  );
}

/** Calls `credit` with { accountId, kind, ref, delta, now }. */
export function callCredit(row: Readonly<Record<string, unknown>>): Statement {
  return {
    sql: `INSERT INTO credit (account_id, kind, ref, delta, now)
          SELECT j.value ->> 'accountId', j.value ->> 'kind', j.value ->> 'ref', j.value ->> 'delta', j.value ->> 'now'
            FROM json_each(?) j`,
    args: [JSON.stringify([row])],
  };
}

/** Calls `expire` with { now, page }. */
export function callExpire(row: Readonly<Record<string, unknown>>): Statement {
  return {
    sql: `INSERT INTO expire (now, page) SELECT j.value ->> 'now', j.value ->> 'page' FROM json_each(?) j`,
    args: [JSON.stringify([row])],
  };
}

/** One row for a known key: its account, balance, lineage and end. */
export function readPayer(keyHash: string, now: number): Statement {
  return {
    sql: `SELECT s.retires_at, a.id AS account_id, a.posted_micros, a.held_micros, a.debt_micros, ${LINEAGE} AS lineage
            FROM (SELECT CAST(? AS INTEGER) AS now) t CROSS JOIN key_secret s CROSS JOIN api_key k ON k.id = s.key_id
                 CROSS JOIN account a ON a.id = k.account_id
           WHERE s.hash = unhex(?)`,
    args: [now, keyHash],
  };
}

/** The lines of a hold, in the order of the request. */
export function readLines(id: string): Statement {
  return {
    sql: `SELECT l.item, l.reserved_micros, l.settled_micros, l.reason
            FROM hold h CROSS JOIN json_each(h.lines) j CROSS JOIN line l ON l.hold_id = h.id AND l.item = j.value ->> 'item'
           WHERE h.id = ?`,
    args: [id],
  };
}

/** When this fact was booked; no row if it wasn't. */
export function readEntryTime(kind: string, ref: string): Statement {
  return { sql: `SELECT e.created_at FROM entry e WHERE e.kind = ? AND e.ref = ?`, args: [kind, ref] };
}

/** The sums of an account; no row if it doesn't exist. */
export function readBalance(accountId: string): Statement {
  return { sql: `SELECT a.posted_micros, a.held_micros, a.debt_micros FROM account a WHERE a.id = ?`, args: [accountId] };
}

/** How many holds the next `expire` of this page expires. */
export function countExpiring(now: number, page: number): Statement {
  return {
    sql: `SELECT count(*) AS expiring FROM (
            SELECT 1 FROM hold h WHERE h.state = 'open' AND h.expires_at <= ? ORDER BY h.expires_at LIMIT ?)`,
    args: [now, page],
  };
}

export function readOverdue(now: number, limit: number): Statement {
  return { sql: "SELECT h.id FROM hold h WHERE h.state = 'open' AND h.expires_at <= ? ORDER BY h.expires_at LIMIT ?", args: [now, limit] };
}
