import type { Client } from '@libsql/client';
import { HOSTILE_CALLS, settledBy } from './hostile-calls.ts';
import { HOSTILE_KEYS } from './hostile-keys.ts';
import { HOSTILE_WRITER_CALLS } from './hostile-writer.ts';

/** A statement that no caller has a reason to send. It must not change any row. */
export type HostileStatement = { readonly name: string; readonly sql: string };

const entry = (kind: string, ref: string, delta: string, from: string, balance = `a.posted_micros + ${delta}`, seq = 'a.seq + 1') =>
  `INSERT INTO entry (account_id, seq, kind, ref, delta_micros, balance_after_micros, created_at) SELECT a.id, ${seq}, ${kind}, ${ref}, ${delta}, ${balance}, 1 FROM ${from}`;

const hold = (id: string, idempotencyKey: string, amount: string, lines: string, rest = `'open', NULL, NULL, 1, 2`, key = 'k.id') =>
  `INSERT INTO hold (id, account_id, key_id, idempotency_key, fingerprint, amount_micros, lines, state, settled_micros, resolved_at, created_at, expires_at)
   SELECT ${id}, a.id, ${key}, ${idempotencyKey}, 'f', ${amount}, ${lines}, ${rest} FROM account a JOIN api_key k ON k.account_id = a.id
    WHERE k.parent_id IS NULL AND k.revoked_at IS NULL AND k.expires_at IS NULL AND a.status = 'active' AND a.posted_micros - a.held_micros >= 10`;

const oneLine = (amount: string) => `json_array(json_object('item', 'forged', 'amount', ${amount}))`;

const receipt = (lines: string, body = `'{}'`, id = 'h.id', account = 'h.account_id', at = 'h.created_at', where = `h.state = 'open'`) =>
  `INSERT INTO receipt (id, account_id, lines, body, created_at) SELECT ${id}, ${account}, ${lines}, ${body}, ${at} FROM hold h WHERE ${where}`;

const payment = (columns: string, values: string, from = 'account a') =>
  `INSERT INTO payment (id, account_id, session_id, intent_id, currency, amount_minor, credits_micros, created_at, updated_at${columns}) SELECT ${values} FROM ${from}`;

const ACCOUNTS: readonly (readonly [string, string])[] = [
  ['account inserted with money', `INSERT INTO account (id, name, posted_micros, created_at) VALUES ('acct_x', 'x', 100, 1)`],
  ['account inserted with a sequence number', `INSERT INTO account (id, name, seq, created_at) VALUES ('acct_x', 'x', 3, 1)`],
  ['account inserted again', `INSERT INTO account (id, name, created_at) SELECT a.id, 'again', a.created_at FROM account a`],
  ['account without an id', `INSERT INTO account (id, name, created_at) VALUES ('', 'x', 1)`],
  ['account without a name', `INSERT INTO account (id, name, created_at) VALUES ('acct_x', '', 1)`],
  ['posted raised', 'UPDATE account SET posted_micros = posted_micros + 1000'],
  ['posted raised with the number', 'UPDATE account SET posted_micros = posted_micros + 1000, seq = seq + 1'],
  [
    'account reset to its first entry',
    `UPDATE account SET seq = 1, debt_micros = max(0, held_micros - (SELECT e.balance_after_micros FROM entry e WHERE e.account_id = account.id AND e.seq = 1)),
            posted_micros = (SELECT e.balance_after_micros FROM entry e WHERE e.account_id = account.id AND e.seq = 1) WHERE seq > 1`,
  ],
  ['held reset', 'UPDATE account SET held_micros = 0 WHERE held_micros > 0'],
  ['held below zero', 'UPDATE account SET held_micros = -5'],
  ['held raised', 'UPDATE account SET held_micros = held_micros + 1 WHERE posted_micros > held_micros'],
  ['debt invented', 'UPDATE account SET debt_micros = debt_micros + 5'],
  ['debt forgiven', 'UPDATE account SET debt_micros = 0 WHERE debt_micros > 0'],
  ['account in an unknown state', `UPDATE account SET status = 'rich' WHERE status <> 'closed'`],
  ['closed account opened again', `UPDATE account SET status = 'active' WHERE status = 'closed'`],
  ['account id changed', `UPDATE account SET id = id || 'x'`],
  ['account creation time changed', 'UPDATE account SET created_at = created_at - 1'],
  ['account deleted', 'DELETE FROM account'],
];

