const holdWith = (key: string, amount: string, createdAt = '1') =>
  `INSERT INTO hold (id, account_id, key_id, idempotency_key, fingerprint, amount_micros, lines, created_at, expires_at)
   SELECT 'req_x' || k.id, k.account_id, k.id, 'req_x' || k.id, 'f', ${amount}, json_array(json_object('item', 'forged', 'amount', ${amount})), ${createdAt}, ${createdAt} + 1
     FROM api_key k JOIN account a ON a.id = k.account_id WHERE ${key} AND a.status = 'active' AND a.posted_micros - a.held_micros >= ${amount}`;

const keyBelow = (columns: string, values: string, from: string) =>
  `INSERT INTO api_key (id, account_id, name, hash, last4, created_at, parent_id${columns}) SELECT 'key_x' || p.id, p.account_id, 'x', randomblob(32), 'abcd', 1, p.id${values} FROM ${from}`;

const secretOf = (hash: string, last4: string, from: string) =>
  `INSERT INTO key_secret (hash, key_id, last4, created_at) SELECT ${hash}, k.id, ${last4}, 1 FROM ${from} LIMIT 1`;

const usedInPeriod = `CASE k.budget_period WHEN 'day' THEN u.day_micros WHEN 'month' THEN u.month_micros ELSE u.total_micros END`;

