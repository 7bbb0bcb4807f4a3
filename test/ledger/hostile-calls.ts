/** Lines that settle hold `h`, each with `settled`, an SQL expression over line `l`. */
export const settledBy = (settled: string) =>
  `(SELECT json_group_array(json_object('item', l.item, 'settled', ${settled})) FROM line l WHERE l.hold_id = h.id)`;

const spendArguments = `'[{"item":"media","amount":5}]'`;
const reserveRow = (changes: { id?: string; lines?: string; now?: string; expires?: string; hash?: string }) =>
  `INSERT INTO reserve (id, key_hash, idempotency_key, fingerprint, lines, now, expires_at)
   SELECT ${changes.id ?? `'req_x'`}, ${changes.hash ?? 'hex(k.hash)'}, NULL, 'f', ${changes.lines ?? spendArguments}, ${changes.now ?? '1'}, ${changes.expires ?? '2'}
     FROM api_key k`;

/** Procedure calls that must be refused, by name. */
export const HOSTILE_CALLS: readonly (readonly [string, string])[] = [
  ['reserve with a fraction', reserveRow({ lines: `'[{"item":"media","amount":5.0}]'` })],
  ['reserve with a text', reserveRow({ lines: `'[{"item":"media","amount":"5"}]'` })],
  ['reserve a negative amount', reserveRow({ lines: `'[{"item":"a","amount":-5},{"item":"b","amount":10}]'` })],
  ['reserve a part twice', reserveRow({ lines: `'[{"item":"a","amount":5},{"item":"a","amount":5}]'` })],
  ['reserve zero', reserveRow({ lines: `'[{"item":"a","amount":0}]'` })],
  ['reserve without lines', reserveRow({ lines: `'[]'` })],
  ['reserve malformed lines', reserveRow({ lines: `'[{"item"'` })],
  ['reserve lines that are not objects', reserveRow({ lines: `'["media",5,null]'` })],
  ['reserve lines in an object', reserveRow({ lines: `'{"a":{"item":"a","amount":5}}'` })],
  ['reserve lines that are null', reserveRow({ lines: 'NULL' })],
  ['reserve a huge number', reserveRow({ lines: `'[{"item":"a","amount":9223372036854775807}]'` })],
  ['reserve a number beyond the integers', reserveRow({ lines: `'[{"item":"a","amount":1e300}]'` })],
  ['reserve with a time as a fraction', reserveRow({ now: '1.0' })],
  ['reserve with a time as a text', reserveRow({ now: `'1'` })],
  ['reserve into the past', reserveRow({ now: '2', expires: '2' })],
  ['reserve without an id', reserveRow({ id: `''` })],
  ['reserve with a null id', reserveRow({ id: 'NULL' })],
  ['reserve with a hash that is not hex', reserveRow({ hash: `'zz'` })],
  [
    'reserve 33 parts',
    reserveRow({
      lines: `(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 33) SELECT json_group_array(json_object('item', 'i' || i, 'amount', 1)) FROM n)`,
    }),
  ],
  [
    'charge with a malformed receipt',
    `INSERT INTO charge (id, key_hash, fingerprint, lines, body, now) SELECT 'req_x', hex(k.hash), 'f', ${spendArguments}, '{', 1 FROM api_key k`,
  ],
  [
    'charge with a list as its receipt',
    `INSERT INTO charge (id, key_hash, fingerprint, lines, body, now) SELECT 'req_x', hex(k.hash), 'f', ${spendArguments}, '[]', 1 FROM api_key k`,
  ],
  ['settle with a fraction', `INSERT INTO settle (id, lines, body, now) SELECT h.id, ${settledBy('1.5')}, '{}', h.created_at FROM hold h`],
  ['settle with a text', `INSERT INTO settle (id, lines, body, now) SELECT h.id, ${settledBy(`'1'`)}, '{}', h.created_at FROM hold h`],
  [
    'settle above the price',
    `INSERT INTO settle (id, lines, body, now) SELECT h.id, ${settledBy('l.reserved_micros + 1')}, '{}', h.created_at FROM hold h`,
  ],
  ['settle a negative amount', `INSERT INTO settle (id, lines, body, now) SELECT h.id, ${settledBy('-1')}, '{}', h.created_at FROM hold h`],
  [
    'settle a huge number',
    `INSERT INTO settle (id, lines, body, now) SELECT h.id, ${settledBy('9223372036854775807')}, '{}', h.created_at FROM hold h`,
  ],
  [
    'settle a part that was not reserved',
    `INSERT INTO settle (id, lines, body, now) SELECT h.id, '[{"item":"extra","settled":0}]', '{}', h.created_at FROM hold h`,
  ],
  [
    'settle lines that are not objects',
    `INSERT INTO settle (id, lines, body, now) SELECT h.id, '["media",5,null]', '{}', h.created_at FROM hold h`,
  ],
  ['settle malformed lines', `INSERT INTO settle (id, lines, body, now) SELECT h.id, '[', '{}', h.created_at FROM hold h`],
  ['settle with a malformed receipt', `INSERT INTO settle (id, lines, body, now) SELECT h.id, '[]', 'x', h.created_at FROM hold h`],
  ['settle at a time as a fraction', `INSERT INTO settle (id, lines, body, now) SELECT h.id, '[]', '{}', h.created_at + 0.5 FROM hold h`],
  ['release at a time as a text', `INSERT INTO release (id, reason, now) SELECT h.id, 'x', 'now' FROM hold h`],
  ['credit a top-up', `INSERT INTO credit (account_id, kind, ref, delta, now) SELECT a.id, 'topup', 'x', 5, 1 FROM account a`],
  ['credit with a fraction', `INSERT INTO credit (account_id, kind, ref, delta, now) SELECT a.id, 'grant', 'x', 5.5, 1 FROM account a`],
  ['credit with a text', `INSERT INTO credit (account_id, kind, ref, delta, now) SELECT a.id, 'grant', 'x', '5', 1 FROM account a`],
  ['credit a negative grant', `INSERT INTO credit (account_id, kind, ref, delta, now) SELECT a.id, 'grant', 'x', -5, 1 FROM account a`],
  [
    'credit a huge number',
    `INSERT INTO credit (account_id, kind, ref, delta, now) SELECT a.id, 'adjust', 'x', 9223372036854775807, 1 FROM account a`,
  ],
  ['credit without a reference', `INSERT INTO credit (account_id, kind, ref, delta, now) SELECT a.id, 'grant', '', 5, 1 FROM account a`],
  ['expire at a time as a text', `INSERT INTO expire (now, page) VALUES ('9', 10)`],
  ['expire a negative page', `INSERT INTO expire (now, page) VALUES (9000000000000000, -1)`],
];