const KEYS: readonly (readonly [string, string])[] = [
  [
    'key without an account',
    `INSERT INTO api_key (id, account_id, name, hash, last4, created_at) VALUES ('key_x', 'acct_nobody', 'x', randomblob(32), 'abcd', 1)`,
  ],
  [
    'key inserted again',
    `INSERT INTO api_key (id, account_id, name, hash, last4, created_at) SELECT k.id, k.account_id, 'x', randomblob(32), 'abcd', 1 FROM api_key k`,
  ],
  [
    'key with the hash of another',
    `INSERT INTO api_key (id, account_id, name, hash, last4, created_at) SELECT 'key_x', k.account_id, 'x', k.hash, 'abcd', 1 FROM api_key k LIMIT 1`,
  ],
  [
    'key without an id',
    `INSERT INTO api_key (id, account_id, name, hash, last4, created_at) SELECT '', a.id, 'x', randomblob(32), 'abcd', 1 FROM account a LIMIT 1`,
  ],
  [
    'key without a name',
    `INSERT INTO api_key (id, account_id, name, hash, last4, created_at) SELECT 'key_x', a.id, '', randomblob(32), 'abcd', 1 FROM account a LIMIT 1`,
  ],
  [
    'key with half a hash',
    `INSERT INTO api_key (id, account_id, name, hash, last4, created_at) SELECT 'key_x', a.id, 'x', randomblob(16), 'abcd', 1 FROM account a LIMIT 1`,
  ],
  [
    'key with more than its last four characters',
    `INSERT INTO api_key (id, account_id, name, hash, last4, created_at) SELECT 'key_x', a.id, 'x', randomblob(32), 'igsk_abcd', 1 FROM account a LIMIT 1`,
  ],
  [
    'key moved to another account',
    'UPDATE api_key SET account_id = (SELECT max(a.id) FROM account a) WHERE account_id <> (SELECT max(a.id) FROM account a)',
  ],
  ['key hash changed', 'UPDATE api_key SET hash = randomblob(32)'],
  ['key un-revoked', 'UPDATE api_key SET revoked_at = NULL WHERE revoked_at IS NOT NULL'],
  ['key expiry moved later', 'UPDATE api_key SET expires_at = expires_at + 1 WHERE expires_at IS NOT NULL'],
  ['key expiry removed', 'UPDATE api_key SET expires_at = NULL WHERE expires_at IS NOT NULL'],
  ['key deleted', 'DELETE FROM api_key'],
];

