// Calls of the procedures that keep the memory of requests and undo lost ones. Unlike the statements of the other lists these may not even
// raise: one that did would have the batch of all others sent again.

const DIGEST = `'${'a'.repeat(64)}'`;
const claim = (changes: { hash?: string; digest?: string; print?: string; id?: string; now?: string; expires?: string } = {}) =>
  `INSERT INTO claim (key_hash, digest, fingerprint, request_id, now, expires_at)
   SELECT ${changes.hash ?? 'hex(k.hash)'}, ${changes.digest ?? DIGEST}, ${changes.print ?? `'f'`}, ${changes.id ?? `'req_x'`}, ${changes.now ?? '1'}, ${changes.expires ?? '2'}
     FROM api_key k`;

/** For every claim there is, with the hash of a key of its own account, or of another. */
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

/** The name of each, and its SQL. */
export const HOSTILE_WRITER_CALLS: readonly (readonly [string, string])[] = [
  ['claim for nobody', claim({ hash: `'${'0'.repeat(64)}'` })],
  ['claim with a hash that is no hex', claim({ hash: `'zz'` })],
  ['claim with a null hash', claim({ hash: 'NULL' })],
  ['claim under half a digest by call', claim({ digest: `'abcd'` })],
  ['claim under a number', claim({ digest: '1' })],
  ['claim under bytes', claim({ digest: 'zeroblob(64)' })],
  ['claim under nothing', claim({ digest: 'NULL' })],
  ['claim for a null request', claim({ id: 'NULL' })],
  ['claim for a nameless request', claim({ id: `''` })],
  ['claim without a fingerprint', claim({ print: 'NULL' })],
  ['claim at a time as a text', claim({ now: `'1'` })],
  ['claim at a time as a fraction', claim({ now: '1.0' })],
  ['claim until a number beyond all integers', claim({ expires: '1e300' })],
  ['claim until before it began', claim({ now: '2', expires: '2' })],
  [
    'claim of what another request has claimed',
    `INSERT INTO claim (key_hash, digest, fingerprint, request_id, now, expires_at)
     SELECT hex(k.hash), r.key_digest, 'f', 'req_x', r.created_at, r.created_at + 1 FROM replay r JOIN api_key k ON k.account_id = r.scope`,
  ],
  ['unclaim what another request has claimed', ofReplays('unclaim', '', `'req_x'`)],
  ['unclaim what another account has claimed', ofReplays('unclaim', '', 'r.request_id', '1', '<>')],
  ['unclaim what is open or answered', ofReplays('unclaim', '', 'r.request_id')],
  ['unclaim nothing', `INSERT INTO unclaim (key_hash, digest, request_id) VALUES (NULL, NULL, NULL)`],
  ['answer what is answered', remember({ where: 'r.status IS NOT NULL' })],
  ['answer what is still open', remember({ where: UNANSWERED })],
  ['answer what is still open as settled', remember({ state: `'settled'`, where: UNANSWERED })],
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
  ['answer with a server failure', remember({ status: '500', where: UNANSWERED })],
  ['answer with a status as a fraction', remember({ status: '200.0', where: UNANSWERED })],
  ['answer with bytes', remember({ answer: 'zeroblob(9)', where: UNANSWERED })],
  ['answer without end', remember({ answer: 'hex(zeroblob(1000001))', where: UNANSWERED })],
  ['answer until before the claim', remember({ expires: '0', where: UNANSWERED })],
  ['count a failure of what is over', ofHolds('fail', ', target, code, now, since', `'t', 'c', 1, 0`, `h.state <> 'open'`)],
  ['count a failure of nothing', `INSERT INTO fail (id, target, code, now, since) VALUES ('req_nobody', 't', 'c', 1, 0)`],
  ['count a failure of a null target', ofHolds('fail', ', target, code, now, since', `NULL, 'c', 1, 0`)],
  ['count a failure with bytes as its code', ofHolds('fail', ', target, code, now, since', `'t', zeroblob(3), 1, 0`)],
  ['count a failure at a time as a text', ofHolds('fail', ', target, code, now, since', `'t', 'c', '1', 0`)],
  ['count a failure since a fraction', ofHolds('fail', ', target, code, now, since', `'t', 'c', 1, 0.5`)],
  ['heal by what is not settled', ofHolds('heal', ', target', `'a target'`, `h.state <> 'settled'`)],
  ['heal by nothing', `INSERT INTO heal (id, target) VALUES (NULL, NULL)`],
  ['undo nothing', `INSERT INTO undo (id, digest, now) VALUES (NULL, NULL, 1)`],
  ['undo what nobody knows', `INSERT INTO undo (id, digest, now) VALUES ('req_nobody', NULL, 1)`],
  ['undo at a time as a text', ofHolds('undo', ', digest, now', `(SELECT r.key_digest FROM replay r WHERE r.request_id = h.id), '1'`)],
  ['undo at a time as a fraction', ofHolds('undo', ', digest, now', 'NULL, 1.5')],
  ['undo at a time beyond all integers', ofHolds('undo', ', digest, now', 'NULL, 1e300')],
  ['undo what was given back before', ofHolds('undo', ', digest, now', 'NULL, 1', `h.state IN ('released', 'expired')`)],
  [
    'undo what was undone before',
    ofHolds(
      'undo',
      ', digest, now',
      'NULL, 1',
      `EXISTS (SELECT 1 FROM entry e WHERE e.kind = 'adjust' AND e.ref = 'undelivered:' || h.id)`,
    ),
  ],
  [
    'undo what is answered for good',
    `INSERT INTO undo (id, digest, now) SELECT r.request_id, r.key_digest, 1 FROM replay r WHERE r.answer IS NOT NULL`,
  ],
];