/** Statements about key trees, secrets and usage that must change nothing, by name. */
export const HOSTILE_KEYS: readonly (readonly [string, string])[] = [
  [
    'key below a key of another account',
    keyBelow('', '', `api_key p WHERE p.parent_id IS NULL`).replace(
      'p.account_id',
      `(SELECT max(a.id) FROM account a WHERE a.id <> p.account_id)`,
    ),
  ],
  ['key with an unknown parent', keyBelow('', '', 'api_key p').replace(', 1, p.id', `, 1, 'key_nobody'`)],
  ['key at depth five', keyBelow('', '', `api_key p WHERE json_array_length(p.lineage) >= 4`)],
  ['key of an unknown mode', keyBelow(', mode', `, 'free'`, 'api_key p WHERE json_array_length(p.lineage) < 4')],
  ['key with scopes that are not a list', keyBelow(', scopes', `, '{}'`, 'api_key p WHERE json_array_length(p.lineage) < 4')],
  ['key with malformed scopes', keyBelow(', scopes', `, '['`, 'api_key p WHERE json_array_length(p.lineage) < 4')],
  ['key with a negative ceiling', keyBelow(', ceiling_micros', ', -1', 'api_key p WHERE json_array_length(p.lineage) < 4')],
  ['key with a negative budget', keyBelow(', budget_micros', ', -1', 'api_key p WHERE json_array_length(p.lineage) < 4')],
  ['key with a period without a budget', keyBelow(', budget_period', `, 'day'`, 'api_key p WHERE json_array_length(p.lineage) < 4')],
  [
    'key with an unknown period',
    keyBelow(', budget_micros, budget_period', `, 5, 'week'`, 'api_key p WHERE json_array_length(p.lineage) < 4'),
  ],
  ['key moved out of its tree', 'UPDATE api_key SET parent_id = NULL, lineage = json_array(id) WHERE parent_id IS NOT NULL'],
  ['key moved without its lineage', 'UPDATE api_key SET parent_id = NULL WHERE parent_id IS NOT NULL'],
  ['lineage truncated', 'UPDATE api_key SET lineage = json_array(id) WHERE parent_id IS NOT NULL'],
  ['lineage emptied', `UPDATE api_key SET lineage = '[]'`],
  ['lineage removed', 'UPDATE api_key SET lineage = NULL'],
  ['test key made live', `UPDATE api_key SET mode = 'live' WHERE mode = 'test'`],
  ['secret of an unknown key', `INSERT INTO key_secret (hash, key_id, last4, created_at) VALUES (randomblob(32), 'key_nobody', 'abcd', 1)`],
  ['secret of a revoked key', secretOf('randomblob(32)', `'abcd'`, 'api_key k WHERE k.revoked_at IS NOT NULL')],
  [
    'secret of another key replaced',
    secretOf(`(SELECT s.hash FROM key_secret s WHERE s.key_id <> k.id LIMIT 1)`, `'abcd'`, 'api_key k WHERE k.revoked_at IS NULL'),
  ],
  ['secret with half a hash', secretOf('randomblob(16)', `'abcd'`, 'api_key k WHERE k.revoked_at IS NULL')],
  ['secret with more than its last four characters', secretOf('randomblob(32)', `'igsk_abcd'`, 'api_key k WHERE k.revoked_at IS NULL')],
  [
    'secret given to another key',
    `UPDATE key_secret SET key_id = (SELECT max(k.id) FROM api_key k) WHERE key_id <> (SELECT max(k.id) FROM api_key k)`,
  ],
  ['hash of a secret changed', 'UPDATE key_secret SET hash = randomblob(32)'],
  ['retired secret restored', 'UPDATE key_secret SET retires_at = NULL WHERE retires_at IS NOT NULL'],
  ['retired secret extended', 'UPDATE key_secret SET retires_at = retires_at + 1 WHERE retires_at IS NOT NULL'],
  ['secret deleted', 'DELETE FROM key_secret'],
  ['usage inserted again', 'INSERT INTO key_usage (key_id) SELECT u.key_id FROM key_usage u'],
  ['usage inserted with an amount', `INSERT INTO key_usage (key_id, total_micros) VALUES ('key_nobody', -5)`],
  ['usage of an unknown key', `INSERT INTO key_usage (key_id) VALUES ('key_nobody')`],
  ['usage reset', 'UPDATE key_usage SET total_micros = 0, day_micros = 0, month_micros = 0 WHERE total_micros > 0'],
  [
    'usage given back by a hold',
    `UPDATE key_usage SET total_micros = 0, hold_id = (SELECT h.id FROM hold h WHERE h.state = 'open') WHERE total_micros > 0`,
  ],
  [
    'usage given back by a resolved hold',
    `UPDATE key_usage SET total_micros = 0, hold_id = (SELECT h.id FROM hold h WHERE h.state <> 'open') WHERE total_micros > 0`,
  ],
  ['usage moved to another key', `UPDATE key_usage SET key_id = key_id || 'x'`],
  ['usage deleted', 'DELETE FROM key_usage'],
  ['hold with a test key', holdWith(`k.mode = 'test'`, '5')],
  [
    'hold below a revoked key',
    holdWith(`k.revoked_at IS NULL AND EXISTS (SELECT 1 FROM api_key p WHERE p.id = k.parent_id AND p.revoked_at IS NOT NULL)`, '5'),
  ],
  // On a day that no budget has been used on.
  ['hold above a ceiling', holdWith('k.ceiling_micros IS NOT NULL', '(k.ceiling_micros + 1)', '8000000000000')],
  [
    'hold above the ceiling of a parent',
    holdWith('EXISTS (SELECT 1 FROM api_key p WHERE p.id = k.parent_id AND p.ceiling_micros < 101)', '101', '8000000000000'),
  ],
  [
    'hold above a budget',
    `INSERT INTO hold (id, account_id, key_id, idempotency_key, fingerprint, amount_micros, lines, created_at, expires_at)
     SELECT 'req_x', k.account_id, k.id, 'req_x', 'f', n.amount, json_array(json_object('item', 'forged', 'amount', n.amount)), u.day * 86400000, u.day * 86400000 + 1
       FROM api_key k JOIN key_usage u ON u.key_id = k.id JOIN (SELECT 100 AS amount) n
      WHERE k.budget_micros < n.amount + ${usedInPeriod} AND k.ceiling_micros >= n.amount AND k.revoked_at IS NULL`,
  ],
  [
    'reserve with a test key',
    `INSERT INTO reserve (id, key_hash, fingerprint, lines, now, expires_at) SELECT 'req_x', hex(k.hash), 'f', '[{"item":"media","amount":5}]', 1, 2 FROM api_key k WHERE k.mode = 'test'`,
  ],
];