const HOLDS: readonly (readonly [string, string])[] = [
  [
    'hold beyond the balance',
    hold(`'req_x'`, `'req_x'`, 'a.posted_micros - a.held_micros + 1', oneLine('a.posted_micros - a.held_micros + 1')),
  ],
  ['hold of zero', hold(`'req_x' || a.id`, `'req_x'`, '0', oneLine('0'))],
  [
    'hold with a key of another account',
    hold(
      `'req_x'`,
      `'req_x'`,
      '5',
      oneLine('5'),
      undefined,
      `(SELECT min(o.id) FROM api_key o WHERE o.account_id <> a.id AND o.parent_id IS NULL AND o.revoked_at IS NULL)`,
    ),
  ],
  ['hold with lines that add up to less', hold(`'req_x' || a.id`, `'req_x'`, '5', oneLine('3'))],
  ['hold without lines', hold(`'req_x' || a.id`, `'req_x'`, '5', `'[]'`)],
  ['hold with lines as an object', hold(`'req_x' || a.id`, `'req_x'`, '5', `json_object('a', json_object('item', 'forged', 'amount', 5))`)],
  ['hold with an unnamed line', hold(`'req_x' || a.id`, `'req_x'`, '5', `json_array(json_object('item', '', 'amount', 5))`)],
  [
    'hold with a line below zero',
    hold(`'req_x' || a.id`, `'req_x'`, '5', `json_array(json_object('item', 'a', 'amount', -5), json_object('item', 'b', 'amount', 10))`),
  ],
  [
    'hold with a part twice',
    hold(`'req_x' || a.id`, `'req_x'`, '5', `json_array(json_object('item', 'a', 'amount', 5), json_object('item', 'a', 'amount', 5))`),
  ],
  ['hold inserted as released', hold(`'req_x' || a.id`, `'req_x'`, '5', oneLine('5'), `'released', NULL, 1, 1, 2`)],
  ['hold inserted as resolved', hold(`'req_x' || a.id`, `'req_x'`, '5', oneLine('5'), `'open', NULL, 1, 1, 2`)],
  ['hold that expires when it opens', hold(`'req_x' || a.id`, `'req_x'`, '5', oneLine('5'), `'open', NULL, NULL, 2, 2`)],
  ['hold without an id', hold(`''`, `'req_x'`, '5', oneLine('5'))],
  ['hold without an idempotency key', hold(`'req_x' || a.id`, `''`, '5', oneLine('5'))],
  [
    'hold in place of another with its idempotency key',
    `${hold(`'req_x'`, 'o.idempotency_key', '5', oneLine('5')).replace('FROM account a', 'FROM hold o JOIN account a ON a.id = o.account_id')} AND o.id = (SELECT min(r.id) FROM hold r WHERE r.state = 'released')`,
  ],
  ['released hold opened again', `UPDATE hold SET state = 'open', resolved_at = NULL WHERE state IN ('released', 'expired')`],
  ['settled hold released', `UPDATE hold SET state = 'released', settled_micros = NULL WHERE state = 'settled'`],
  ['reason of a resolved hold changed', `UPDATE hold SET reason = 'x' WHERE state <> 'open'`],
  ['reason of an open hold set', `UPDATE hold SET reason = 'x' WHERE state = 'open'`],
  ['open hold made cheaper', `UPDATE hold SET amount_micros = 1 WHERE state = 'open'`],
  ['hold released as another request', `UPDATE hold SET state = 'released', resolved_at = 1, fingerprint = 'x' WHERE state = 'open'`],
  ['hold settled without a receipt', `UPDATE hold SET state = 'settled', settled_micros = 0, resolved_at = 1 WHERE state = 'open'`],
  [
    'hold settled without a receipt for its amount',
    `UPDATE hold SET state = 'settled', settled_micros = amount_micros, resolved_at = 1 WHERE state = 'open'`,
  ],
  ['hold released for a price', `UPDATE hold SET state = 'released', settled_micros = 0, resolved_at = 1 WHERE state = 'open'`],
  ['hold moved to an unknown state', `UPDATE hold SET state = 'lost', resolved_at = 1 WHERE state = 'open'`],
  ['hold released without a time', `UPDATE hold SET state = 'released' WHERE state = 'open'`],
  ['hold deleted', 'DELETE FROM hold'],
];

const LINES_AND_RECEIPTS: readonly (readonly [string, string])[] = [
  [
    'line inserted again',
    `INSERT INTO line (hold_id, item, reserved_micros, reason) SELECT l.hold_id, l.item, l.reserved_micros, 'x' FROM line l WHERE l.settled_micros IS NULL`,
  ],
  ['line added', `INSERT INTO line (hold_id, item, reserved_micros) SELECT h.id, 'extra', 0 FROM hold h`],
  ['line of an open hold settled', `UPDATE line SET settled_micros = 0 WHERE settled_micros IS NULL`],
  ['line of an open hold made cheaper', `UPDATE line SET reserved_micros = 0 WHERE settled_micros IS NULL`],
  ['settled line changed', `UPDATE line SET settled_micros = 0, reason = 'x' WHERE settled_micros IS NOT NULL`],
  ['line moved', `UPDATE line SET item = item || 'x'`],
  ['line deleted', 'DELETE FROM line'],
  ['receipt above the hold', receipt(settledBy('l.reserved_micros + 1'))],
  [
    'receipt that settles a line above its price',
    receipt(
      `(SELECT json_group_array(json_object('item', l.item, 'settled', CASE l.item WHEN 'media' THEN l.reserved_micros + 1 ELSE 0 END)) FROM line l WHERE l.hold_id = h.id)`,
      undefined,
      undefined,
      undefined,
      undefined,
      `h.state = 'open' AND json_array_length(h.lines) > 1`,
    ),
  ],
  ['receipt with a negative amount', receipt(settledBy('-1'))],
  [
    'receipt with a part twice',
    receipt(
      `(SELECT json_array(json_object('item', l.item, 'settled', 1), json_object('item', l.item, 'settled', 2)) FROM line l WHERE l.hold_id = h.id LIMIT 1)`,
    ),
  ],
  ['receipt with a fraction', receipt(settledBy('0.5'))],
  ['receipt for a part that was not reserved', receipt(`json_array(json_object('item', 'extra', 'settled', 1))`)],
  ['receipt with lines as an object', receipt(`json_object('a', json_object('item', 'media', 'settled', 1))`)],
  ['receipt with malformed lines', receipt(`'[{'`)],
  ['receipt with a list as its body', receipt(settledBy('l.reserved_micros'), `'[]'`)],
  ['receipt with a malformed body', receipt(settledBy('l.reserved_micros'), `'{'`)],
  ['receipt for another account', receipt(settledBy('l.reserved_micros'), undefined, 'h.id', `'acct_nobody'`)],
  ['receipt after the hold has expired', receipt(settledBy('l.reserved_micros'), undefined, 'h.id', 'h.account_id', 'h.expires_at')],
  ['receipt of a released hold', receipt(`'[]'`, undefined, 'h.id', 'h.account_id', '1', `h.state IN ('released', 'expired')`)],
  ['receipt inserted again', receipt(`'[]'`, undefined, 'h.id', 'h.account_id', '1', `h.state = 'settled'`)],
  [
    'receipt without a hold',
    `INSERT INTO receipt (id, account_id, lines, body, created_at) SELECT 'req_x', a.id, '[]', '{}', 1 FROM account a`,
  ],
  ['receipt changed', `UPDATE receipt SET body = '{"free":true}'`],
  ['receipt deleted', 'DELETE FROM receipt'],
];

