// Calls of the procedures that store responses and undo requests. Unlike the statements of the other lists these must not even raise,
// because that would cause the whole batch to be sent again.

const DIGEST = `'${'a'.repeat(64)}'`;
const claim = (changes: { hash?: string; digest?: string; print?: string; id?: string; now?: string; expires?: string } = {}) =>
  `INSERT INTO claim (key_hash, digest, fingerprint, request_id, now, expires_at)
   SELECT ${changes.hash ?? 'hex(k.hash)'}, ${changes.digest ?? DIGEST}, ${changes.print ?? `'f'`}, ${changes.id ?? `'req_x'`}, ${changes.now ?? '1'}, ${changes.expires ?? '2'}
     FROM api_key k`;

/** Runs for every claim, with the hash of a key of its own account, or of another. */
const ofReplays = (view: string, columns: string, values: string, where = '1', whose = '=') =>
  `INSERT INTO ${view} (key_hash, digest, request_id${columns}) SELECT hex(k.hash), r.key_digest, ${values}
     FROM replay r JOIN api_key k ON k.account_id ${whose} r.scope WHERE ${where}`;

const remember = (changes: { state?: string; status?: string; answer?: string; expires?: string; id?: string; where?: string } = {}) =>
  ofReplays(
    'remember',
    ', state, status, answer, expires_at',
    `${changes.id ?? 'r.request_id'}, ${changes.state ?? `h.state`}, ${changes.status ?? '200'}, ${changes.answer ?? `'forged'`}, ${changes.expires ?? '9000000000000'}`,
  ).replace('WHERE 1', `JOIN hold h ON h.id = r.request_id WHERE ${changes.where ?? '1'}`);

const ofHolds = (view: string, columns: string, values: string, where = '1') =>
  `INSERT INTO ${view} (id${columns}) SELECT h.id, ${values} FROM hold h WHERE ${where}`;

const UNANSWERED = 'r.status IS NULL';

/** Statements by name. */
export const HOSTILE_WRITER_CALLS: readonly (readonly [string, string])[] = [
  ['claim with an unknown key', claim({ hash: `'${'0'.repeat(64)}'` })],
  ['claim with a hash that is not hex', claim({ hash: `'zz'` })],
  ['claim with a null hash', claim({ hash: 'NULL' })],
  ['claim with half a digest, as a call', claim({ digest: `'abcd'` })],
  ['claim with a number as its digest', claim({ digest: '1' })],
  ['claim with bytes as its digest', claim({ digest: 'zeroblob(64)' })],
  ['claim without a digest', claim({ digest: 'NULL' })],
  ['claim for a null request', claim({ id: 'NULL' })],
  ['claim for an empty request id', claim({ id: `''` })],
  ['claim without a fingerprint', claim({ print: 'NULL' })],
  ['claim at a time as a text', claim({ now: `'1'` })],
  ['claim at a time as a fraction', claim({ now: '1.0' })],
  ['claim until a number beyond the integers', claim({ expires: '1e300' })],
  ['claim that ends when it begins', claim({ now: '2', expires: '2' })],
  [
    'claim of a key claimed by another request',
    `INSERT INTO claim (key_hash, digest, fingerprint, request_id, now, expires_at)
     SELECT hex(k.hash), r.key_digest, 'f', 'req_x', r.created_at, r.created_at + 1 FROM replay r JOIN api_key k ON k.account_id = r.scope`,
  ],
  ['unclaim a claim of another request', ofReplays('unclaim', '', `'req_x'`)],
  ['unclaim a claim of another account', ofReplays('unclaim', '', 'r.request_id', '1', '<>')],
  ['unclaim an open or answered request', ofReplays('unclaim', '', 'r.request_id')],
  ['unclaim nothing', `INSERT INTO unclaim (key_hash, digest, request_id) VALUES (NULL, NULL, NULL)`],
  ['answer an answered request', remember({ where: 'r.status IS NOT NULL' })],
  ['answer an open request', remember({ where: UNANSWERED })],
  ['answer an open request as settled', remember({ state: `'settled'`, where: UNANSWERED })],
  ['answer in an unknown state', remember({ state: 'NULL', where: UNANSWERED })],
  ['answer for another request', remember({ id: `'req_charged'`, state: `'settled'`, where: UNANSWERED })],
  [
    'answer for another account',
    ofReplays(
      'remember',
      ', state, status, answer, expires_at',
      `'req_charged', 'settled', 200, 'forged', 9000000000000`,
      UNANSWERED,
      '<>',
    ),
  ],
  ['answer with a 5xx status', remember({ status: '500', where: UNANSWERED })],
  ['answer with a status as a fraction', remember({ status: '200.0', where: UNANSWERED })],
  ['answer with bytes', remember({ answer: 'zeroblob(9)', where: UNANSWERED })],
  ['answer beyond the size limit', remember({ answer: 'hex(zeroblob(1000001))', where: UNANSWERED })],
  ['answer that expires before the claim', remember({ expires: '0', where: UNANSWERED })],
  ['count a failure of a finished request', ofHolds('fail', ', target, code, now, since', `'t', 'c', 1, 0`, `h.state <> 'open'`)],
  ['count a failure of an unknown request', `INSERT INTO fail (id, target, code, now, since) VALUES ('req_nobody', 't', 'c', 1, 0)`],
  ['count a failure of a null target', ofHolds('fail', ', target, code, now, since', `NULL, 'c', 1, 0`)],
  ['count a failure with bytes as its code', ofHolds('fail', ', target, code, now, since', `'t', zeroblob(3), 1, 0`)],
  ['count a failure at a time as a text', ofHolds('fail', ', target, code, now, since', `'t', 'c', '1', 0`)],
  ['count a failure since a fraction', ofHolds('fail', ', target, code, now, since', `'t', 'c', 1, 0.5`)],
  ['reset failures by a hold that is not settled', ofHolds('heal', ', target', `'a target'`, `h.state <> 'settled'`)],
  ['reset failures without a hold', `INSERT INTO heal (id, target) VALUES (NULL, NULL)`],
  ['undo without an id', `INSERT INTO undo (id, digest, now) VALUES (NULL, NULL, 1)`],
  ['undo an unknown request', `INSERT INTO undo (id, digest, now) VALUES ('req_nobody', NULL, 1)`],
  ['undo at a time as a text', ofHolds('undo', ', digest, now', `(SELECT r.key_digest FROM replay r WHERE r.request_id = h.id), '1'`)],
  ['undo at a time as a fraction', ofHolds('undo', ', digest, now', 'NULL, 1.5')],
  ['undo at a time beyond the integers', ofHolds('undo', ', digest, now', 'NULL, 1e300')],
  ['undo a released or expired hold', ofHolds('undo', ', digest, now', 'NULL, 1', `h.state IN ('released', 'expired')`)],
  [
    'undo an undone request',
    ofHolds(
      'undo',
      ', digest, now',
      'NULL, 1',
      `EXISTS (SELECT 1 FROM entry e WHERE e.kind = 'adjust' AND e.ref = 'undelivered:' || h.id)`,
    ),
  ],
  [
    'undo an answered request',
    `INSERT INTO undo (id, digest, now) SELECT r.request_id, r.key_digest, 1 FROM replay r WHERE r.answer IS NOT NULL`,
  ],
];
