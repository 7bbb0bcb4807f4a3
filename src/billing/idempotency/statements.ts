import type { InStatement } from '@libsql/client/web';

// Claims and responses of requests that open no hold, under a scope: an account, or 'signup'. Paid reads have theirs in the procedures of
// migrations/0006_writer.sql. Written numbers travel inside a JSON text, so that they arrive as integers.

type Statement = Exclude<InStatement, string>;

/** Deletes an expired response or claim of this Idempotency-Key. */
export function forgetOver(scope: string, digest: string, now: number): Statement {
  return { sql: `DELETE FROM replay WHERE scope = ? AND key_digest = ? AND expires_at <= ?`, args: [scope, digest, now] };
}

/** Claims { scope, digest, fingerprint, requestId, now, expiresAt } unless another request has. */
export function claimOnce(row: Readonly<Record<string, unknown>>): Statement {
  return {
    sql: `INSERT INTO replay (scope, key_digest, fingerprint, request_id, created_at, expires_at)
          SELECT j.value ->> 'scope', j.value ->> 'digest', j.value ->> 'fingerprint', j.value ->> 'requestId', j.value ->> 'now',
                 j.value ->> 'expiresAt'
            FROM json_each(?) j
           WHERE NOT EXISTS (SELECT 1 FROM replay r WHERE r.scope = j.value ->> 'scope' AND r.key_digest = j.value ->> 'digest')`,
    args: [JSON.stringify([row])],
  };
}

export function dropClaim(scope: string, digest: string, requestId: string): Statement {
  return {
    sql: `DELETE FROM replay WHERE scope = ? AND key_digest = ? AND request_id = ? AND status IS NULL`,
    args: [scope, digest, requestId],
  };
}

/** Stores { status, sealed, expiresAt } under a claim. */
export function answerClaim(
  scope: string,
  digest: string,
  requestId: string,
  answer: { readonly status: number; readonly sealed: string | null; readonly expiresAt: number },
): Statement {
  return {
    sql: `UPDATE replay
             SET (status, answer, expires_at) = (SELECT a.value ->> 'status', a.value ->> 'sealed', a.value ->> 'expiresAt' FROM json_each(?) a),
                 balance_micros = (SELECT a.posted_micros - a.held_micros FROM account a WHERE a.id = replay.scope)
           WHERE scope = ? AND key_digest = ? AND request_id = ? AND status IS NULL`,
    args: [JSON.stringify([answer]), scope, digest, requestId],
  };
}

const REPLAY_COLUMNS = `r.fingerprint, r.request_id, r.status, r.answer, r.balance_micros, r.expires_at,
          (SELECT h.key_id FROM hold h WHERE h.id = r.request_id) AS key_id`;

export function readReplay(scope: string, digest: string): Statement {
  return { sql: `SELECT ${REPLAY_COLUMNS} FROM replay r WHERE r.scope = ? AND r.key_digest = ?`, args: [scope, digest] };
}

/** The same for the account of an API key, by any of the key's secrets. */
export function readReplayOfKey(keyHash: string, digest: string): Statement {
  return {
    sql: `SELECT ${REPLAY_COLUMNS}
            FROM key_secret s CROSS JOIN api_key k ON k.id = s.key_id CROSS JOIN replay r ON r.scope = k.account_id AND r.key_digest = ?
           WHERE s.hash = unhex(?)`,
    args: [digest, keyHash],
  };
}

/** Deletes a page of expired responses and claims, oldest first. */
export function sweepReplays(now: number, page: number): Statement {
  return {
    sql: `DELETE FROM replay WHERE rowid IN (SELECT r.rowid FROM replay r WHERE r.expires_at <= ? ORDER BY r.expires_at LIMIT ?)`,
    args: [now, page],
  };
}

export function sweepFailing(before: number, page: number): Statement {
  return {
    sql: `DELETE FROM failing WHERE (key_id, target) IN (
            SELECT f.key_id, f.target FROM failing f WHERE f.last_at <= ? ORDER BY f.last_at LIMIT ?)`,
    args: [before, page],
  };
}