const ENTRIES: readonly (readonly [string, string])[] = [
  ['entry that states another balance', entry(`'grant'`, `'x' || a.id`, '1', 'account a', 'a.posted_micros + 1000')],
  ['entry that skips a number', entry(`'grant'`, `'x' || a.id`, '1', 'account a', undefined, 'a.seq + 2')],
  ['entry that repeats a number', entry(`'grant'`, `'x' || a.id`, '1', 'account a WHERE a.seq > 0', undefined, 'a.seq')],
  ['entry booked twice', entry('e.kind', 'e.ref', '1', `account a JOIN entry e ON e.account_id = a.id AND e.kind = 'grant'`)],
  ['usage without a hold', entry(`'usage'`, `'x' || a.id`, '-1', 'account a WHERE a.posted_micros > a.held_micros')],
  [
    'second usage entry of a settled hold',
    entry(`'usage'`, 'h.id', '-h.settled_micros', `account a JOIN hold h ON h.account_id = a.id AND h.settled_micros > 0`),
  ],
  [
    'usage in another account',
    entry(
      `'usage'`,
      'h.id',
      '-h.settled_micros',
      `account a JOIN hold h ON h.account_id <> a.id AND h.settled_micros > 0 WHERE a.posted_micros > 0`,
    ),
  ],
  ['top-up without a payment', entry(`'topup'`, `'x'`, '1000', 'account a')],
  [
    'top-up of an unpaid payment',
    entry(`'topup'`, 'p.id', 'p.credits_micros', 'account a JOIN payment p ON p.account_id = a.id WHERE p.target_micros = 0'),
  ],
  [
    'reinstatement of a fully credited payment',
    entry(`'reinstate'`, `p.id || '#99'`, '5', 'account a JOIN payment p ON p.account_id = a.id'),
  ],
  ['clawback without a reversal', entry(`'clawback'`, `p.id || '#99'`, '-1', 'account a JOIN payment p ON p.account_id = a.id')],
  ['negative grant', entry(`'grant'`, `'x' || a.id`, '-1', 'account a')],
  ['adjustment of zero', entry(`'adjust'`, `'x' || a.id`, '0', 'account a')],
  ['entry of an unknown kind', entry(`'gift'`, `'x' || a.id`, '1', 'account a')],
  ['entry without a ref', entry(`'grant'`, `''`, '1', 'account a ORDER BY a.id LIMIT 1')],
  ['grant beyond the limit of an entry', entry(`'grant'`, `'x' || a.id`, '(1000000000000 + 1)', 'account a WHERE a.posted_micros < 0')],
  ['grant beyond the limit of an account', entry(`'grant'`, `'x' || a.id`, '(1000000000001 - a.posted_micros)', 'account a')],
  [
    'debt beyond the limit of an account',
    entry(`'adjust'`, `'x' || a.id`, '(-1000000000001 - a.posted_micros + a.held_micros)', 'account a'),
  ],
  ['entry with a fraction', entry(`'grant'`, `'x' || a.id`, '0.5', 'account a')],
  [
    'entry without an account',
    `INSERT INTO entry (account_id, seq, kind, ref, delta_micros, balance_after_micros, created_at) VALUES ('acct_nobody', 1, 'grant', 'x', 5, 5, 1)`,
  ],
  ['entry changed', 'UPDATE entry SET created_at = 0'],
  ['entry deleted', 'DELETE FROM entry'],
];

