import type { InStatement } from '@libsql/client/web';

// The memory of requests that move no hold, under a scope: an account, or 'signup'. Paid reads have theirs in the procedures of
// migrations/0006_writer.sql. As in ledger-statements.ts, numbers that are written travel inside a JSON text.

type Statement = Exclude<InStatement, string>;

/** Takes away what this Idempotency-Key left behind a day ago or more, and claims that nothing came of. */
export function forgetOver(scope: string, digest: string, now: number): Statement {
  return { sql: `DELETE FROM replay WHERE scope = ? AND key_digest = ? AND expires_at <= ?`, args: [scope, digest, now] };
}

/** Claims { scope, digest, fingerprint, requestId, now, expiresAt } unless somebody has. */
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

/** Gives up a claim of this request. */
export function dropClaim(scope: string, digest: string, requestId: string): Statement {
  return {
    sql: `DELETE FROM replay WHERE scope = ? AND key_digest = ? AND request_id = ? AND status IS NULL`,
    args: [scope, digest, requestId],
  };
}

/** Answers a claim with { status, sealed, expiresAt }. */
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

const REPLAY_COLUMNS = 'r.fingerprint, r.request_id, r.status, r.answer, r.balance_micros, r.expires_at';

/** No row, or what is remembered under this scope and Idempotency-Key. */
export function readReplay(scope: string, digest: string): Statement {
  return { sql: `SELECT ${REPLAY_COLUMNS} FROM replay r WHERE r.scope = ? AND r.key_digest = ?`, args: [scope, digest] };
}

/** The same for the account of an API key. Any of the key's secrets will do, as with what it pays for. */
export function readReplayOfKey(keyHash: string, digest: string): Statement {
  return {
    sql: `SELECT ${REPLAY_COLUMNS}
            FROM key_secret s CROSS JOIN api_key k ON k.id = s.key_id CROSS JOIN replay r ON r.scope = k.account_id AND r.key_digest = ?
           WHERE s.hash = unhex(?)`,
    args: [digest, keyHash],
  };
}

/** Deletes a page of answers and claims whose time is over, oldest first. */
export function sweepReplays(now: number, page: number): Statement {
  return {
    sql: `DELETE FROM replay WHERE rowid IN (SELECT r.rowid FROM replay r WHERE r.expires_at <= ? ORDER BY r.expires_at LIMIT ?)`,
    args: [now, page],
  };
}

/** Deletes a page of failures that are too old to count. */
export function sweepFailing(before: number, page: number): Statement {
  return {
    sql: `DELETE FROM failing WHERE (key_id, target) IN (
            SELECT f.key_id, f.target FROM failing f WHERE f.last_at <= ? ORDER BY f.last_at LIMIT ?)`,
    args: [before, page],
  };
}
