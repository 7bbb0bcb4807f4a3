// The baseline's statements about remembered requests: see libsql-ledger.ts beside this file.
import type { InStatement } from '@libsql/client/web';

// The statements that remember requests. They travel in the same batch as the money they belong to. As in ledger-statements.ts the
// arguments are one JSON text, so that numbers arrive as integers.

type Statement = Exclude<InStatement, string>;

/** Whose memory: an account by its API key, or a scope by its name. */
export type Owner = { readonly keyHash: string } | { readonly scope: string };

/** Any secret of the key will do, as with what it pays for. */
const ACCOUNT_OF_KEY = `(SELECT k.account_id FROM key_secret s CROSS JOIN api_key k ON k.id = s.key_id
                         WHERE s.hash = unhex(j.value ->> 'keyHash'))`;

const SCOPE = `(SELECT CASE WHEN j.value ->> 'scope' IS NOT NULL THEN j.value ->> 'scope'
                  ELSE ${ACCOUNT_OF_KEY} END FROM json_each(?) j)`;

/** Takes away what this key left behind a day ago or more, and claims that nothing came of. */
export function forgetOver(owner: Owner, digest: string, now: number): Statement {
  return {
    sql: `DELETE FROM replay WHERE scope = ${SCOPE} AND key_digest = ? AND expires_at <= ?`,
    args: [JSON.stringify([owner]), digest, now],
  };
}

/** Claims { scope | keyHash, digest, fingerprint, requestId, now, expiresAt } unless somebody has. */
export function claimOnce(row: Readonly<Record<string, unknown>> & Owner): Statement {
  return {
    sql: `INSERT INTO replay (scope, key_digest, fingerprint, request_id, created_at, expires_at)
          SELECT s.scope, s.value ->> 'digest', s.value ->> 'fingerprint', s.value ->> 'requestId', s.value ->> 'now', s.value ->> 'expiresAt'
            FROM (SELECT j.value, CASE WHEN j.value ->> 'scope' IS NOT NULL THEN j.value ->> 'scope'
                    ELSE ${ACCOUNT_OF_KEY} END AS scope
                    FROM json_each(?) j) s
           WHERE s.scope IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM replay r WHERE r.scope = s.scope AND r.key_digest = s.value ->> 'digest')`,
    args: [JSON.stringify([row])],
  };
}

/** Gives up a claim of this request that no hold came of. */
export function dropEmptyClaim(owner: Owner, digest: string, requestId: string): Statement {
  return {
    sql: `DELETE FROM replay WHERE scope = ${SCOPE} AND key_digest = ? AND request_id = ? AND status IS NULL
             AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.id = replay.request_id)`,
    args: [JSON.stringify([owner]), digest, requestId],
  };
}

/** Gives up a claim of this request, unless its hold was settled after all. */
export function dropUnsettledClaim(owner: Owner, digest: string, requestId: string): Statement {
  return {
    sql: `DELETE FROM replay WHERE scope = ${SCOPE} AND key_digest = ? AND request_id = ? AND status IS NULL
             AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.id = replay.request_id AND h.state = 'settled')`,
    args: [JSON.stringify([owner]), digest, requestId],
  };
}

/**
 * Answers a claim with { status, sealed, expiresAt }. With `holdState` only if the request's hold has come to that state: an answer to a
 * settlement that did not happen is none.
 */
export function answerClaim(
  owner: Owner,
  digest: string,
  requestId: string,
  answer: { readonly status: number; readonly sealed: string | null; readonly expiresAt: number },
  holdState: 'settled' | 'released' | null,
): Statement {
  const settled = holdState === null ? '' : `AND EXISTS (SELECT 1 FROM hold h WHERE h.id = replay.request_id AND h.state = '${holdState}')`;
  return {
    sql: `UPDATE replay
             SET (status, answer, expires_at) = (SELECT a.value ->> 'status', a.value ->> 'sealed', a.value ->> 'expiresAt' FROM json_each(?) a),
                 balance_micros = (SELECT a.posted_micros - a.held_micros FROM account a WHERE a.id = replay.scope)
           WHERE scope = ${SCOPE} AND key_digest = ? AND request_id = ? AND status IS NULL ${settled}`,
    args: [JSON.stringify([answer]), JSON.stringify([owner]), digest, requestId],
  };
}

/** No row, or what is remembered of this key. */
export function readReplay(owner: Owner, digest: string): Statement {
  return {
    sql: `SELECT r.fingerprint, r.request_id, r.status, r.answer, r.balance_micros, r.expires_at
            FROM replay r WHERE r.scope = ${SCOPE} AND r.key_digest = ?`,
    args: [JSON.stringify([owner]), digest],
  };
}

/** No row, or how often this key failed on this target. */
export function readFailing(keyHash: string, target: string): Statement {
  return {
    sql: `SELECT f.failures, f.code, f.last_at FROM key_secret s CROSS JOIN failing f ON f.key_id = s.key_id AND f.target = ?
           WHERE s.hash = unhex(?)`,
    args: [target, keyHash],
  };
}

/** Counts a failure { id, target, code, now } of a released hold's key; the last one counts no more after `windowMs`. */
export function countFailure(row: Readonly<Record<string, unknown>>, windowMs: number): Statement {
  return {
    sql: `INSERT INTO failing (key_id, target, failures, code, last_at)
          SELECT h.key_id, j.value ->> 'target', 1, j.value ->> 'code', j.value ->> 'now'
            FROM json_each(?) j CROSS JOIN hold h ON h.id = j.value ->> 'id' AND h.state = 'released' AND h.resolved_at = j.value ->> 'now'
           WHERE true
          ON CONFLICT (key_id, target) DO UPDATE
             SET failures = CASE WHEN last_at > excluded.last_at - ${windowMs} THEN failures + 1 ELSE 1 END,
                 code = excluded.code, last_at = excluded.last_at`,
    args: [JSON.stringify([row])],
  };
}

/** A success ends the count. */
export function forgetFailing(requestId: string, target: string): Statement {
  return {
    sql: `DELETE FROM failing WHERE key_id = (SELECT h.key_id FROM hold h WHERE h.id = ? AND h.state = 'settled') AND target = ?`,
    args: [requestId, target],
  };
}