const PAYMENTS: readonly (readonly [string, string])[] = [
  ['payment inserted as paid', payment(', target_micros', `'pay_x' || a.id, a.id, NULL, NULL, 'usd', 100, 50, 1, 1, 50`)],
  ['payment inserted with a revision', payment(', rev', `'pay_x' || a.id, a.id, NULL, NULL, 'usd', 100, 50, 1, 1, 7`)],
  [
    'payment without an account',
    `INSERT INTO payment (id, account_id, currency, amount_minor, credits_micros, created_at, updated_at) VALUES ('pay_x', 'acct_nobody', 'usd', 1, 1, 1, 1)`,
  ],
  ['payment inserted again', payment('', `p.id, p.account_id, NULL, NULL, 'usd', 1, 5, 1, 1`, 'payment p')],
  [
    'payment with the session of another',
    payment('', `'pay_x', p.account_id, p.session_id, NULL, 'usd', 1, 5, 1, 1`, 'payment p WHERE p.session_id IS NOT NULL'),
  ],
  [
    'payment with the intent of another',
    payment('', `'pay_x', p.account_id, NULL, p.intent_id, 'usd', 1, 5, 1, 1`, 'payment p WHERE p.intent_id IS NOT NULL'),
  ],
  ['payment with an id that looks like the ref of an entry', payment('', `'pay#' || a.id, a.id, NULL, NULL, 'usd', 1, 5, 1, 1`)],
  ['payment of zero', payment('', `'pay_x' || a.id, a.id, NULL, NULL, 'usd', 0, 5, 1, 1`)],
  ['payment for no credit', payment('', `'pay_x' || a.id, a.id, NULL, NULL, 'usd', 1, 0, 1, 1`)],
  ['payment credit raised', 'UPDATE payment SET credits_micros = credits_micros * 2'],
  ['payment moved to another session', `UPDATE payment SET session_id = session_id || 'x' WHERE session_id IS NOT NULL`],
  [
    'session of another payment taken',
    `UPDATE payment SET session_id = (SELECT p.session_id FROM payment p WHERE p.session_id IS NOT NULL LIMIT 1) WHERE session_id IS NULL`,
  ],
  [
    'intent of another payment taken',
    `UPDATE payment SET intent_id = (SELECT p.intent_id FROM payment p WHERE p.intent_id IS NOT NULL LIMIT 1) WHERE intent_id IS NULL`,
  ],
  ['payment credited beyond its worth', 'UPDATE payment SET target_micros = credits_micros + 1, rev = rev + 1'],
  ['payment credited with a negative amount', 'UPDATE payment SET target_micros = -1, rev = rev + 1'],
  ['payment credited without a revision', 'UPDATE payment SET target_micros = credits_micros WHERE target_micros < credits_micros'],
  ['payment that skips revisions', 'UPDATE payment SET rev = rev + 2'],
  ['payment deleted', 'DELETE FROM payment'],
];

const ownerAction = (id: string, kind: string, ref: string, reason = `'forged'`, rest = '') =>
  `INSERT INTO owner_action (id, kind, ref, subject, reason, details, created_at) SELECT ${id}, ${kind}, ${ref}, 'acct_x', ${reason}, '{}', 1${rest}`;

const OWNER_ACTIONS: readonly (readonly [string, string])[] = [
  ['owner action without a reason', ownerAction(`'act_x'`, `'freeze'`, `'x'`, `''`)],
  ['owner action inserted again', ownerAction('o.id', `'freeze'`, `'other'`, `'forged'`, ' FROM owner_action o')],
  ['owner action with a used ref', ownerAction(`'act_' || o.id`, 'o.kind', 'o.ref', `'forged'`, ' FROM owner_action o')],
  ['owner action changed', `UPDATE owner_action SET reason = 'another'`],
  ['owner action deleted', 'DELETE FROM owner_action'],
];

/** A statement's conflict clause also applies inside the triggers it fires, so each statement runs with every clause. */
function withConflictClauses([name, sql]: readonly [string, string]): readonly HostileStatement[] {
  const verb = /^(INSERT|UPDATE)/.exec(sql)?.[0];
  const plain = { name, sql };
  if (verb === undefined) return [plain];
  return [
    plain,
    ...['REPLACE', 'IGNORE'].map((clause) => ({
      name: `${name} (or ${clause.toLowerCase()})`,
      sql: sql.replace(verb, `${verb} OR ${clause}`),
    })),
  ];
}

/** Every hostile statement with every conflict clause. */
const replay = (scope: string, digest: string, requestId: string, rest = 'NULL, NULL, 1, 2') =>
  `INSERT INTO replay (scope, key_digest, fingerprint, request_id, status, answer, created_at, expires_at) VALUES (${scope}, ${digest}, 'f', ${requestId}, ${rest})`;

const DIGEST = `hex(zeroblob(32))`;

const REPLAYS: readonly (readonly [string, string])[] = [
  ['claim without a scope', replay(`''`, DIGEST, `'req_x'`)],
  ['claim with half a digest', replay(`'acct_rich'`, `'abcd'`, `'req_x'`)],
  ['claim without a request', replay(`'acct_rich'`, DIGEST, `''`)],
  ['claim that expires when it begins', replay(`'acct_rich'`, DIGEST, `'req_x'`, 'NULL, NULL, 2, 2')],
  ['answer with a 5xx status, as a row', replay(`'acct_rich'`, DIGEST, `'req_x'`, `500, 'a', 1, 2`)],
  ['answer beyond the size limit, as a row', replay(`'acct_rich'`, DIGEST, `'req_x'`, `200, hex(zeroblob(1000001)), 1, 2`)],
  [
    'claim of another request replaced',
    `INSERT INTO replay (scope, key_digest, fingerprint, request_id, created_at, expires_at) SELECT r.scope, r.key_digest, 'f', 'req_x', 1, 2 FROM replay r`,
  ],
  ['answer changed', `UPDATE replay SET answer = 'forged' WHERE status IS NOT NULL`],
  ['claim given to another request', `UPDATE replay SET request_id = 'req_x' WHERE status IS NULL`],
  ['claim given to another account', `UPDATE replay SET scope = 'acct_poor' WHERE status IS NULL`],
];

const REVERSALS: readonly (readonly [string, string])[] = [
  [
    'late hold invented',
    `INSERT INTO late_hold (hold_id, key_id, day, month) SELECT h.id, u.key_id, u.day, u.month FROM hold h JOIN key_usage u ON u.hold_id = h.id WHERE h.id <> 'req_late'`,
  ],
  ['late hold moved to an earlier day', 'UPDATE late_hold SET day = day - 1'],
  ['late hold deleted', 'DELETE FROM late_hold'],
  [
    'reversal of more than was settled',
    `INSERT INTO reversal (hold_id, micros, created_at) SELECT h.id, h.settled_micros + 1, 1 FROM hold h WHERE h.id = 'req_charged'`,
  ],
  ['reversal of nothing', `INSERT INTO reversal (hold_id, micros, created_at) SELECT h.id, 0, 1 FROM hold h WHERE h.settled_micros = 0`],
  [
    'reversal of an open hold',
    `INSERT INTO reversal (hold_id, micros, created_at) SELECT h.id, h.amount_micros, 1 FROM hold h WHERE h.state = 'open'`,
  ],
  ['reversal repeated', `INSERT INTO reversal (hold_id, micros, created_at) SELECT v.hold_id, v.micros, 1 FROM reversal v`],
  ['reversal changed', 'UPDATE reversal SET created_at = created_at + 1'],
  ['reversal deleted', 'DELETE FROM reversal'],
  [
    'undelivered charge booked back without a reversal',
    entry(
      `'adjust'`,
      `'undelivered:' || h.id`,
      'h.settled_micros',
      `account a JOIN hold h ON h.account_id = a.id AND h.settled_micros > 0 AND h.id = 'req_charged'`,
    ),
  ],
];

/** A file of the released request `req_released`, which states it rightly unless changed. */
const archive = (
  changes: { file?: string; kind?: string; day?: string; id?: string; holds?: string; reserved?: string; at?: string; rest?: string } = {},
) =>
  `INSERT INTO archive (file, kind, day, first_id, last_id, holds, reserved_micros, settled_micros, created_at, moved_holds, done_at)
   SELECT ${changes.file ?? `'file_x'`}, ${changes.kind ?? `'failed'`}, ${changes.day ?? `'2026-06-01'`}, h.id, h.id, ${changes.holds ?? '1'},
          ${changes.reserved ?? 'h.amount_micros'}, 0, ${changes.at ?? '9000000000000'}, ${changes.rest ?? '0, NULL'}
     FROM hold h WHERE h.id = '${changes.id ?? 'req_released'}'`;

const ARCHIVES: readonly (readonly [string, string])[] = [
  ['archive without a name', archive({ file: `''` })],
  ['archive of an unknown kind', archive({ kind: `'other'` })],
  ['archive of a day that is none', archive({ day: `'yesterday'` })],
  ['archive with more requests than there are', archive({ holds: '2' })],
  ['archive with more credit than there is', archive({ reserved: 'h.amount_micros + 1' })],
  ['archive of a request that is too young', archive({ at: 'h.resolved_at + 2591999999' })],
  ['archive of an open request', archive({ id: 'req_open' })],
  ['archive of a request that is in a file', archive({ id: 'req_failed' })],
  ['archive in the name of another', archive({ file: `'file_gone'` })],
  ['archive that begins with requests moved', archive({ rest: '1, NULL' })],
  ['archive that begins finished', archive({ rest: '0, 1' })],
  ['archive dated anew', `UPDATE archive SET day = '2020-01-01' WHERE done_at IS NULL`],
  ['archive opened again', `UPDATE archive SET done_at = NULL WHERE done_at IS NOT NULL`],
  ['archive counted by hand', `UPDATE archive SET moved_holds = moved_holds + 1 WHERE done_at IS NULL`],
  [
    'archive counted for a request that is gone',
    `UPDATE archive SET moved_holds = moved_holds + 1, hold_id = 'req_gone' WHERE done_at IS NULL`,
  ],
  ['archive finished early', 'UPDATE archive SET done_at = 1 WHERE done_at IS NULL'],
  ['archive deleted', 'DELETE FROM archive'],
  ['request taken that is not in the file', `INSERT INTO take (file, id) VALUES ('file_open', 'req_released')`],
  ['request taken into a finished file', `INSERT INTO take (file, id) VALUES ('file_gone', 'req_charged')`],
  ['request taken into no file', `INSERT INTO take (file, id) VALUES ('file_nowhere', 'req_failed')`],
  ['request in a file deleted by hand', `DELETE FROM hold WHERE id = 'req_failed'`],
  ['usage archived by hand', `UPDATE key_usage SET archived_micros = archived_micros + 1`],
  ['usage archived for a request that is gone', `UPDATE key_usage SET archived_micros = archived_micros + 1, hold_id = 'req_gone'`],
];

export const HOSTILE_STATEMENTS: readonly HostileStatement[] = [
  ...ACCOUNTS,
  ...KEYS,
  ...HOSTILE_KEYS,
  ...HOLDS,
  ...LINES_AND_RECEIPTS,
  ...ENTRIES,
  ...PAYMENTS,
  ...REPLAYS,
  ...REVERSALS,
  ...ARCHIVES,
  ...OWNER_ACTIONS,
  ...HOSTILE_CALLS,
  ...HOSTILE_WRITER_CALLS,
].flatMap(withConflictClauses);

const TABLES = [
  'account',
  'api_key',
  'key_secret',
  'key_usage',
  'late_hold',
  'reversal',
  'archive',
  'hold',
  'line',
  'receipt',
  'entry',
  'payment',
  'replay',
  'failing',
  'owner_action',
  'metric',
] as const;

/** The contents of all money tables, as one text. */
export async function dumpLedger(client: Client): Promise<string> {
  const selects = TABLES.map((table) =>
    table === 'api_key' || table === 'key_secret'
      ? `SELECT *, hex(hash) FROM ${table} ORDER BY hex(hash)`
      : `SELECT * FROM ${table} ORDER BY 1, 2${table === 'metric' ? ', 3, 4' : ''}`,
  );
  const answers = await client.batch(selects, 'read');
  return JSON.stringify(
    answers.map((answer) => answer.rows.map((row) => answer.columns.map((column) => (column === 'hash' ? null : row[column])))),
  );
}

/** Runs a hostile statement. Returns whether it was refused or changed nothing. `before` is the dump so far. */
export async function isHarmless(client: Client, statement: HostileStatement, before: string): Promise<boolean> {
  try {
    await client.execute(statement.sql);
  } catch {
    // Refused. The dump below proves that a failed statement changed nothing.
  }
  return (await dumpLedger(client)) === before;
}
